"""What Gymnasium's conventions and other people's code rely on, single and vector."""

import itertools
import pickle
from functools import partial

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import NumpyToTorch
from gymnasium.wrappers import vector as vector_wrappers
from gymnasium.wrappers.vector import NumpyToTorch as VectorNumpyToTorch

import compworld
from compworld.envs.wrappers import NumericInfo

GOALS, PREFERENCES = "CompWorld-Goals-Small-v0", "CompWorld-Preferences-Small-v0"
MODES = [mode.value for mode in AutoresetMode]


def arrays_in(data):
    """Every array in nested data."""
    if isinstance(data, np.ndarray):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from arrays_in(value)
    elif isinstance(data, tuple | list):
        for value in data:
            yield from arrays_in(value)


@pytest.mark.parametrize("trials", [None, 2])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("small_id", [GOALS, PREFERENCES])
def test_every_array_is_the_callers_own(small_id, mode, trials):
    env = gym.make_vec(small_id, num_envs=3, autoreset_mode=mode, episodes_per_trial=trials, max_episode_steps=4)
    results = [env.reset(seed=0)]
    rng = np.random.default_rng(0)
    for _ in range(12):
        results.append(env.step(rng.integers(env.single_action_space.n, size=3)))
    mine = [array for result in results[-3:] for array in arrays_in(result)]
    assert not any(np.shares_memory(one, other) for one, other in itertools.combinations(mine, 2))
    twin = pickle.loads(pickle.dumps(env))
    for array in (array for result in results for array in arrays_in(result)):
        if array.dtype != object:
            array[...] = 0
    actions = np.ones(3, dtype=int)
    for one, other in zip(arrays_in(env.step(actions)), arrays_in(twin.step(actions)), strict=True):
        np.testing.assert_array_equal(one, other)


REFUSED = [
    {"seed": -1},
    {"seed": [9, -1, 9]},
    {"seed": [9, "x", 9]},
    {"seed": [1, 2]},
    {"seed": 5, "options": {"task": {"weights": [1]}}},
    {"seed": 5, "options": {"state": {}}},
    {"seed": 5, "options": {"taks": 1}},
    {"seed": 5, "options": {"reset_mask": np.ones(2, dtype=bool)}},
    {"seed": 5, "options": ["task"]},
]


@pytest.mark.parametrize("refused", REFUSED, ids=str)
@pytest.mark.parametrize("trials", [None, 2])
@pytest.mark.parametrize("make", [gym.make, partial(gym.make_vec, num_envs=3)], ids=["one", "many"])
def test_a_refused_reset_leaves_everything_as_it_was(make, trials, refused):
    env, twin = (make(PREFERENCES, episodes_per_trial=trials) for _ in range(2))
    env.reset(seed=1)
    twin.reset(seed=1)
    with pytest.raises(ValueError, match="allowed: "):
        env.reset(**refused)
    assert env.unwrapped.get_state() == twin.unwrapped.get_state()
    env.reset()
    twin.reset()
    assert env.unwrapped.get_state() == twin.unwrapped.get_state()


def test_every_environment_has_a_stream_of_its_own():
    """Whoever is left out of the first reset, and whatever begins without one."""
    mask = np.asarray([True, False, False])
    masked, whole = (gym.make_vec(GOALS, num_envs=3) for _ in range(2))
    masked.reset(seed=3, options={"reset_mask": mask})
    whole.reset(seed=3)
    assert masked.get_state() == whole.get_state()
    unseeded, begun = (gym.make_vec(GOALS, num_envs=3) for _ in range(2))
    unseeded.reset(options={"reset_mask": mask})
    begun.set_state([whole.get_state()[0]] * 3)
    singles = [gym.make(GOALS).unwrapped for _ in range(3)]
    for env in singles:
        env.set_state(whole.get_state()[0])
    for states in (
        [*unseeded.get_state()],
        begun.reset() and begun.get_state(),
        [env.reset() and env.get_state() for env in singles],
    ):
        assert states[0] != states[1] != states[2]


