"""Splits that were made by hand."""

import numpy as np
import pytest

from compworld import ModuleSpace, Split, diagnose

PAIRS = ModuleSpace.subsets(8, 2)


def own(trained, held_out, space=PAIRS):
    return Split(space, "own", 0, {}, trained, held_out)


def test_a_split_of_ones_own_keeps_what_it_was_made_of():
    trained = np.arange(len(PAIRS)) < 10
    split = own(trained, ~trained)
    trained[:] = False
    assert split.trained.sum() == 10
    assert split.pool("train").tolist() == list(range(10))
    again = own((np.arange(len(PAIRS)) < 10).tolist(), np.arange(len(PAIRS)) >= 10)
    assert split == again
    assert hash(split) == hash(again)
    assert split != own(split.held_out, split.trained)
    assert split != own(split.trained, split.held_out & (np.arange(len(PAIRS)) > 20))


def test_what_is_no_split_is_refused():
    first, size = np.arange(len(PAIRS)) < 10, len(PAIRS)
    for trained, held_out, message in (
        (first, np.ones(size, dtype=bool), r"combination \(0,\) and 9 others are trained and held out; allowed: each in one"),
        (np.arange(10), np.arange(10, 20), r"trained has shape \(10,\) and numbers of type int64; allowed: bool \(36,\)"),
        (first, np.zeros(9, dtype=bool), r"held_out has shape \(9,\) and numbers of type bool"),
        (first, first.astype(float), r"held_out has shape \(36,\) and numbers of type float64"),
    ):
        with pytest.raises(ValueError, match=message):
            own(trained, held_out)
    with pytest.raises(ValueError, match="space is 36; allowed: a ModuleSpace"):
        own(first, ~first, 36)
    with pytest.raises(ValueError, match=r"split is ModuleSpace.*; allowed: a made one"):
        diagnose(PAIRS)


def test_a_side_without_combinations_is_named_where_it_is_asked_for():
    nothing = own(np.ones(len(PAIRS), dtype=bool), np.zeros(len(PAIRS), dtype=bool))
    assert len(nothing.sha256) == 64
    for ask in (lambda: nothing.pool("held_out"), lambda: diagnose(nothing)):
        with pytest.raises(ValueError, match="split 'held_out' has no combination in support 'own'; allowed: 'train', 'all'"):
            ask()
