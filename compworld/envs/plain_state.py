"""Episode states as plain JSON-able data, and back with every impossibility named."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compworld.arguments import flag, integer, shown
from compworld.families.grid import GridFamily
from compworld.families.state import State

KEYS = ("task", "maze", "agent", "facing", "objects", "elapsed")


def state_to_plain(family: GridFamily, state: State) -> dict[str, Any]:
    """A state of one episode: task, maze number, agent and objects at [row, column], and the steps so far."""
    columns = family.shape[1]
    return {
        "task": family.task_of(state.weights_BM[0]),
        "maze": int(state.maze_B[0]),
        "agent": list(divmod(int(state.agent_B[0]), columns)),
        "facing": int(state.facing_B[0]),
        "objects": [
            {"cell": list(divmod(cell, columns)), "feature": feature, "collected": not there}
            for cell, feature, there in zip(
                state.object_cell_BO[0].tolist(),
                state.object_feature_BO[0].tolist(),
                state.remaining_BO[0].tolist(),
                strict=True,
            )
        ],
        "elapsed": int(state.elapsed_B[0]),
    }


def state_from_plain(family: GridFamily, plain: dict[str, Any]) -> State:
    """Inverse of :func:`state_to_plain`.

    Raises:
        ValueError: naming the first thing about the state that is impossible.
    """
    if not isinstance(plain, Mapping) or set(plain) != set(KEYS):
        raise ValueError(f"state is {shown(plain)}; allowed: a dict with the keys {', '.join(map(repr, KEYS))}")
    weights = family.weights_of(plain["task"])
    maze = integer("state maze", plain["maze"], 0, family.mazes - 1)
    agent = _cell("agent", plain["agent"], family, maze)
    objects = plain["objects"]
    if not isinstance(objects, list | tuple) or len(objects) != family.objects:
        raise ValueError(f"state objects are {shown(objects)}; allowed: a list of {family.objects} objects")
    cells, features, remaining = [], [], []
    for number, item in enumerate(objects):
        if not isinstance(item, Mapping) or set(item) != {"cell", "feature", "collected"}:
            raise ValueError(f"state object {number} is {shown(item)}; allowed: a dict with 'cell', 'feature', 'collected'")
        cells.append(_cell(f"object {number}", item["cell"], family, maze))
        features.append(integer(f"state object {number}'s feature", item["feature"], 0, family.features - 1))
        remaining.append(not flag(f"state object {number}'s 'collected'", item["collected"]))
    if len(set(cells)) < len(cells):
        raise ValueError(f"state objects lie at {[item['cell'] for item in objects]}; allowed: different cells")
    state = State(
        weights[None],
        np.asarray([maze]),
        np.asarray([agent]),
        np.asarray([integer("state facing", plain["facing"], 0, 3)]),
        np.asarray([cells]),
        np.asarray([features]),
        np.zeros((1, family.objects)),
        np.asarray([remaining]),
        np.zeros(1, dtype=np.int64),
        np.asarray([integer("state elapsed", plain["elapsed"], 0, 2**31 - 1)]),
    )
    family.finish(state)
    problem = family.check(state)
    if problem:
        raise ValueError(f"state is impossible: {problem}")
    return state


def _cell(name: str, value: Any, family: GridFamily, maze: int) -> int:
    rows, columns = family.shape
    try:
        row, column = value
        row, column = integer(name, row, 0, rows - 1), integer(name, column, 0, columns - 1)
    except (TypeError, ValueError):
        raise ValueError(f"state {name} is at {shown(value)}; allowed: [row below {rows}, column below {columns}]") from None
    if family.walls[maze, row, column]:
        raise ValueError(f"state {name} is at {[row, column]}, a wall; allowed: free cells")
    return row * columns + column