def test_seeds_are_recorded_and_may_be_large():
    env, single = gym.make_vec(GOALS, num_envs=2), gym.make(GOALS)
    for seed in (7, np.uint64(2**63), torch.tensor(7), 2**70):
        env.reset(seed=seed)
        single.reset(seed=seed)
        assert env.np_random_seed == single.unwrapped.np_random_seed == int(seed)
        assert env.get_state()[0] == single.unwrapped.get_state()
    for seeds in ([4, 5], (4, 5), np.asarray([4, 5]), torch.tensor([4, 5]), range(4, 6)):
        env.reset(seed=seeds)
        assert env.np_random_seed == -1
        states = env.get_state()
        env.reset(seed=4)
        assert env.get_state() == states


def test_seeds_that_would_repeat_others_are_refused():
    family = compworld.make_family("goals-small")
    split = compworld.make_split(family.space)
    for call in (
        lambda seed: compworld.make_family("goals", seed),
        lambda seed: compworld.make_split(family.space, world=seed),
        lambda seed: compworld.few_shot_tasks(family, split, seed=seed),
        lambda seed: compworld.evaluate(lambda seen: 0, GOALS, seed=seed),
        lambda seed: gym.make(GOALS, world=seed),
    ):
        with pytest.raises(ValueError, match=f"is {2**63}; allowed: integers from 0 to {2**63 - 1}"):
            call(2**63)


@pytest.mark.parametrize("of_library", [np.int64, np.asarray, torch.tensor], ids=["NumPy", "0-d", "torch"])
def test_numbers_of_any_library(of_library):
    given = {"world": 2, "tile_size": 8, "horizon": 30, "episodes_per_trial": 2}
    named = {name: of_library(value) for name, value in given.items()}
    one, other = gym.make(GOALS, **given), gym.make(GOALS, **named)
    assert one.reset(seed=of_library(3))[1] == other.reset(seed=3)[1]
    many = gym.make_vec(GOALS, num_envs=of_library(2), max_episode_steps=of_library(9), **named)
    assert many.spec.kwargs == {**gym.make_vec(GOALS, num_envs=2, max_episode_steps=9, **given).spec.kwargs}
    for env in (other, many):
        again = EnvSpec.from_json(env.spec.to_json())
        assert again.kwargs == env.spec.kwargs
    options = {"k": of_library(1)}
    split = compworld.make_split(other.unwrapped.family.space, "k_hot", of_library(1), **options)
    assert split.options == {"k": 1}
    assert type(split.options["k"]) is type(split.world) is int
    state = one.unwrapped.get_state()
    state["elapsed"], state["task"] = of_library(1), {name: of_library(value) for name, value in state["task"].items()}
    state["objects"] = [{**item, "collected": np.asarray(False), "cell": np.asarray(item["cell"])} for item in state["objects"]]
    other.unwrapped.set_state(state)
    one.unwrapped.set_state(other.unwrapped.get_state())
    other.unwrapped.step(of_library(1))


def test_vector_specs_make_the_same_again():
    env = gym.make_vec(GOALS, num_envs=3, autoreset_mode=AutoresetMode.SAME_STEP, max_episode_steps=-1, world=2)
    for spec in (env.spec, EnvSpec.from_json(env.spec.to_json())):
        again = gym.make_vec(spec)
        assert again.metadata == env.metadata
        np.testing.assert_array_equal(env.reset(seed=3)[0], again.reset(seed=3)[0])
        assert again.horizon == env.family.horizon


def test_a_limit_beyond_the_horizon_is_told():
    with pytest.warns(
        UserWarning, match="max_episode_steps is 90, but episodes end after the 40 steps .*; for longer ones pass horizon=90"
    ):
        gym.make_vec(GOALS, num_envs=2, max_episode_steps=90)
    env = gym.make(GOALS, horizon=60)
    env.reset(seed=0)
    assert [env.step(0)[3] for _ in range(60)] == [False] * 59 + [True]


