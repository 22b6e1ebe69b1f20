"""The rulebook: what a step does and what is seen, for NumPy and torch alike."""

import dataclasses

import numpy as np
import pytest
import torch

from compworld import make_family, randomness
from compworld.fewshot import dense


def test_numpy_and_torch_agree_bit_for_bit(grid, same_states):
    streams = randomness.stream(np.full(500, 9), np.arange(500))
    pool = np.arange(len(grid.space))
    weights = grid.draw_weights(streams, pool)
    weights_torch = grid.draw_weights(torch.asarray(streams), torch.asarray(pool))
    np.testing.assert_array_equal(weights, weights_torch.numpy())
    state, state_torch = grid.place(streams, weights), grid.place(torch.asarray(streams), weights_torch)
    same_states(state, state_torch)
    rng = np.random.default_rng(0)
    for _ in range(30):
        actions = rng.integers(grid.actions, size=500)
        state, outcome = grid.step(state, actions)
        state_torch, outcome_torch = grid.step(state_torch, torch.asarray(actions))
        same_states(state, state_torch)
        np.testing.assert_array_equal(grid.active_rows(state), grid.active_rows(state_torch).numpy())
        for field in dataclasses.fields(outcome):
            np.testing.assert_array_equal(getattr(outcome, field.name), getattr(outcome_torch, field.name).numpy())


def test_a_step_leaves_the_given_state_alone(grid, start, same_states):
    state, untouched = start(grid, 50), start(grid, 50)
    for action in range(grid.actions):
        after, _ = grid.step(state, np.full(50, action))
        same_states(state, untouched)
        np.testing.assert_array_equal(after.elapsed_B, 1)


def test_moves_follow_the_walls(grid, start):
    state = start(grid, 300)
    rng = np.random.default_rng(1)
    columns = grid.shape[1]
    first_move = grid.action_names.index("up")
    for _ in range(20):
        action = rng.integers(first_move, first_move + 4, size=300)
        after, _ = grid.step(state, action)
        for episode in range(0, 300, 10):
            row, column = divmod(int(state.agent_B[episode]), columns)
            name = grid.action_names[action[episode]]
            down, right = {"up": (-1, 0), "right": (0, 1), "down": (1, 0), "left": (0, -1)}[name]
            target = (row + down, column + right)
            inside = 0 <= target[0] < grid.shape[0] and 0 <= target[1] < columns
            free = inside and not grid.walls[(state.maze_B[episode], *target)]
            assert divmod(int(after.agent_B[episode]), columns) == (target if free else (row, column))
            assert after.facing_B[episode] == {"up": 3, "right": 0, "down": 1, "left": 2}[name]
        state = after


def test_preferences_collecting_pays_the_weighted_preferences(start):
    family = make_family("preferences")
    state = start(family, 400)
    rng = np.random.default_rng(2)
    collected = 0
    for _ in range(15):
        after, outcome = family.step(state, rng.integers(1, 5, size=400))
        for episode in range(400):
            gone = np.flatnonzero(state.remaining_BO[episode] & ~after.remaining_BO[episode])
            entered = np.flatnonzero(state.remaining_BO[episode] & (state.object_cell_BO[episode] == after.agent_B[episode]))
            assert gone.tolist() == entered.tolist()
            worth = state.weights_BM[episode] @ family.preferences[:, state.object_feature_BO[episode, gone]]
            assert outcome.reward_B[episode] == pytest.approx(worth.sum(), abs=1e-12)
            liked = state.object_reward_BO[episode] > 0
            assert outcome.success_B[episode] == (after.remaining_BO[episode] == ~liked).all()
            collected += len(gone)
        assert not outcome.terminated_B.any()
        state = after
    assert collected > 300


def test_preferences_nothing_ends_the_episode_in_place(start):
    family = make_family("preferences")
    state = start(family, 100)
    after, outcome = family.step(state, np.zeros(100, dtype=np.int64))
    assert outcome.terminated_B.all()
    assert not outcome.reward_B.any()
    np.testing.assert_array_equal(after.agent_B, state.agent_B)
    np.testing.assert_array_equal(after.remaining_BO, state.remaining_BO)


@pytest.mark.parametrize("name", ["goals", "goals-small"])
def test_goals_only_the_right_interaction_on_the_goal_wins(name, start):
    family = make_family(name, interactions=4)
    state = start(family, 200)
    goal = family.goal_cell(state)
    on_goal = dataclasses.replace(state, agent_B=goal.copy())
    on_other = dataclasses.replace(state, agent_B=state.object_cell_BO[:, 1].copy())
    for action in range(family.actions):
        actions = np.full(200, action)
        right = action - 4 == state.interaction_B
        for here, wins in ((on_goal, right), (on_other, np.zeros(200, dtype=bool)), (state, np.zeros(200, dtype=bool))):
            after, outcome = family.step(here, actions)
            np.testing.assert_array_equal(outcome.success_B, wins)
            np.testing.assert_array_equal(outcome.terminated_B, wins)
            np.testing.assert_array_equal(outcome.reward_B, wins)
            if action >= 4:
                np.testing.assert_array_equal(after.agent_B, here.agent_B)


def test_active_rows_are_the_sparse_form_of_the_dense_observation(grid, start):
    state = start(grid, 200)
    rng = np.random.default_rng(0)
    for _ in range(10):
        observed = grid.symbolic(state)
        assert observed.dtype == np.uint8
        assert observed.shape == (200, *grid.shape, grid.channels)
        np.testing.assert_array_equal(dense(grid, grid.active_rows(state)), observed)
        np.testing.assert_array_equal(observed[..., -1], grid.walls[state.maze_B])
        np.testing.assert_array_equal(observed[..., -2].reshape(200, -1).argmax(axis=1), state.agent_B)
        np.testing.assert_array_equal(observed[..., -2].sum(axis=(1, 2)), 1)
        np.testing.assert_array_equal(observed[..., :-2].sum(axis=(1, 2, 3)), state.remaining_BO.sum(axis=1))
        for episode in range(0, 200, 20):
            for cell, feature, there in zip(
                state.object_cell_BO[episode], state.object_feature_BO[episode], state.remaining_BO[episode], strict=True
            ):
                assert observed[(episode, *divmod(cell, grid.shape[1]), feature)] == there
        state, _ = grid.step(state, rng.integers(grid.actions, size=200))
