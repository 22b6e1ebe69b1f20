"""Trials: K episodes of one hidden task as one episode of Gymnasium."""

import copy
import json
import pickle

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from compworld import randomness
from tests.compworld.test_vector import MODES, choose, same_infos

K = 3


def same(one, other):
    """Equal observations of one environment."""
    assert list(one) == list(other)
    for key in one:
        np.testing.assert_array_equal(one[key], other[key])


def entry(batched, index):
    return {key: value[index] for key, value in batched.items()}


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_single_and_vector_agree_over_hundreds_of_trials(env_id, mode):
    count, seed, trials = 16, 40, 0
    vector = gym.make_vec(env_id, num_envs=count, autoreset_mode=mode, episodes_per_trial=K, horizon=18)
    singles = [gym.make(env_id, episodes_per_trial=K, horizon=18) for _ in range(count)]
    seen, _ = vector.reset(seed=seed)
    for i, env in enumerate(singles):
        same(env.reset(seed=seed + i)[0], entry(seen, i))
    rng, ended, steps, inner_ends = np.random.default_rng(1), np.zeros(count, dtype=bool), 0, 0
    while trials < 200:
        steps += 1
        actions = choose(singles, rng)
        seen, rewards, terminated, truncated, info = vector.step(actions)
        for i, env in enumerate(singles):
            inner = info
            if ended[i] and mode is AutoresetMode.NEXT_STEP:
                expected, single_info = env.reset()
                assert (rewards[i], terminated[i], truncated[i]) == (0, False, False)
            else:
                expected, reward, over, cut, single_info = env.step(int(actions[i]))
                assert (rewards[i], terminated[i], truncated[i]) == (reward, over, cut)
                if (over or cut) and mode is AutoresetMode.SAME_STEP:
                    same(info["final_obs"][i], expected)
                    inner = info["final_info"]
            told = bool(inner.get("_inner_episode", np.zeros(count, dtype=bool))[i])
            assert told == ("inner_episode" in single_info)
            if told:
                inner_ends += 1
                for key, value in single_info["inner_episode"].items():
                    assert inner["inner_episode"][key][i] == value
                    assert inner["inner_episode"][f"_{key}"][i]
            if inner is not info:
                expected, single_info = env.reset()
            same(expected, entry(seen, i))
            for name, value in single_info["task"].items():
                np.testing.assert_array_equal(info["task"][name][i], value)
        ended = terminated | truncated
        trials += int(ended.sum())
        if mode is AutoresetMode.DISABLED and ended.any():
            seen, _ = vector.reset(options={"reset_mask": ended})
            for i in np.flatnonzero(ended):
                same(singles[i].reset()[0], entry(seen, i))
        if steps % 10 == 0:
            assert vector.unwrapped.get_state() == [env.unwrapped.get_state() for env in singles]
    assert inner_ends >= K * trials


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP], ids=lambda mode: mode.name)
def test_equals_gymnasiums_synchronous_vector_environment(env_id, mode):
    given = {"episodes_per_trial": K, "max_episode_steps": 17}
    native = gym.make_vec(env_id, num_envs=5, autoreset_mode=mode, **given)
    sync = SyncVectorEnv([lambda: gym.make(env_id, **given)] * 5, autoreset_mode=mode)
    left, right, rng = native.reset(seed=3), sync.reset(seed=3), np.random.default_rng(0)
    for _ in range(80):
        same(left[0], right[0])
        for a, b in zip(left[1:-1], right[1:-1], strict=True):
            np.testing.assert_array_equal(a, b)
        same_infos(left[-1], right[-1])
        assert native.observation_space.contains(left[0])
        actions = rng.integers(native.single_action_space.n, size=5)
        left, right = native.step(actions), sync.step(actions)
    assert native.observation_space == sync.observation_space


@pytest.mark.parametrize("told", [False, True])
def test_checker_gives_no_warning(env_id, observation, told):
    check_env(gym.make(env_id, observation=observation, episodes_per_trial=K, told=told, render_mode="rgb_array").unwrapped)
    check_env(gym.make(env_id, observation=observation, told=told).unwrapped, skip_render_check=True)


