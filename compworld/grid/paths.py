"""Shortest paths between all cells of a maze."""

import numpy as np


def distances(next_cell: np.ndarray, walls: np.ndarray) -> np.ndarray:
    """Number of moves of the shortest path between free cells, by breadth-first search from all cells at once.

    Args:
        next_cell: int [mazes, cells, moves] from :func:`compworld.grid.moves.next_cells`.
        walls: bool [mazes, cells].

    Returns:
        int64 [mazes, cells (from), cells (to)]; -1 where no path leads.
    """
    mazes, cells, _ = next_cell.shape
    distance = np.full((mazes, cells, cells), -1, dtype=np.int64)
    reached = np.eye(cells, dtype=bool)[None] & ~walls[:, :, None] & ~walls[:, None, :]
    distance[reached] = 0
    for steps in range(1, cells):
        grown = reached | np.take_along_axis(
            reached[:, None].repeat(next_cell.shape[2], axis=1), next_cell.transpose(0, 2, 1)[..., None], axis=2
        ).any(axis=1)
        grown &= ~walls[:, :, None]
        if (grown == reached).all():
            break
        distance[grown & ~reached] = steps
        reached = grown
    return distance
