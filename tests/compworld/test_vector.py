"""The native vector environment equals single environments and Gymnasium's own semantics."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import compworld
from compworld.envs.vector import CompWorldVectorEnv

MODES = list(AutoresetMode)


def choose(envs, rng):
    """Random actions, half of them the expert's, so that episodes end in every way."""
    return np.asarray(
        [env.unwrapped.expert_action() if rng.random() < 0.5 else rng.integers(env.action_space.n) for env in envs]
    )


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_environment_i_is_the_single_environment_seeded_seed_plus_i(env_id, mode):
    count, seed, episodes = 16, 40, 0
    vector = gym.make_vec(env_id, num_envs=count, autoreset_mode=mode)
    singles = [gym.make(env_id) for _ in range(count)]
    seen, info = vector.reset(seed=seed)
    for i, env in enumerate(singles):
        np.testing.assert_array_equal(env.reset(seed=seed + i)[0], seen[i])
    rng, ended, steps = np.random.default_rng(1), np.zeros(count, dtype=bool), 0
    while episodes < 300:
        steps += 1
        actions = choose(singles, rng)
        seen, rewards, terminated, truncated, info = vector.step(actions)
        for i, env in enumerate(singles):
            if ended[i] and mode is AutoresetMode.NEXT_STEP:
                expected, single_info = env.reset()
                assert (rewards[i], terminated[i], truncated[i]) == (0, False, False)
            else:
                expected, reward, over, cut, single_info = env.step(int(actions[i]))
                assert (rewards[i], terminated[i], truncated[i]) == (reward, over, cut)
                if (over or cut) and mode is AutoresetMode.SAME_STEP:
                    np.testing.assert_array_equal(info["final_obs"][i], expected)
                    assert info["final_info"]["success"][i] == single_info["success"]
                    expected, single_info = env.reset()
            np.testing.assert_array_equal(seen[i], expected)
            assert info["success"][i] == single_info["success"]
            assert info["split"][i] == single_info["split"]
            for name, value in single_info["task"].items():
                np.testing.assert_array_equal(info["task"][name][i], value)
        ended = terminated | truncated
        episodes += int(ended.sum())
        if mode is AutoresetMode.DISABLED and ended.any():
            seen, _ = vector.reset(options={"reset_mask": ended})
            for i in np.flatnonzero(ended):
                np.testing.assert_array_equal(singles[i].reset()[0], seen[i])
        if steps % 10 == 0:
            assert vector.unwrapped.get_state() == [env.unwrapped.get_state() for env in singles]