def test_a_trial_is_one_task_placed_anew(env_id):
    env = gym.make(env_id, episodes_per_trial=K).unwrapped
    seen, info = env.reset(seed=5)
    key, task, starts, step = int(env.engine.keys[0]), info["task"], [env.get_state()], 0
    total = inner_total = 0.0
    assert (seen["previous_action"], seen["episode_start"], seen["episode"]) == (env.family.actions, 1, 0)
    rng, over = np.random.default_rng(0), False
    while not over:
        action = int(rng.integers(env.family.actions))
        seen, reward, terminated, truncated, info = env.step(action)
        over, step, total = terminated or truncated, step + 1, total + reward
        assert seen["previous_action"] == action
        assert seen["previous_reward"] == np.float32(reward)
        same(info["task"], task)
        if "inner_episode" in info:
            inner_total += info["inner_episode"]["return"]
            if not over:
                assert seen["episode_start"] == 1
                assert seen["episode"] == info["inner_episode"]["number"] + 1
                assert seen["steps_left"] == env.horizon
                starts.append(env.get_state())
        else:
            assert not over
    assert len(starts) == K
    assert total == pytest.approx(inner_total)
    assert step <= env.spec.max_episode_steps if env.spec else True
    trial = randomness.stream(np.asarray([key]), np.asarray([0]))
    weights = env.family.draw_weights(trial, env.engine.pool)
    for number, start in enumerate(starts):
        drawn = env.family.place(randomness.stream(trial, np.asarray([number])), weights)
        assert start["agent"] == list(divmod(int(drawn.agent_B[0]), env.family.shape[1]))


def test_gymnasium_lets_a_whole_trial_pass(env_id):
    env = gym.make(env_id, episodes_per_trial=K)
    assert env.spec.max_episode_steps == K * env.unwrapped.horizon
    env.reset(seed=0)
    steps, over = 0, False
    while not over:
        *_, terminated, truncated, _ = env.step(1)
        steps, over = steps + 1, terminated or truncated
    assert steps == K * env.unwrapped.horizon
    again = gym.make(env.spec)
    assert again.unwrapped.trials.per_trial == K


@pytest.mark.parametrize("given", [False, True])
def test_states_are_exact_across_episodes(env_id, given):
    env, other = (gym.make(env_id, episodes_per_trial=K).unwrapped for _ in range(2))
    _, info = env.reset(seed=1)
    other.reset(seed=77)
    if given:
        env.reset(options={"task": info["task"]})
    rng, over = np.random.default_rng(2), False
    for _ in range(env.horizon // 2):
        env.step(1)
    state = json.loads(json.dumps(env.get_state()))
    other.set_state(state)
    twins = [other, copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    while not over:
        action = int(rng.integers(env.family.actions))
        expected = env.step(action)
        over = expected[2] or expected[3]
        for twin in twins:
            found = twin.step(action)
            same(found[0], expected[0])
            assert found[1:4] == expected[1:4]
            assert found[4].get("inner_episode") == expected[4].get("inner_episode")
        assert other.get_state() == env.get_state()
    assert env.reset(options={"state": state})[0]["episode"] == state["trial"]["episode"]
    assert env.get_state() == state


@pytest.mark.parametrize("key", ["stream", "episode", "steps", "return", "previous_action", "previous_reward"])
def test_impossible_states_are_refused(env_id, key):
    env = gym.make(env_id, episodes_per_trial=K).unwrapped
    env.reset(seed=0)
    state = env.get_state()
    state["trial"][key] = float("nan")
    with pytest.raises(ValueError, match=f"state trial's {key} is nan; allowed"):
        env.set_state(state)
    del state["trial"]
    with pytest.raises(ValueError, match="state has 'trial' None; allowed"):
        env.set_state(state)


@pytest.mark.parametrize("episodes", [0, -1, 2.0, True])
def test_impossible_numbers_of_episodes_are_refused(env_id, episodes):
    for make in (gym.make, gym.make_vec):
        with pytest.raises(ValueError, match=r"episodes_per_trial is .*; allowed: integers from 1"):
            make(env_id, episodes_per_trial=episodes)
    with pytest.raises(ValueError, match="max_episode_steps is 2; allowed: at least 3"):
        gym.make_vec(env_id, episodes_per_trial=3, max_episode_steps=2)


def test_pictures_tell_the_episode(env_id):
    env = gym.make(env_id, episodes_per_trial=2, render_mode="ansi")
    env.reset(seed=0)
    assert "episode 1/2" in env.render()
    for _ in range(env.unwrapped.horizon):
        env.step(1)
    assert "episode 2/2" in env.render()
    vector = gym.make_vec(env_id, num_envs=2, episodes_per_trial=2, render_mode="rgb_array")
    vector.reset(seed=0)
    assert vector.render()[1].ndim == 3


def test_the_task_stays_hidden_unless_it_is_told(env_id):
    hidden = gym.make(env_id, episodes_per_trial=2, observation="minigrid").reset(seed=0)[0]
    assert hidden["mission"] == "find out by acting"
    env = gym.make(env_id, told=True).unwrapped
    seen, info = env.reset(seed=0)
    np.testing.assert_allclose(seen["code"], env.family.weights_of(info["task"]), rtol=1e-6)
    assert list(seen) == ["code", "observation"]
