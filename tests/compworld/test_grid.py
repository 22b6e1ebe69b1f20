"""Layouts, moves and paths against plain breadth-first search."""

from collections import deque

import numpy as np
import pytest

from compworld.grid.layouts import four_rooms, random_maze
from compworld.grid.moves import FACING, MOVES, next_cells
from compworld.grid.objects import OBJECTS, name_of
from compworld.grid.paths import distances

STEPS = {"up": (-1, 0), "right": (0, 1), "down": (1, 0), "left": (0, -1)}


def search(walls, start):
    """Distance to every cell that can be reached from ``start``, by textbook breadth-first search."""
    found, queue = {start: 0}, deque([start])
    while queue:
        row, column = queue.popleft()
        for down, right in STEPS.values():
            there = (row + down, column + right)
            inside = 0 <= there[0] < walls.shape[0] and 0 <= there[1] < walls.shape[1]
            if inside and not walls[there] and there not in found:
                found[there] = found[row, column] + 1
                queue.append(there)
    return found


def connected(walls):
    free = [tuple(cell) for cell in np.argwhere(~walls).tolist()]
    return len(search(walls, free[0])) == len(free)


def test_four_rooms_is_the_papers_layout():
    rows = ["#######", "#  #  #", "#  #  #", "##   ##", "#  #  #", "#  #  #", "#######"]
    np.testing.assert_array_equal(four_rooms(7), [[cell == "#" for cell in row] for row in rows])
    assert (~four_rooms(7)).sum() == 19


@pytest.mark.parametrize("size", [5, 7, 9, 11, 15])
def test_four_rooms_hang_together(size):
    assert connected(four_rooms(size))


@pytest.mark.parametrize(("size", "worlds"), [(5, 100), (7, 100), (11, 150), (15, 10)])
def test_mazes_hang_together(size, worlds):
    different = set()
    for seed in range(worlds):
        walls = random_maze(size, np.random.default_rng(seed))
        assert walls.shape == (size, size)
        assert connected(walls)
        different.add(walls.tobytes())
    assert len(different) > (worlds // 2 if size > 5 else 10)


def test_mazes_of_the_papers_size_have_about_as_many_walls():
    counts = [random_maze(11, np.random.default_rng(seed)).sum() for seed in range(50)]
    assert 46 <= np.mean(counts) <= 50


@pytest.mark.parametrize("size", [3, 6, 0, -7])
def test_impossible_sizes(size):
    with pytest.raises(ValueError, match=rf"size of a four-rooms layout is {size}; allowed: odd numbers from 5"):
        four_rooms(size)
    with pytest.raises(ValueError, match=rf"size of a maze is {size}; allowed: odd numbers from 5"):
        random_maze(size, np.random.default_rng(0))


@pytest.fixture(scope="module")
def mazes():
    return np.stack([random_maze(9, np.random.default_rng(seed)) for seed in range(4)])


def test_moves_stop_at_walls_and_edges(mazes):
    table = next_cells(mazes)
    for maze, walls in enumerate(mazes):
        for row, column in np.argwhere(~walls).tolist():
            for move, name in enumerate(MOVES):
                there = (row + STEPS[name][0], column + STEPS[name][1])
                stopped = not all(0 <= place < 9 for place in there) or walls[there]
                expected = (row, column) if stopped else there
                assert divmod(int(table[maze, row * 9 + column, move]), 9) == expected


def test_facing_is_minigrids_direction():
    from minigrid.core.constants import DIR_TO_VEC

    for move, name in enumerate(MOVES):
        right, down = DIR_TO_VEC[FACING[move]].tolist()
        assert (down, right) == STEPS[name]


def test_distances_are_shortest_paths(mazes):
    table = distances(next_cells(mazes), mazes.reshape(len(mazes), -1))
    for maze, walls in enumerate(mazes):
        expected = np.full((81, 81), -1)
        for start in map(tuple, np.argwhere(~walls).tolist()):
            for cell, steps in search(walls, start).items():
                expected[start[0] * 9 + start[1], cell[0] * 9 + cell[1]] = steps
        np.testing.assert_array_equal(table[maze], expected)


def test_distance_is_minus_one_where_no_path_leads():
    walls = np.zeros((1, 5, 5), dtype=bool)
    walls[0, 2] = True
    table = distances(next_cells(walls), walls.reshape(1, -1))[0]
    assert table[0, 4] == 4
    assert table[0, 24] == table[24, 0] == table[0, 12] == table[12, 12] == -1


def test_objects_are_all_different():
    assert len(set(OBJECTS)) == len(OBJECTS) == 15
    assert len({name_of(feature) for feature in range(15)}) == 15
