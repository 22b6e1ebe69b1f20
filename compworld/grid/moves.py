"""The four moves and where they lead."""

import numpy as np

MOVES = ("up", "right", "down", "left")
OFFSETS = ((-1, 0), (0, 1), (1, 0), (0, -1))
"""Row and column offset of each move."""

FACING = np.asarray([3, 0, 1, 2])
"""MiniGrid's direction number (0 right, 1 down, 2 left, 3 up) after each move."""


def next_cells(walls: np.ndarray) -> np.ndarray:
    """Cell reached from every cell by every move; walls and the grid's edge stop the agent.

    Args:
        walls: bool [mazes, rows, columns].

    Returns:
        int64 [mazes, cells, 4]; a cell is ``row * columns + column``.
    """
    mazes, rows, columns = walls.shape
    table = np.empty((mazes, rows, columns, len(MOVES)), dtype=np.int64)
    here = np.arange(rows * columns).reshape(rows, columns)
    for move, (down, right) in enumerate(OFFSETS):
        row = np.clip(np.arange(rows) + down, 0, rows - 1)
        column = np.clip(np.arange(columns) + right, 0, columns - 1)
        there = here[np.ix_(row, column)]
        table[..., move] = np.where(walls.reshape(mazes, -1)[:, there], here, there)
    return table.reshape(mazes, rows * columns, len(MOVES))
