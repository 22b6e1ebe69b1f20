"""Observations relative to the agent: the same things as in ``GridFamily.active_rows``, at their distance from the agent.

A learner that sees them need not learn anew for every cell what "two to the right" means.

Axes: B batch, R active rows.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from compworld.backends import Array, Tables, namespace
from compworld.families.grid import GridFamily
from compworld.families.state import State


def relative_size(family: GridFamily) -> int:
    """Length D of the dense form, a flat vector of zeros and ones.

    Entry ``offset * features + feature`` is an object, with ``offset = (down + rows - 1) * (2 * columns - 1) + right + columns
    - 1`` for an object ``down`` rows below the agent and ``right`` columns to its right; then an entry for each cell that the
    agent may be on, ``row * columns + column``; then one for each maze.
    """
    return _offsets(family) * family.features + family.cells + family.mazes


def relative_rows(family: GridFamily, state: State) -> Array:
    """The entries that are 1, int64 [B, R]: the objects in ascending order (D for one that was collected), the agent, the maze.

    The order in which a state has objects would tell which one is the goal.
    """
    xp = namespace(state.agent_B)
    place = _places(family.shape).like(state.agent_B)["place"]
    rows, columns = family.shape
    centre = (rows - 1) * (2 * columns - 1) + columns - 1
    offset_BO = place[state.object_cell_BO] - (place[state.agent_B] - centre)[:, None]
    size, first = relative_size(family), _offsets(family) * family.features
    objects = xp.where(state.remaining_BO, offset_BO * family.features + state.object_feature_BO, size)
    objects = xp.sort(objects, axis=1)
    return xp.concat([objects, (first + state.agent_B)[:, None], (first + family.cells + state.maze_B)[:, None]], axis=1)


def relative(family: GridFamily, state: State) -> np.ndarray:
    """The dense form of NumPy states, uint8 [B, D]."""
    rows_BR, size = relative_rows(family, state), relative_size(family)
    dense = np.zeros((len(rows_BR), size), dtype=np.uint8)
    present = np.where(rows_BR < size, rows_BR, rows_BR[:, -1:])  # the maze's entry is 1 anyway
    dense.reshape(-1)[present + np.arange(len(rows_BR))[:, None] * size] = 1
    return dense


def _offsets(family: GridFamily) -> int:
    rows, columns = family.shape
    return (2 * rows - 1) * (2 * columns - 1)


@lru_cache(maxsize=64)
def _places(shape: tuple[int, int]) -> Any:
    """Number of each cell in a grid as wide as there are offsets, so that offsets are differences of numbers."""
    rows, columns = shape
    return Tables(place=(np.arange(rows)[:, None] * (2 * columns - 1) + np.arange(columns)).reshape(-1))
