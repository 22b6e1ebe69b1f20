"""Walls: the four-rooms layout of Preferences and the random mazes of Goals, as boolean arrays [rows, columns]."""

import numpy as np

LARGEST_SIDE = 99
"""What is known of all pairs of cells grows with its fourth power."""


def four_rooms(size: int) -> np.ndarray:
    """Four rooms behind an outer wall, joined through three free cells at the centre.

    Args:
        size: odd side length in cells, at least 5. Size 7 is the paper's layout with 19 free cells.
    """
    _check_side("a four-rooms layout", size)
    walls = np.zeros((size, size), dtype=bool)
    middle = size // 2
    walls[[0, -1], :] = walls[:, [0, -1]] = True
    walls[:, middle] = walls[middle, :] = True
    walls[middle, middle - 1 : middle + 2] = False
    return walls


def random_maze(size: int, rng: np.random.Generator, complexity: float = 0.75, density: float = 0.75) -> np.ndarray:
    """A maze without outer wall, grown aisle by aisle from random pillars.

    Walls only ever reach out to pillars that stand free, so they form no cycle and all free cells stay connected.

    Args:
        size: odd side length in cells, at least 5.
        rng: source of the maze.
        complexity: length of an aisle, relative to the size.
        density: number of aisles, relative to the number of pillars.
    """
    _check_side("a maze", size)
    # Pillars live on even coordinates of a grid with a border, which is cut off at the end.
    side = size + 2
    last = side // 2
    walls = np.zeros((side, side), dtype=bool)
    walls[[0, -1], :] = walls[:, [0, -1]] = True
    for _ in range(int(density * last * last)):
        row, column = (2 * rng.integers(0, last + 1, size=2)).tolist()
        walls[row, column] = True
        for _ in range(int(complexity * 10 * side)):
            steps = [
                (row + down, column + right)
                for down, right in ((0, -2), (0, 2), (-2, 0), (2, 0))
                if 0 <= row + down < side and 0 <= column + right < side
            ]
            next_row, next_column = steps[int(rng.integers(len(steps)))]
            if not walls[next_row, next_column]:
                walls[next_row, next_column] = True
                walls[(row + next_row) // 2, (column + next_column) // 2] = True
                row, column = next_row, next_column
    return walls[1:-1, 1:-1].copy()


def _check_side(what: str, size: int) -> None:
    if not 5 <= size <= LARGEST_SIDE or size % 2 == 0:
        raise ValueError(f"size of {what} is {size}; allowed: odd numbers from 5 to {LARGEST_SIDE}")
