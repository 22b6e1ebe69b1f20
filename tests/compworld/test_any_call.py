"""Random calls of the public API: each works, or gives one clear error that says what is allowed.

``EXAMPLES=1000 pytest tests/compworld/test_any_call.py`` makes that many calls of each function.
"""

import os
import warnings

import gymnasium as gym
import hypothesis
import numpy as np
import pytest
import torch
from hypothesis import strategies as st

import compworld
from compworld.envs.observations import OBSERVATIONS
from compworld.modules.splits import split_by

EXAMPLES = int(os.environ.get("EXAMPLES", "25"))
ENV_IDS = ("CompWorld-Goals-Small-v0", "CompWorld-Preferences-Small-v0")
FAMILIES = {name: compworld.make_family(name) for name in ("goals-small", "preferences-small", "teacher-small")}
SPLITS = {name: compworld.make_split(family.space) for name, family in FAMILIES.items()}

settings = hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck), derandomize=True
)


def of_any_library(value):
    """The same integer as Python, NumPy and torch have it."""
    return st.sampled_from([value, np.int64(value), np.uint64(value), np.asarray(value), torch.tensor(value)])


odd = st.one_of(
    st.sampled_from(
        [-1, 1.5, 2**63, 2**64, 10**30, True, np.True_, float("nan"), float("inf"), None, "", "3", b"1", [], {}, (1, 2)]
    ),
    st.sampled_from(
        [np.asarray([1, 2]), np.asarray([[1]]), torch.tensor([1.0]), object(), np.datetime64("2020"), 1j, [[1], [1, 2]]]
    ),
    st.text(max_size=5),
    st.integers(),
    st.floats(),
)


def mostly(strategy):
    """Rarely something else; not by ``one_of``, which would take all kinds of oddities as often as what is meant."""
    return st.sampled_from([True] * 15 + [False]).flatmap(lambda usual: strategy if usual else odd)


def number(least, most):
    return mostly(st.integers(least, most).flatmap(of_any_library))


def keywords(strategies):
    """Some of these keywords, and rarely one that nobody knows."""
    names = st.sampled_from([None] * 20 + ["frameskip", "worlds", "num_envs", "episodes", "given", "sizes"])
    some = st.fixed_dictionaries({}, optional=strategies)
    return st.builds(lambda given, name: given if name is None else {**given, name: 1}, some, names)


def words(*known):
    return mostly(st.sampled_from(known))


OPTIONS = mostly(
    st.none() | st.just({}) | keywords({"k": number(1, 3)}) | keywords({"held_out_fraction": mostly(st.floats(0.1, 0.5))})
)
RANGES = {"size": (5, 9), "horizon": (4, 40), "mazes": (1, 3), "objects": (1, 4), "modules": (2, 8), "max_active": (1, 3)}
SIZES = {
    name: number(*range_) for name, range_ in {**RANGES, "distractors": (0, 3), "object_types": (2, 6), "width": (1, 9)}.items()
}
ENVIRONMENT = {
    "world": number(0, 3),
    "support": words("random", "k_hot", "connected", "equal"),
    "support_options": mostly(st.none()),
    "split": words("train", "held_out", "all"),
    "observation": words(*OBSERVATIONS),
    "tile_size": number(4, 9),
    "told": words(True, False, np.True_),
    "episodes_per_trial": number(1, 3),
    "horizon": number(5, 40),
}
FACTORS = {"quadrant": 3, "interaction": 1, "maze": 1, "object": 2}
WEIGHTS = st.lists(st.floats(-2, 2), min_size=6, max_size=6)
TASK = mostly(
    st.fixed_dictionaries({name: number(0, most) for name, most in FACTORS.items()})
    | st.fixed_dictionaries({"weights": mostly(WEIGHTS | WEIGHTS.map(np.asarray) | WEIGHTS.map(torch.tensor))})
)