@pytest.mark.parametrize("trials", [None, 2])
@pytest.mark.filterwarnings("ignore:.*Casting input x to numpy array:UserWarning")
def test_wrappers_to_torch_leave_text_as_it_is(observation, trials):
    env = NumpyToTorch(gym.make(PREFERENCES, observation=observation, episodes_per_trial=trials))
    _, info = env.reset(seed=0)
    assert isinstance(info["task"]["weights"], torch.Tensor)
    assert info["split"] == "train"
    env.reset(options={"task": info["task"]})
    assert isinstance(env.step(torch.tensor(1))[1], float)
    for mode in MODES:
        many = VectorNumpyToTorch(
            gym.make_vec(PREFERENCES, num_envs=2, observation=observation, episodes_per_trial=trials, autoreset_mode=mode)
        )
        many.reset(seed=0)
        for _ in range(2):
            *_, info = many.step(torch.zeros(2, dtype=torch.int64))  # ends every episode
        assert list(info["split"]) == ["train", "train"]
        assert isinstance(info["success"], torch.Tensor)


WRAPPERS = {
    "FlattenObservation": {},
    "DtypeObservation": {"dtype": np.float32},
    "ReshapeObservation": {"shape": (-1,)},
    "ResizeObservation": {"shape": (3, 3)},
    "GrayscaleObservation": {},
    "NormalizeObservation": {},
    "FilterObservation": {"filter_keys": ["observation"]},
    "NormalizeReward": {},
    "ClipReward": {"min_reward": -1, "max_reward": 1},
    "ClipAction": {},
    "RecordEpisodeStatistics": {},
    "DictInfoToList": {},
}


@pytest.mark.parametrize("name", WRAPPERS)
@pytest.mark.parametrize("mode", list(AutoresetMode), ids=lambda mode: mode.value)
def test_vector_wrappers_do_what_they_do_around_gymnasiums_own(mode, name):
    """They give the same, or refuse for the same reason."""
    wrapper = getattr(vector_wrappers, name)

    def outcome(env):
        try:
            wrapped = wrapper(env, **WRAPPERS[name])
        except (ValueError, TypeError) as error:
            return [str(error)]
        seen = [wrapped.reset(seed=2)[0]]
        for _ in range(20):
            observation, reward, terminated, truncated, info = wrapped.step(np.asarray([1, 0, 2]))
            seen += [observation, reward, terminated, truncated]
            ended = terminated | truncated
            if name == "DictInfoToList":
                seen += [np.asarray([each["success"] for each in info])]
            if mode is AutoresetMode.DISABLED and ended.any():
                mask = {"reset_mask": ended.copy()}
                if name == "NormalizeObservation":
                    mask = {}
                seen.append(wrapped.reset(options=mask)[0])
        return seen

    native = outcome(gym.make_vec(PREFERENCES, num_envs=3, autoreset_mode=mode))
    sync = outcome(SyncVectorEnv([lambda: gym.make(PREFERENCES)] * 3, autoreset_mode=mode))
    for one, other in zip(native, sync, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("trials", [None, 2])
def test_numeric_infos_hold_numbers_only(trials):
    env = NumericInfo(gym.make_vec(PREFERENCES, num_envs=2, autoreset_mode="SameStep", episodes_per_trial=trials))
    assert set(env.reset(seed=0)[1]) == {"success", "_success", "is_success", "_is_success"}
    for _ in range(trials or 1):
        observation, *_, info = env.step(np.zeros(2, dtype=int))
    assert env.observation_space.contains(observation)
    assert info["_final_info"].all()
    assert set(info["final_info"]) == {"success", "_success", "is_success", "_is_success"}
    assert info["final_obs"][0] is not None
