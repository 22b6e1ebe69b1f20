"""Demonstrations: what the expert showed is what happens."""

import numpy as np
import torch

from compworld.families.demonstrations import demonstrate
from compworld.families.state import STATE_FIELDS, State

COLUMNS = ("rows_BLR", "actions_BL", "action_values_BLA", "rewards_BL", "valid_BL")


def test_replay(grid, start):
    """Acting as shown reproduces the observations; the last valid step ends the episode, no earlier one does."""
    state = start(grid, 200)
    expert = grid.expert
    shown = demonstrate(grid, state)
    length = shown.valid_BL.shape[1]
    assert length <= grid.horizon
    np.testing.assert_array_equal(shown.actions_BL, shown.action_values_BLA.argmax(axis=2))
    running = np.ones(200, dtype=bool)
    plan = expert.plan(state)
    for step in range(length):
        np.testing.assert_array_equal(shown.valid_BL[:, step], running)
        np.testing.assert_array_equal(shown.rows_BLR[:, step], grid.active_rows(state))
        np.testing.assert_allclose(shown.action_values_BLA[:, step], expert.action_values(plan, state), rtol=1e-6)
        state, outcome = grid.step(state, shown.actions_BL[:, step])
        np.testing.assert_allclose(shown.rewards_BL[:, step], np.where(running, outcome.reward_B, 0), rtol=1e-6)
        last = shown.valid_BL[:, step] & (~shown.valid_BL[:, step + 1] if step + 1 < length else True)
        if step + 1 < grid.horizon:
            np.testing.assert_array_equal(outcome.terminated_B & running, last)
        if grid.name == "goals":
            np.testing.assert_array_equal(outcome.success_B & running, last)
        running &= ~outcome.terminated_B
    assert shown.valid_BL.sum(axis=1).min() >= 1
    if grid.name == "goals":
        assert not running.any()
        assert shown.valid_BL.sum(axis=1).max() == length


def test_types(grid, start):
    shown = demonstrate(grid, start(grid, 5))
    assert [getattr(shown, name).dtype for name in COLUMNS] == [np.int64, np.int64, np.float32, np.float32, np.bool_]
    assert shown.rows_BLR.shape[2] == grid.rows
    assert shown.rows_BLR.min() >= 0
    assert shown.rows_BLR.max() < grid.row_count


def test_numpy_and_torch_agree(grid, start):
    state = start(grid, 60)
    shown = demonstrate(grid, state)
    state_torch = State(*(torch.asarray(getattr(state, name)) for name in STATE_FIELDS))
    shown_torch = demonstrate(grid, state_torch)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(shown, name), getattr(shown_torch, name).numpy())