def calls(call, *arguments):
    """It works, or gives one clear error. What worked is returned, None otherwise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Gymnasium's remarks
        try:
            result = call(*arguments)
            hypothesis.event("works")
            return result
        except (ValueError, TypeError) as error:
            hypothesis.event("refused")
            message = str(error)
            assert "\n" not in message
            assert any(part in message for part in ("allowed: ", "leaves no combination", "unexpected keyword argument")), (
                message
            )
    return None


def changed(state, path, value):
    """A copy of plain data with another value somewhere."""
    if not path:
        return value
    if isinstance(state, dict):
        key = sorted(state)[path[0] % len(state)]
        return {**state, key: changed(state[key], path[1:], value)}
    if isinstance(state, list) and state:
        place = path[0] % len(state)
        return [changed(item, path[1:], value) if index == place else item for index, item in enumerate(state)]
    return value


@settings
@hypothesis.given(st.sampled_from(ENV_IDS), keywords(ENVIRONMENT), number(0, 4), mostly(st.none() | number(0, 2**40)), TASK)
def test_single(env_id, given, action, seed, task):
    env = calls(lambda: gym.make(env_id, **given).unwrapped)
    if env is None:
        return
    env.reset(seed=0)
    calls(lambda: env.reset(seed=seed))
    before = env.get_state()
    if calls(lambda: env.reset(options={"task": task})) is None:
        assert env.get_state() == before
    result = calls(env.step, action)
    if result is not None:
        assert env.observation_space.contains(result[0])


@settings
@hypothesis.given(
    st.sampled_from(ENV_IDS),
    keywords({**ENVIRONMENT, "max_episode_steps": number(3, 9), "autoreset_mode": words("NextStep", "SameStep", "Disabled")}),
    number(1, 3),
    mostly(st.lists(number(0, 4), min_size=2, max_size=2)),
    mostly(st.none() | number(0, 9) | st.lists(st.none() | number(0, 9), min_size=2, max_size=2)),
    keywords(
        {
            "task": TASK | st.lists(TASK, max_size=2),
            "reset_mask": mostly(st.lists(st.booleans(), min_size=2, max_size=2).map(np.asarray)),
        }
    ),
)
def test_vector(env_id, given, num_envs, actions, seed, options):
    env = calls(lambda: gym.make_vec(env_id, **{"num_envs": num_envs, **given}))
    if env is None:
        return
    env.reset(seed=0)
    before = env.get_state()
    if calls(lambda: env.reset(seed=seed, options=options)) is None:
        assert env.get_state() == before
    result = calls(env.step, actions)
    if result is not None:
        assert env.observation_space.contains(result[0])


@settings
@hypothesis.given(
    st.sampled_from(ENV_IDS), st.booleans(), st.lists(st.integers(0, 9), max_size=4), number(0, 6), st.integers(0, 99)
)
def test_set_state(env_id, trials, path, value, seed):
    env = gym.make(env_id, episodes_per_trial=2 if trials else None).unwrapped
    env.reset(seed=seed)
    calls(env.set_state, changed(env.get_state(), path, value))
    after = env.get_state()
    env.set_state(after)
    assert env.get_state() == after
    assert env.observation_space.contains(env.step(1)[0])


@settings
@hypothesis.given(words("goals-small", "preferences-small", "goals", "teacher-small"), number(0, 9), keywords(SIZES), st.data())
def test_make_family(name, world, sizes, data):
    if isinstance(name, str) and name in compworld.families.family_names() and data.draw(st.booleans()):
        sizes = {size: value for size, value in sizes.items() if size in compworld.make_family(name).sizes}
    family = calls(lambda: compworld.make_family(name, world, **sizes))
    if family is not None:
        assert family.sizes.items() >= {size: int(value) for size, value in sizes.items()}.items()


@settings
@hypothesis.given(st.sampled_from(list(FAMILIES)), words(*compworld.SUPPORTS), number(0, 9), OPTIONS)
def test_make_split(name, support, world, options):
    split = calls(lambda: split_by(FAMILIES[name].space, support, world, options))
    if split is not None:
        assert not (split.trained & split.held_out).any()
        assert compworld.diagnose(split).split is split


@settings
@hypothesis.given(
    st.sampled_from(list(FAMILIES)),
    mostly(st.none()),
    words("train", "held_out", "all"),
    number(1, 3),
    keywords(
        {
            **dict.fromkeys(("support_episodes", "query_episodes"), number(1, 3)),
            **dict.fromkeys(("seed", "start"), number(0, 2**40)),
            "backend_name": words("numpy", "torch"),
            "prefetch": words(True, False),
        }
    ),
)
def test_few_shot_tasks(family, split, which, tasks, given):
    hypothesis.assume(not slow(tasks, given))
    split = SPLITS[family] if split is None else split
    batch = calls(lambda: next(compworld.few_shot_tasks(FAMILIES[family], split, which, tasks=tasks, **given)))
    if batch is not None:
        assert len(batch) == int(tasks)


@settings
@hypothesis.given(
    words(*ENV_IDS),
    number(1, 3),
    keywords(
        {
            "track": words("rewarded", "told", "shown"),
            **dict.fromkeys(("world", "seed", "shots"), number(0, 9)),
            "episodes": number(1, 3),
            **{name: ENVIRONMENT[name] for name in ("split", "observation", "support", "support_options", "horizon")},
        }
    ),
    number(0, 4),
)
def test_evaluate(env_id, tasks, given, answer):
    hypothesis.assume(not slow(tasks, given))
    result = calls(lambda: compworld.evaluate(lambda seen: answer, env_id, tasks=tasks, **given))
    if result is not None:
        assert len(result.finished) == int(tasks)


def slow(tasks, given):
    """Large but right: nothing to find, and it takes long."""
    numbers = [tasks, *(given.get(name) for name in ("support_episodes", "query_episodes", "episodes", "shots"))]
    return any(isinstance(value, int) and 12 < value < 2**40 for value in numbers)


def test_an_unknown_keyword_is_a_type_error():
    for make in (gym.make, gym.make_vec):
        with pytest.raises(TypeError, match=r"unexpected keyword argument 'frameskip'; allowed: .*'world'.* 'size', "):
            make(ENV_IDS[0], frameskip=1)
