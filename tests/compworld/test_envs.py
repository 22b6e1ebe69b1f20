"""The Gymnasium environment, as users of every id rely on it."""

import copy
import json
import pickle

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import compworld
from tests.compworld.rollouts import rollout, same_rollouts


def test_checker_gives_no_warning(env_id, observation):
    env = gym.make(env_id, observation=observation, render_mode="rgb_array")
    check_env(env.unwrapped)


def test_each_id_yields_its_own_family_and_split(env_id):
    name = compworld.ENV_IDS[env_id]
    for split in ("train", "held_out", "all"):
        env = gym.make(env_id, split=split).unwrapped
        assert env.family.label == name
        assert env.family.env_id == env_id
        assert env.family.sizes == compworld.make_family(name).sizes
        assert env.horizon == env.family.horizon == env.spec.max_episode_steps
        expected = compworld.make_split(env.family.space, "random", 0)
        assert env.task_split.sha256 == expected.sha256
        seen = set()
        for seed in range(60):
            _, info = env.reset(seed=seed)
            weights = env.family.weights_of(info["task"])
            index = int(env.family.space.index_of(weights[None] != 0)[0])
            seen.add(index)
            assert index in expected.pool(split)
            assert info["split"] == expected.labels[index]
        assert len(seen) > 4


def test_world_and_support_choose_mazes_and_split(env_id):
    env = gym.make(env_id, world=3, support="k_hot", support_options={"k": 1}).unwrapped
    assert env.family.world == 3
    assert env.task_split.sha256 == compworld.make_split(env.family.space, "k_hot", 3, k=1).sha256


def test_every_observation_lies_in_its_space(env_id, observation):
    env = gym.make(env_id, observation=observation)
    seen, _ = env.reset(seed=0)
    assert env.observation_space.contains(seen)
    for result in rollout(env, 200):
        assert env.observation_space.contains(result[0])


def test_info_has_the_same_keys_and_shapes_at_every_step(env_id):
    env = gym.make(env_id)
    _, first = env.reset(seed=0)
    assert set(first) == {"task", "split", "success", "is_success"}
    for result in rollout(env, 300):
        info = result[-1]
        assert info.keys() == first.keys()
        assert "episode" not in info
        assert isinstance(info["success"], bool)
        assert info["task"].keys() == first["task"].keys()
        for key, value in info["task"].items():
            assert np.shape(value) == np.shape(first["task"][key])
        assert info["is_success"] is info["success"]
    _, info = env.reset(seed=1)
    state = env.unwrapped.get_state()
    assert json.loads(json.dumps(state)) == state
    weights = env.unwrapped.family.weights_of(info["task"])
    np.testing.assert_array_equal(weights, env.unwrapped.family.weights_of(state["task"]))


def test_seed_determines_the_trajectory(env_id, observation):
    one, other = (gym.make(env_id, observation=observation) for _ in range(2))
    other.reset(seed=99)
    same_rollouts([one.reset(seed=5)], [other.reset(seed=5)])
    same_rollouts(rollout(one, 100), rollout(other, 100))
    starts = [json.dumps(one.reset(seed=seed) and one.unwrapped.get_state()) for seed in (5, 6, 5)]
    assert starts[0] == starts[2] != starts[1]


def test_episodes_after_one_seed_differ_from_each_other(env_id):
    env = gym.make(env_id)
    env.reset(seed=0)
    states = [json.dumps(env.reset() and env.unwrapped.get_state()) for _ in range(20)]
    assert len(set(states)) == 20


def test_without_a_seed_two_environments_differ(env_id):
    one, other = gym.make(env_id), gym.make(env_id)
    one.reset()
    other.reset()
    assert one.unwrapped.get_state() != other.unwrapped.get_state()


def test_global_randomness_is_left_alone(env_id):
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    env = gym.make(env_id)
    env.reset(seed=1)
    rollout(env, 20)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["deepcopy", "pickle"])
def test_copies_continue_alike(env_id, observation, copied):
    env = gym.make(env_id, observation=observation, render_mode="rgb_array")
    env.reset(seed=3)
    env.step(1)
    env.render()
    env.unwrapped.expert_action()
    twin = copied(env)
    same_rollouts(rollout(env, 60), rollout(twin, 60))
    np.testing.assert_array_equal(env.render(), twin.render())


def test_copies_do_not_share_state(env_id):
    env = gym.make(env_id)
    env.reset(seed=3)
    before, twin = env.unwrapped.get_state(), copy.deepcopy(env)
    twin.step(1)
    twin.reset(seed=8)
    assert env.unwrapped.get_state() == before


