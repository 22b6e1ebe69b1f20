"""Everything that the tests are parametrised by: a new environment id or family inherits the suite by being registered.

A test that takes ``env_id``, ``family`` (of every kind, with its variants), ``grid`` (a family of grid worlds), ``support`` or
``observation`` runs once for each of them.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

import compworld
from compworld import randomness
from compworld.envs.observations import OBSERVATIONS
from compworld.families import Family, GridFamily, family_names, grid_family, make_family
from compworld.families.state import STATE_FIELDS, State

ENV_IDS = tuple(compworld.ENV_IDS)
LISTS = {
    "env_id": ENV_IDS,
    "family_name": tuple(family_names()),
    "grid_name": tuple(compworld.ENV_IDS.values()),
    "support": tuple(compworld.SUPPORTS),
    "observation": tuple(OBSERVATIONS),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, values in LISTS.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, values)


_made = cache(make_family)


@pytest.fixture
def family(family_name: str) -> Family:
    return _made(family_name)


@pytest.fixture
def grid(grid_name: str) -> GridFamily:
    return grid_family(_made(grid_name))


@pytest.fixture
def start() -> Callable[..., State]:
    """Starts of episodes 0, 1, ... of a stream, over all combinations of the family."""

    def start(family: GridFamily, episodes: int, key: int = 0) -> State:
        streams = randomness.stream(np.full(episodes, key), np.arange(episodes))
        return family.place(streams, family.draw_weights(streams, np.arange(len(family.space))))

    return start


@pytest.fixture
def same_states() -> Callable[[State, State], None]:
    """Assert that two batches of states (NumPy or torch) are equal bit for bit, with equal types."""

    def same_states(one: State, other: State) -> None:
        for name in STATE_FIELDS:
            left, right = np.asarray(getattr(one, name)), np.asarray(getattr(other, name))
            assert left.dtype == right.dtype, name
            np.testing.assert_array_equal(left, right, err_msg=name)

    return same_states
