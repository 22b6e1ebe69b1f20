"""Episode states as plain JSON-able data, and back with every impossibility named."""

from typing import Any

import numpy as np

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
    if not isinstance(plain, dict) or set(plain) != set(KEYS):
        raise ValueError(f"state is {plain!r}; allowed: a dict with the keys {', '.join(map(repr, KEYS))}")
    weights = family.weights_of(plain["task"])
    maze = _integer("maze", plain["maze"], family.mazes)
    agent = _cell("agent", plain["agent"], family, maze)
    objects = plain["objects"]
    if not isinstance(objects, list) or len(objects) != family.objects:
        raise ValueError(f"state objects are {objects!r}; allowed: a list of {family.objects} objects")
    cells, features, remaining = [], [], []
    for number, item in enumerate(objects):
        if not isinstance(item, dict) or set(item) != {"cell", "feature", "collected"}:
            raise ValueError(f"state object {number} is {item!r}; allowed: a dict with 'cell', 'feature', 'collected'")
        if not isinstance(item["collected"], bool | np.bool_):
            raise ValueError(f"state object {number} has 'collected' {item['collected']!r}; allowed: True, False")
        cells.append(_cell(f"object {number}", item["cell"], family, maze))
        features.append(_integer(f"object {number}'s feature", item["feature"], family.features))
        remaining.append(not item["collected"])
    if len(set(cells)) < len(cells):
        raise ValueError(f"state objects lie at {[item['cell'] for item in objects]}; allowed: different cells")
    state = State(
        weights[None],
        np.asarray([maze]),
        np.asarray([agent]),
        np.asarray([_integer("facing", plain["facing"], 4)]),
        np.asarray([cells]),
        np.asarray([features]),
        np.zeros((1, family.objects)),
        np.asarray([remaining]),
        np.zeros(1, dtype=np.int64),
        np.asarray([_integer("elapsed", plain["elapsed"], 2**31)]),
    )
    family.finish(state)
    problem = family.check(state)
    if problem:
        raise ValueError(f"state is impossible: {problem}")
    return state


def _integer(name: str, value: Any, upper: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value < upper:
        raise ValueError(f"state {name} is {value!r}; allowed: integers from 0 to {upper - 1}")
    return int(value)


def _cell(name: str, value: Any, family: GridFamily, maze: int) -> int:
    rows, columns = family.shape
    try:
        row, column = value
        row, column = _integer(name, row, rows), _integer(name, column, columns)
    except (TypeError, ValueError):
        raise ValueError(f"state {name} is at {value!r}; allowed: [row below {rows}, column below {columns}]") from None
    if family.walls[maze, row, column]:
        raise ValueError(f"state {name} is at {[row, column]}, a wall; allowed: free cells")
    return row * columns + column
