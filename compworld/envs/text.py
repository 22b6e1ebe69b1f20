"""The scene in words, for agents that read: written by :func:`describe`, and read back exactly by :func:`parse`.

    Maze 0, 7 rows and 7 columns; # is a wall, @ is you, small letters are objects.
    #######
    #..#a.#
    ...
    You are at row 1, column 5, facing right.
    Objects: a = blue ball at row 1, column 4; b = green key (collected).
    Actions: 0 nothing, 1 up, 2 right, 3 down, 4 left.
    Episode 2 of 4, 8 steps left. It has just begun.
    Last action: right. Last reward: 0.5.
    Task: likes blue ball 1.2

Rows and columns count from 0 in the north-west. The lines about episode and last action are there in trials; the line of the
task where the agent is told it.
"""

import re
import string
from itertools import takewhile
from typing import Any

import numpy as np
from gymnasium import spaces

from compworld.families.grid import GridFamily
from compworld.families.state import State
from compworld.grid.objects import OBJECTS, name_of

CHARACTERS = string.ascii_letters + string.digits + " .,;:-+#@=()\n"
FACINGS = ("right", "down", "left", "up")
_NAMES = {name_of(feature): feature for feature in range(len(OBJECTS))}


def text_space(family: GridFamily) -> spaces.Space[Any]:
    """Texts of :func:`describe`, with room for the longest."""
    rows, columns = family.shape
    room = rows * (columns + 1) + 60 * family.objects + 24 * family.actions + 1000
    return spaces.Text(min_length=1, max_length=room, charset=CHARACTERS)


def describe(
    family: GridFamily, state: State, index: int, parts: dict[str, np.ndarray] | None, episodes: int, mission: bool
) -> str:
    """The scene of one environment in words.

    Args:
        family: whose rules hold.
        state: a batch of episodes.
        index: which of them.
        parts: of the trials, from :meth:`TrialEngine.parts`; None where there are none.
        episodes: K, of a trial.
        mission: whether to tell the task.
    """
    rows, columns = family.shape
    maze, agent = int(state.maze_B[index]), int(state.agent_B[index])
    cells = np.where(family.walls[maze].reshape(-1), "#", ".").tolist()
    items = []
    # The order in which a state has objects would tell which one is the goal.
    objects = sorted(
        zip(
            state.object_feature_BO[index].tolist(),
            state.object_cell_BO[index].tolist(),
            state.remaining_BO[index].tolist(),
            strict=True,
        )
    )
    for number, (feature, cell, there) in enumerate(objects):
        letter = string.ascii_lowercase[number % 26]
        row, column = divmod(cell, columns)
        items.append(f"{letter} = {name_of(feature)} {f'at row {row}, column {column}' if there else '(collected)'}")
        if there:
            cells[cell] = letter
    cells[agent] = "@"
    grid = ["".join(cells[row * columns : (row + 1) * columns]) for row in range(rows)]
    row, column = divmod(agent, columns)
    lines = [
        f"Maze {maze}, {rows} rows and {columns} columns; # is a wall, @ is you, small letters are objects.",
        *grid,
        f"You are at row {row}, column {column}, facing {FACINGS[int(state.facing_B[index])]}.",
        f"Objects: {'; '.join(items)}.",
        f"Actions: {', '.join(f'{number} {name}' for number, name in enumerate(family.action_names))}.",
    ]
    if parts is not None:
        begun = " It has just begun." if parts["episode_start"][index] else ""
        left = int(parts["steps_left"][index, 0])
        lines.append(f"Episode {int(parts['episode'][index]) + 1} of {episodes}, {left} steps left.{begun}")
        action, reward = int(parts["previous_action"][index]), parts["previous_reward"][index, 0]
        done = "none" if action == family.actions else f"{family.action_names[action]}. Last reward: {reward!s}"
        lines.append(f"Last action: {done}.")
    if mission:
        lines.append(f"Task: {family.mission(state.weights_BM[index])}")
    return "\n".join(lines)


_LINES = {
    "maze": re.compile(r"^Maze (\d+),"),
    "agent": re.compile(r"^You are at row (\d+), column (\d+), facing (\w+)\.$"),
    "object": re.compile(r"^\w = ([\w ]+?) (?:at row (\d+), column (\d+)|\(collected\))$"),
    "episode": re.compile(r"^Episode (\d+) of (\d+), (\d+) steps left\.( It has just begun\.)?$"),
    "last": re.compile(r"^Last action: (?:none|([\w ]+)\. Last reward: (\S+))\.$"),
}


def parse(text: str) -> dict[str, Any]:
    """Read a text of :func:`describe`.

    Returns:
        ``maze``; ``walls``, bool [rows, columns]; ``agent``, [row, column]; ``facing``, as in
        ``get_state()``; ``objects``, a list of ``{"name": "blue ball", "feature": 0, "cell": [1, 4], "collected": False}``,
        with ``cell`` None for a collected one; ``actions``, their names in order. In trials ``episode`` (from 0), ``episodes``,
        ``steps_left``, ``episode_start``, ``previous_action`` (a name or None) and ``previous_reward``. Where it is told,
        ``mission``.

    Raises:
        ValueError: the line that is not as :func:`describe` writes it.
    """
    lines = text.split("\n")
    first = _match("maze", lines[0])
    grid = list(takewhile(lambda line: line and set(line) <= set("#.@" + string.ascii_lowercase), lines[1:]))
    found: dict[str, Any] = {"maze": int(first[1])}
    if not grid or len({len(line) for line in grid}) > 1:
        raise ValueError(f"text has the grid {grid!r}; allowed: rows of the same length")
    found["walls"] = np.asarray([[character == "#" for character in line] for line in grid])
    for line in lines[1 + len(grid) :]:
        word = line.split(" ")[0]
        if word == "You":
            row, column, facing = _match("agent", line).groups()
            found.update(agent=[int(row), int(column)], facing=FACINGS.index(facing))
        elif word == "Objects:":
            found["objects"] = [_object(item) for item in line.removeprefix("Objects: ").removesuffix(".").split("; ")]
        elif word == "Actions:":
            items = line.removeprefix("Actions: ").removesuffix(".").split(", ")
            found["actions"] = [item.partition(" ")[2] for item in items]
        elif word == "Episode":
            episode, episodes, left, begun = _match("episode", line).groups()
            found.update(episode=int(episode) - 1, episodes=int(episodes), steps_left=int(left), episode_start=bool(begun))
        elif word == "Last":
            action, reward = _match("last", line).groups()
            found.update(previous_action=action, previous_reward=0.0 if action is None else float(reward))
        elif word == "Task:":
            found["mission"] = line.removeprefix("Task: ")
        else:
            raise ValueError(f"text has the line {line!r}; allowed: lines as describe() writes them")
    return found


def _object(item: str) -> dict[str, Any]:
    name, row, column = _match("object", item).groups()
    if name not in _NAMES:
        raise ValueError(f"text names the object {name!r}; allowed: {', '.join(map(repr, _NAMES))}")
    cell = None if row is None else [int(row), int(column)]
    return {"name": name, "feature": _NAMES[name], "cell": cell, "collected": cell is None}


def _match(kind: str, line: str) -> re.Match[str]:
    found = _LINES[kind].match(line)
    if found is None:
        raise ValueError(f"text has the line {line!r}; allowed: lines as describe() writes them")
    return found
