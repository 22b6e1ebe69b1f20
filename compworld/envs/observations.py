"""The kinds of observation, as spaces and as functions of a batch of states."""

import string
from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces

from compworld.arguments import choice
from compworld.envs.text import describe, text_space
from compworld.families.grid import GridFamily
from compworld.families.relative import relative, relative_rows, relative_size
from compworld.families.state import State
from compworld.grid.objects import COLORS, KINDS, OBJECTS

MISSION_CHARACTERS = string.ascii_letters + string.digits + " .,;-"

# MiniGrid's numbers of object types and colours (minigrid.core.constants), which importing would bring in pygame.
OBJECT_TO_IDX = {"empty": 1, "wall": 2, "key": 5, "ball": 6, "box": 7, "agent": 10}
COLOR_TO_IDX = {"red": 0, "green": 1, "blue": 2, "purple": 3, "yellow": 4, "grey": 5}
_OBJECT_CODES = np.asarray([[OBJECT_TO_IDX[kind], COLOR_TO_IDX[color], 0] for kind, color in OBJECTS], dtype=np.uint8)
assert set(KINDS) <= set(OBJECT_TO_IDX)
assert set(COLORS) <= set(COLOR_TO_IDX)


def symbolic_space(family: GridFamily) -> spaces.Space[Any]:
    """One channel per object feature, then agent, then wall; zeros and ones."""
    return spaces.Box(0, 1, (*family.shape, family.channels), np.uint8)


def indices_space(family: GridFamily) -> spaces.Space[Any]:
    """The active rows of the flattened symbolic observation, see :meth:`GridFamily.active_rows`."""
    return spaces.Box(0, family.row_count - 1, (family.rows,), np.int64)


def minigrid_space(family: GridFamily) -> spaces.Space[Any]:
    """MiniGrid's fully observable image [column, row, 3] of (object, colour, state), the direction, and the mission."""
    rows, columns = family.shape
    return spaces.Dict(
        {
            "image": spaces.Box(0, 255, (columns, rows, 3), np.uint8),
            "direction": spaces.Discrete(4),
            "mission": spaces.Text(min_length=1, max_length=400, charset=MISSION_CHARACTERS),
        }
    )


def minigrid_images(family: GridFamily, state: State) -> np.ndarray:
    """uint8 [B, columns, rows, 3]; the agent hides an object on its cell, as in MiniGrid's ``FullyObsWrapper``."""
    batch = np.arange(len(state))
    walls = family.walls.reshape(family.mazes, -1)[state.maze_B]
    image = np.zeros((len(state), family.cells, 3), dtype=np.uint8)
    image[..., 0] = np.where(walls, OBJECT_TO_IDX["wall"], OBJECT_TO_IDX["empty"])
    image[..., 1] = np.where(walls, COLOR_TO_IDX["grey"], 0)
    episode, number = np.nonzero(state.remaining_BO)
    image[episode, state.object_cell_BO[episode, number]] = _OBJECT_CODES[state.object_feature_BO[episode, number]]
    image[batch, state.agent_B, 0] = OBJECT_TO_IDX["agent"]
    image[batch, state.agent_B, 1] = COLOR_TO_IDX["red"]
    image[batch, state.agent_B, 2] = state.facing_B
    return image.reshape(len(state), *family.shape, 3).transpose(0, 2, 1, 3)


def minigrid_observation(family: GridFamily, state: State, mission: str | None = None) -> dict[str, Any]:
    """A batch of MiniGrid observations; missions (by default the tasks') are a tuple of strings, as Gymnasium batches text."""
    return {
        "image": np.ascontiguousarray(minigrid_images(family, state)),
        "direction": state.facing_B.copy(),
        "mission": tuple(family.mission(weights) if mission is None else mission for weights in state.weights_BM),
    }


def relative_space(family: GridFamily) -> spaces.Space[Any]:
    """Things at their distance from the agent, a flat vector of zeros and ones, see :func:`relative_size`."""
    return spaces.Box(0, 1, (relative_size(family),), np.uint8)


def relative_indices_space(family: GridFamily) -> spaces.Space[Any]:
    """The active rows of the relative observation, see :func:`compworld.families.relative.relative_rows`."""
    return spaces.Box(0, relative_size(family), (family.rows,), np.int64)


def text_observation(family: GridFamily, state: State) -> tuple[str, ...]:
    """The scenes in words, as Gymnasium batches text."""
    return tuple(describe(family, state, index, None, 1, False) for index in range(len(state)))


OBSERVATIONS: dict[str, tuple[Callable[[GridFamily], spaces.Space[Any]], Callable[[GridFamily, State], Any]]] = {
    "symbolic": (symbolic_space, GridFamily.symbolic),
    "minigrid": (minigrid_space, minigrid_observation),
    "indices": (indices_space, GridFamily.active_rows),
    "relative": (relative_space, relative),
    "relative_indices": (relative_indices_space, relative_rows),
    "text": (text_space, text_observation),
}
"""Space and batched observation of each kind; ``"indices"`` is the sparse form that the learners here read."""


def observation_kind(name: str) -> tuple[Callable[[GridFamily], spaces.Space[Any]], Callable[[GridFamily, State], Any]]:
    """Look up an observation kind.

    Raises:
        ValueError: for an unknown one.
    """
    return OBSERVATIONS[choice("observation", name, OBSERVATIONS)]
