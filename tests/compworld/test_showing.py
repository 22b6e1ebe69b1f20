"""Demonstrations of an environment's hidden task."""

import gymnasium as gym
import numpy as np
import pytest

import compworld
from compworld.families import make_family
from compworld.families.demonstrations import demonstrate


def starts_of(shown, task):
    """First observation of each demonstration of a task."""
    return shown.observations[task, :, 0]


@pytest.mark.parametrize("trials", [None, 2])
def test_they_are_what_learners_are_shown_of_the_task(env_id, trials):
    """The same steps as few-shot tasks have, and those of the task that is played, however it was chosen."""
    env, given = (gym.make(env_id, split="held_out", observation="indices", episodes_per_trial=trials) for _ in range(2))
    for seed in range(5):
        _, info = env.reset(seed=seed)
        shown = env.unwrapped.demonstrations(shots=2)
        family, engine = env.unwrapped.family, env.unwrapped.engine
        weights = family.weights_of(info["task"])[None].repeat(2, axis=0)
        expected = demonstrate(family, family.place(engine.demonstration_streams(2)[0], weights))
        np.testing.assert_array_equal(shown.valid[0], expected.valid_BL)
        for name, value in (("observations", "rows_BLR"), ("actions", "actions_BL"), ("action_values", "action_values_BLA")):
            np.testing.assert_array_equal(getattr(shown, name)[0], getattr(expected, value))
        np.testing.assert_array_equal(shown.rewards[0], expected.rewards_BL)
        given.reset(seed=seed, options={"task": info["task"]})
        np.testing.assert_array_equal(given.unwrapped.demonstrations(shots=2).observations, shown.observations)


def test_their_starts_are_others_than_those_of_the_episodes(env_id):
    env = gym.make(env_id, observation="indices", episodes_per_trial=3)
    for seed in range(20):
        observation, _ = env.reset(seed=seed)
        starts = {observation["observation"].tobytes()}
        over = False
        while not over:
            observation, _, terminated, truncated, _ = env.step(env.unwrapped.expert_action())
            over = terminated or truncated
            if observation["episode_start"]:
                starts.add(observation["observation"].tobytes())
        shown = env.unwrapped.demonstrations(shots=4)
        assert not starts & {start.tobytes() for start in starts_of(shown, 0)}
        assert len({start.tobytes() for start in starts_of(shown, 0)}) == 4


def test_vector_environments_show_what_the_single_ones_do(env_id):
    envs = gym.make_vec(env_id, num_envs=3, observation="indices", split="held_out")
    envs.reset(seed=5)
    together = envs.demonstrations(shots=2)
    env = gym.make(env_id, observation="indices", split="held_out")
    for number in range(3):
        env.reset(seed=5 + number)
        alone = env.unwrapped.demonstrations(shots=2)
        steps = alone.actions.shape[2]
        for name in ("observations", "actions", "rewards", "action_values", "valid"):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[number, :, :steps])
        assert not together.valid[number, :, steps:].any()


def test_neither_told_environments_nor_missions_tell_the_task():
    told = gym.make("CompWorld-Goals-Small-v0", told=True)
    told.reset(seed=0)
    assert told.unwrapped.demonstrations().observations.dtype == np.uint8
    words = gym.make("CompWorld-Goals-Small-v0", observation="minigrid")
    words.reset(seed=0)
    assert set(words.unwrapped.demonstrations().observations["mission"].reshape(-1)) == {"find out by acting"}


def test_they_say_where_they_were_made():
    env = gym.make("CompWorld-Preferences-Small-v0", world=3, support="connected")
    env.reset(seed=0)
    settings = env.unwrapped.demonstrations(shots=1).settings
    split = compworld.make_split(make_family("preferences-small", 3).space, "connected", 3)
    assert (settings["family"], settings["world"], settings["support"]) == ("preferences-small", 3, "connected")
    assert settings["split_sha256"] == split.sha256
    with pytest.raises(ValueError, match="shots is 0; allowed: integers from 1"):
        env.unwrapped.demonstrations(shots=0)
