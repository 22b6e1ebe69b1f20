"""Starts of episodes: nothing overlaps, every one is solvable, and the draws are uniform."""

import numpy as np
import pytest

from compworld import make_family, randomness

SEEDS = 10_000


def test_nothing_overlaps(grid, start):
    state = start(grid, SEEDS)
    walls = grid.walls.reshape(grid.mazes, -1)
    occupied = np.concatenate([state.agent_B[:, None], state.object_cell_BO], axis=1)
    assert not walls[state.maze_B[:, None], occupied].any()
    ordered = np.sort(occupied, axis=1)
    assert (np.diff(ordered, axis=1) > 0).all()
    assert state.remaining_BO.all()
    assert not state.elapsed_B.any()
    assert set(np.unique(state.object_feature_BO)) == set(range(grid.features))


def test_every_episode_is_solvable(grid, start):
    """The expert reaches the best return within the horizon, from 10,000 starts."""
    state = start(grid, SEEDS)
    expert = grid.expert
    best = expert.optimal_return(state, np.full(SEEDS, grid.horizon))
    if grid.name == "goals":
        goal = state.object_cell_BO[:, 0]
        away = grid.distance[state.maze_B, state.agent_B, goal]
        assert (away >= grid.sizes["start_distance"]).all()
        assert (away + 1 <= grid.horizon).all()
        np.testing.assert_array_equal(best, 1)
    else:
        assert (best >= 0).all()
        assert np.isfinite(best).all()
        assert (best > 0).mean() > 0.5
    if grid.name != "goals":
        state, best = state[:1500], best[:1500]
    total, running = np.zeros(len(state)), np.ones(len(state), dtype=bool)
    solved = np.zeros(len(state), dtype=bool)
    for step in range(grid.horizon):
        if not running.any():
            break
        remaining = np.full(len(state), grid.horizon - step)
        state, outcome = grid.step(state, expert.optimal_action(state, remaining))
        total += outcome.reward_B * running
        solved |= outcome.success_B & running
        running &= ~outcome.terminated_B
    np.testing.assert_allclose(total, best, atol=1e-9)
    if grid.name == "goals":
        assert solved.all()


@pytest.mark.parametrize("name", ["goals", "goals-small"])
def test_goal_lies_where_the_task_says(name, start):
    grid = make_family(name)
    state = start(grid, SEEDS)
    quadrant, interaction, maze, goal_type = grid.factor_values(state.weights_BM)
    row, column = np.divmod(grid.goal_cell(state), grid.shape[1])
    middle = grid.shape[0] // 2
    np.testing.assert_array_equal(row < middle, quadrant < 2)
    np.testing.assert_array_equal(row > middle, quadrant >= 2)
    np.testing.assert_array_equal(column < middle, quadrant % 2 == 0)
    np.testing.assert_array_equal(column > middle, quadrant % 2 == 1)
    np.testing.assert_array_equal(state.maze_B, maze)
    np.testing.assert_array_equal(state.interaction_B, interaction)
    np.testing.assert_array_equal(state.object_feature_BO[:, 0], goal_type)
    assert (np.diff(np.sort(state.object_feature_BO, axis=1), axis=1) > 0).all()
    np.testing.assert_array_equal(state.object_reward_BO.sum(axis=1), 1)


@pytest.mark.parametrize("world", range(1, 25))
def test_other_worlds_are_solvable(world, start):
    family = make_family("goals-small", world)
    state = start(family, 300)
    assert (family.expert.optimal_return(state, np.full(300, family.horizon)) == 1).all()


def test_preferences_placement_is_uniform(start):
    family = make_family("preferences")
    state = start(family, 20_000)
    free = np.flatnonzero(~family.walls[0].reshape(-1))
    for cells in (state.agent_B, state.object_cell_BO[:, 0], state.object_cell_BO[:, 3]):
        counts = np.bincount(cells, minlength=49)[free]
        expected = 20_000 / 19
        assert ((counts - expected) ** 2 / expected).sum() < 18 + 4 * np.sqrt(36)
    counts = np.bincount(state.object_feature_BO.reshape(-1))
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 7 + 4 * np.sqrt(14)


def test_an_episode_does_not_depend_on_its_batch(grid, start, same_states):
    together = start(grid, 40, key=3)
    streams = randomness.stream(np.asarray([3]), np.asarray([25]))
    same_states(grid.place(streams, grid.draw_weights(streams, np.arange(len(grid.space)))), together[25:26])


def test_worlds_differ_and_repeat():
    assert (make_family("goals", 1).walls != make_family("goals", 2).walls).any()
    assert (make_family("preferences", 1).preferences != make_family("preferences", 2).preferences).all()
    np.testing.assert_array_equal(make_family("goals", 1).walls, make_family("goals", 1).walls)
    np.testing.assert_array_equal(make_family("preferences", 1).preferences, make_family("preferences", 1).preferences)