def test_spec_survives_json(env_id):
    env = gym.make(env_id, world=2, support="connected", split="held_out", observation="indices")
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    same_rollouts([env.reset(seed=4)], [again.reset(seed=4)])
    same_rollouts(rollout(env, 40), rollout(again, 40))


def test_time_limit_truncates_once_at_the_horizon(env_id):
    env = gym.make(env_id)
    env.reset(seed=0)
    wait = 1  # a move; never ends an episode of either family
    for step in range(1, env.spec.max_episode_steps + 1):
        _, _, terminated, truncated, _ = env.step(wait)
        assert not terminated
        assert truncated == (step == env.spec.max_episode_steps)
    shorter = gym.make(env_id, max_episode_steps=3)
    shorter.reset(seed=0)
    assert [shorter.step(wait)[3] for _ in range(3)] == [False, False, True]


def test_expert_reaches_its_optimum(env_id):
    env = gym.make(env_id)
    for seed in range(15):
        env.reset(seed=seed)
        best, total, ended = env.unwrapped.optimal_return(), 0.0, False
        while not ended:
            values = env.unwrapped.action_values()
            assert values.shape == (env.action_space.n,)
            assert values.dtype == np.float64
            _, reward, terminated, truncated, info = env.step(env.unwrapped.expert_action())
            total += reward
            ended = terminated or truncated
        assert total == pytest.approx(best, abs=1e-9)
        if env.unwrapped.family.name == "goals":
            assert info["success"]
            assert total == 1


def test_no_branch_beats_the_optimum(env_id):
    """Planning with get_state and set_state: the optimum equals the best of one step and the optimum behind it."""
    env = gym.make(env_id, max_episode_steps=5 if "Preferences" in env_id else None).unwrapped
    for seed in range(8):
        env.reset(seed=seed)
        best, state, expert, branches = env.optimal_return(), env.get_state(), env.expert_action(), []
        for action in range(env.action_space.n):
            env.set_state(state)
            _, reward, terminated, _, _ = env.step(action)
            branches.append(reward + (0 if terminated else env.optimal_return()))
        assert max(branches) == pytest.approx(best, abs=1e-9)
        assert branches[expert] == pytest.approx(best, abs=1e-9)


def test_unknown_id():
    with pytest.raises(gym.error.NameNotFound, match="CompWorld-Goal"):
        gym.make("CompWorld-Goal-v0")


@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"support": "conected"}, "unknown support 'conected'; allowed: 'random', "),
        ({"split": "test"}, "unknown split 'test'; allowed: 'train', 'held_out', 'all'"),
        ({"observation": "image"}, "unknown observation 'image'; allowed: 'symbolic', 'minigrid', 'indices'"),
        ({"world": -1}, "world is -1; allowed: integers from 0"),
        ({"render_mode": "video"}, "unknown render_mode 'video'; allowed: 'rgb_array', 'ansi'"),
        ({"tile_size": 2}, "tile_size is 2; allowed: integers from 4 to 256"),
        ({"tile_size": True}, "tile_size is True; allowed: integers from 4 to 256"),
        ({"sizes": 3}, "got an unexpected keyword argument 'sizes'; allowed: .*'split', .*'size', "),
        ({"horizon": 0}, "size 'horizon' is 0; allowed: "),
        (
            {"support_options": {"fraction": 1}},
            "support 'random' got an unexpected keyword argument 'fraction'; allowed: 'held_out_fraction'",
        ),
        ({"support_options": {"held_out_fraction": 0.0}}, "held_out_fraction is 0.0; allowed: above 0 and below 1"),
        ({"support": "k_hot", "support_options": {"k": 9}}, "leaves no combination held_out out of"),
        ({"family": "maze"}, "unknown family 'maze'; allowed: 'preferences', "),
    ],
)
@pytest.mark.filterwarnings("ignore:.*unknown render:UserWarning", "ignore:.*not in the possible render_modes:UserWarning")
def test_impossible_arguments(env_id, make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(env_id, **arguments)


def test_actions_outside_the_space(env_id):
    env = gym.make(env_id).unwrapped
    env.reset(seed=0)
    before = env.get_state()
    for action in (-1, env.action_space.n, 1.5, None, "up", np.asarray([1, 2])):
        with pytest.raises(ValueError, match=rf"action is .*; allowed: integers from 0 to {env.action_space.n - 1}"):
            env.step(action)
    assert env.get_state() == before
    env.step(np.int64(1))


def test_step_before_reset(env_id):
    with pytest.raises(RuntimeError, match="before the first reset"):
        gym.make(env_id).unwrapped.step(0)