def same_infos(native, sync):
    """Equal keys, and equal values wherever the mask says that there is one."""
    assert set(native) == set(sync)
    for key, value in native.items():
        if isinstance(value, dict):
            same_infos(value, sync[key])
        elif key.startswith("_"):
            np.testing.assert_array_equal(value, sync[key])
        elif f"_{key}" in native:
            for i in np.flatnonzero(native[f"_{key}"]):
                if isinstance(value[i], dict):
                    assert value[i].keys() == sync[key][i].keys()
                    for name in value[i]:
                        np.testing.assert_array_equal(value[i][name], sync[key][i][name])
                else:
                    np.testing.assert_array_equal(value[i], sync[key][i])


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP], ids=lambda mode: mode.name)
def test_equals_gymnasiums_synchronous_vector_environment(env_id, observation, mode):
    native = gym.make_vec(env_id, num_envs=5, autoreset_mode=mode, observation=observation, max_episode_steps=8)
    sync = SyncVectorEnv([lambda: gym.make(env_id, observation=observation, max_episode_steps=8)] * 5, autoreset_mode=mode)
    left, right = native.reset(seed=3), sync.reset(seed=3)
    rng, endings = np.random.default_rng(0), 0
    for _ in range(60):
        for name in left[0] if isinstance(left[0], dict) else [...]:
            np.testing.assert_array_equal(
                np.asarray(left[0])[name] if name is ... else left[0][name],
                np.asarray(right[0])[name] if name is ... else right[0][name],
            )
        for a, b in zip(left[1:-1], right[1:-1], strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
        same_infos(left[-1], right[-1])
        assert native.observation_space.contains(left[0])
        actions = rng.integers(native.single_action_space.n, size=5)
        left, right = native.step(actions), sync.step(actions)
        endings += int((left[2] | left[3]).sum())
    assert endings > 20
    assert native.observation_space == sync.observation_space
    assert native.action_space == sync.action_space


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_mode_is_declared(env_id, mode):
    for given in (mode, mode.value):
        env = gym.make_vec(env_id, num_envs=2, autoreset_mode=given)
        assert env.metadata["autoreset_mode"] is mode
    assert CompWorldVectorEnv.metadata.get("autoreset_mode") is None


@pytest.mark.parametrize("horizon", [None, 5])
def test_what_is_best_equals_the_single_environments(env_id, horizon):
    """In the middle of episodes, and with fewer steps than the family's."""
    vector = gym.make_vec(env_id, num_envs=4, max_episode_steps=horizon)
    singles = [gym.make(env_id).unwrapped for _ in range(4)]
    vector.reset(seed=2)
    for step in range(4):
        for env, state in zip(singles, vector.get_state(), strict=True):
            later = 0 if horizon is None else env.horizon - horizon
            env.set_state({**state, "elapsed": state["elapsed"] + later})
        for name, dtype in (("expert_action", np.int64), ("optimal_return", np.float64), ("random_return", np.float64)):
            found = getattr(vector, name)()
            assert (found.dtype, found.shape) == (dtype, (4,))
            np.testing.assert_allclose(found, [getattr(env, name)() for env in singles], rtol=1e-12, atol=1e-15)
        values = vector.action_values()
        assert (values.dtype, values.shape) == (np.float64, (4, vector.single_action_space.n))
        np.testing.assert_allclose(values, [env.action_values() for env in singles], rtol=1e-6)
        vector.step(np.full(4, 1 + step % 3))


def test_both_forms_of_an_id_have_the_same_family_and_split(env_id):
    vector, single = gym.make_vec(env_id, num_envs=2, world=4), gym.make(env_id, world=4)
    assert isinstance(vector, CompWorldVectorEnv)
    assert vector.family.label == compworld.ENV_IDS[env_id]
    assert vector.family.sizes == single.unwrapped.family.sizes
    assert vector.task_split.sha256 == single.unwrapped.task_split.sha256
    assert vector.single_observation_space == single.observation_space
    assert vector.single_action_space == single.action_space


def test_a_disabled_environment_stands_still_until_its_reset(env_id):
    env = gym.make_vec(env_id, num_envs=4, autoreset_mode="Disabled", max_episode_steps=2)
    env.reset(seed=0)
    env.step(np.ones(4, dtype=int))
    before, _, _, truncated, _ = env.step(np.ones(4, dtype=int))
    assert truncated.all()
    state = env.get_state()
    after, rewards, _, truncated, info = env.step(np.full(4, 2))
    assert truncated.all()
    assert not rewards.any()
    assert not info["success"].any()
    np.testing.assert_array_equal(before, after)
    assert env.get_state() == state
    mask = np.asarray([True, False, False, True])
    seen, info = env.reset(options={"reset_mask": mask})
    states = env.get_state()
    assert [new == old for new, old in zip(states, state, strict=True)] == [False, True, True, False]
    assert info.keys() == env.reset()[1].keys()
    assert seen.shape == before.shape


def test_a_disabled_environment_succeeds_only_once():
    env = gym.make_vec("CompWorld-Goals-v0", num_envs=3, autoreset_mode="Disabled")
    single = gym.make("CompWorld-Goals-v0")
    env.reset(seed=0)
    single.reset(seed=1)
    terminated = np.zeros(3, dtype=bool)
    while not terminated[1]:
        action = single.unwrapped.expert_action()
        single.step(action)
        _, _, terminated, _, info = env.step(np.full(3, action))
    kept = info["success"]
    assert kept[1]
    _, rewards, again, _, info = env.step(np.full(3, action))
    assert again[1]
    assert not info["success"][1]
    assert not rewards[1]
    env.reset(options={"reset_mask": terminated})
    assert kept[1]


def test_a_seed_with_a_mask_begins_the_masked_streams_only(env_id):
    env = gym.make_vec(env_id, num_envs=3, autoreset_mode="Disabled")
    env.reset(seed=10)
    first = env.get_state()
    env.reset(seed=10, options={"reset_mask": np.asarray([False, True, False])})
    assert env.get_state() == first
    env.reset(seed=[1, 2, 3])
    other = env.get_state()
    single = gym.make(env_id)
    for i in range(3):
        single.reset(seed=i + 1)
        assert other[i] == single.unwrapped.get_state()


def test_a_thousand_environments(env_id):
    env = gym.make_vec(env_id, num_envs=1024)
    seen, _ = env.reset(seed=0)
    single = gym.make(env_id)
    for i in (0, 511, 1023):
        np.testing.assert_array_equal(single.reset(seed=i)[0], seen[i])
    rng = np.random.default_rng(0)
    for _ in range(20):
        seen, rewards, *_ = env.step(rng.integers(env.single_action_space.n, size=1024))
        assert seen.shape[0] == rewards.shape[0] == 1024
    assert env.observation_space.contains(seen)
    assert len({state["agent"][0] * 100 + state["agent"][1] for state in env.get_state()}) > 10


def test_results_are_not_overwritten_later(env_id):
    env = gym.make_vec(env_id, num_envs=8)
    kept = [env.reset(seed=0)[0]]
    copies = [kept[0].copy()]
    rng = np.random.default_rng(0)
    for _ in range(10):
        results = env.step(rng.integers(env.single_action_space.n, size=8))
        kept += results[:4]
        copies += [array.copy() for array in results[:4]]
    for one, other in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(one, other)


def test_states_round_trip(env_id):
    env, other = (gym.make_vec(env_id, num_envs=6) for _ in range(2))
    env.reset(seed=0)
    for _ in range(3):
        env.step(np.full(6, 2))
    other.set_state(env.get_state())
    assert other.get_state() == env.get_state()
    for a, b in zip(env.step(np.full(6, 1))[:4], other.step(np.full(6, 1))[:4], strict=True):
        np.testing.assert_array_equal(a, b)
    env.reset(options={"state": env.get_state()})
    assert env.get_state() == other.get_state()


def test_tasks_for_all_or_for_each(env_id):
    env = gym.make_vec(env_id, num_envs=3)
    tasks = [env.family.task_of(env.family.space.combinations[i].astype(float)) for i in (1, 5, 9)]
    env.reset(seed=0, options={"task": tasks})
    assert [state["task"] for state in env.get_state()] == tasks
    env.reset(options={"task": tasks[0]})
    assert [state["task"] for state in env.get_state()] == [tasks[0]] * 3


def test_bad_input(env_id):
    for count in (0, -1, 1.5):
        with pytest.raises(ValueError, match=rf"num_envs is {count}; allowed: integers from 1"):
            gym.make_vec(env_id, num_envs=count)
    with pytest.raises(ValueError, match=r"unknown autoreset_mode 'Never'; allowed: 'NextStep', 'SameStep', 'Disabled'"):
        gym.make_vec(env_id, num_envs=2, autoreset_mode="Never")
    with pytest.raises(ValueError, match=r"max_episode_steps is 0; allowed: integers from 1"):
        gym.make_vec(env_id, num_envs=2, max_episode_steps=0)
    env = gym.make_vec(env_id, num_envs=2)
    with pytest.raises(RuntimeError, match="before the first reset"):
        env.step([0, 0])
    env.reset(seed=0)
    before = env.get_state()
    for actions in ([0], [0, 0, 0], [0.5, 1.0], 1):
        with pytest.raises(ValueError, match=r"actions are .*; allowed: integers of shape \(2,\)"):
            env.step(actions)
    for actions in ([0, 6], [-1, 0]):
        with pytest.raises(ValueError, match=r"actions range from -?\d to \d; allowed: 0 to \d"):
            env.step(actions)
    with pytest.raises(ValueError, match=r"unknown reset option 'tasks'; allowed: 'task', 'state', 'reset_mask'"):
        env.reset(options={"tasks": 1})
    for mask in ([True, False], np.zeros(2, dtype=bool), np.ones(3, dtype=bool), np.ones(2)):
        with pytest.raises(ValueError, match=r"reset_mask is .*; allowed: a bool array of shape \(2,\)"):
            env.reset(options={"reset_mask": mask})
    with pytest.raises(ValueError, match=r"number of seeds is 3; allowed: 2, one per environment"):
        env.reset(seed=[1, 2, 3])
    with pytest.raises(ValueError, match=r"reset option 'task' is .*; allowed: one task or a list of 2"):
        env.reset(options={"task": [before[0]["task"]]})
    assert env.get_state() == before
