"""Demonstrations: what the expert showed is what happens."""

import numpy as np
import torch

from compworld.demonstrations import demonstrate
from compworld.experts import expert_for
from compworld.families import Goals
from compworld.families.base import STATE_FIELDS, State

COLUMNS = ("rows_BLR", "actions_BL", "action_values_BLA", "valid_BL")


def test_replay(family, start):
    """Acting as shown reproduces the observations; the last valid step ends the episode, no earlier one does."""
    state = start(family, 200)
    expert = expert_for(family)
    shown = demonstrate(family, expert, state)
    length = shown.valid_BL.shape[1]
    assert length <= family.horizon
    np.testing.assert_array_equal(shown.actions_BL, shown.action_values_BLA.argmax(axis=2))
    running = np.ones(200, dtype=bool)
    plan = expert.plan(state)
    for step in range(length):
        np.testing.assert_array_equal(shown.valid_BL[:, step], running)
        np.testing.assert_array_equal(shown.rows_BLR[:, step], family.active_rows(state))
        np.testing.assert_allclose(shown.action_values_BLA[:, step], expert.action_values(plan, state), rtol=1e-6)
        state, outcome = family.step(state, shown.actions_BL[:, step])
        last = shown.valid_BL[:, step] & (~shown.valid_BL[:, step + 1] if step + 1 < length else True)
        if step + 1 < family.horizon:
            np.testing.assert_array_equal(outcome.terminated_B & running, last)
        if isinstance(family, Goals):
            np.testing.assert_array_equal(outcome.success_B & running, last)
        running &= ~outcome.terminated_B
    assert shown.valid_BL.sum(axis=1).min() >= 1
    if isinstance(family, Goals):
        assert not running.any()
        assert shown.valid_BL.sum(axis=1).max() == length


def test_types(family, start):
    shown = demonstrate(family, expert_for(family), start(family, 5))
    assert [getattr(shown, name).dtype for name in COLUMNS] == [np.int64, np.int64, np.float32, np.bool_]
    assert shown.rows_BLR.shape[2] == family.rows
    assert shown.rows_BLR.min() >= 0
    assert shown.rows_BLR.max() < family.row_count


def test_numpy_and_torch_agree(family, start):
    state = start(family, 60)
    shown = demonstrate(family, expert_for(family), state)
    state_torch = State(*(torch.asarray(getattr(state, name)) for name in STATE_FIELDS))
    shown_torch = demonstrate(family, expert_for(family), state_torch)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(shown, name), getattr(shown_torch, name).numpy())
