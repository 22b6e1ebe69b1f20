"""Diagnosis of splits against independent brute force."""

import numpy as np
import pytest

from compworld import ModuleSpace, diagnose, make_split

PAIRS = ModuleSpace.subsets(8, 2)
GOALS = ModuleSpace.product(quadrant=4, interaction=2, maze=5, object=5)


def groups_of(sets):
    """Connected components by merging sets that share a member."""
    groups = []
    for members in map(set, sets):
        touching = [group for group in groups if group & members]
        groups = [group for group in groups if not group & members] + [members.union(*touching)]
    return sorted(tuple(sorted(group)) for group in groups)


def test_diagnosis_equals_brute_force(family, support):
    space = family.space
    if support == "active_modules" and space.factors:
        pytest.skip("needs combinations of different sizes")
    split = make_split(space, support)
    found = diagnose(split)
    trained = [set(space.decode(int(index))) for index in split.pool("train")]
    held_out = [set(space.decode(int(index))) for index in split.pool("held_out")]
    for module in range(space.modules):
        assert found.covered[module] == any(module in members for members in trained)
        for other in range(space.modules):
            assert found.co_occurrence[module, other] == sum({module, other} <= members for members in trained)
    assert sorted(found.components) == groups_of(trained)
    distances = [min(max(len(a - b), len(b - a)) for b in trained) for a in held_out]
    assert found.distances.tolist() == distances
    assert found.distances.min() >= 1
    assert found.compositional == (support != "non_compositional")
    report = str(found)
    for expected in (support, split.sha256, f"trained {len(trained)}, held out {len(held_out)}"):
        assert expected in report


def test_connected_and_disconnected_are_what_they_say(family):
    assert diagnose(make_split(family.space, "connected")).connected
    disconnected = diagnose(make_split(family.space, "disconnected"))
    assert not disconnected.connected
    assert len(disconnected.components) == 2


def test_components_of_pairs_of_eight():
    assert diagnose(make_split(PAIRS, "disconnected")).components == ((0, 1, 2, 3), (4, 5, 6, 7))
    assert diagnose(make_split(PAIRS, "connected")).components == (tuple(range(8)),)


def test_uncovered_modules_are_named():
    found = diagnose(make_split(PAIRS, "non_compositional"))
    assert np.flatnonzero(~found.covered).tolist() == [7]
    assert "no, never trained: module 7" in str(found)
    assert "compositional support: yes" in str(diagnose(make_split(PAIRS, "random")))
    assert "no, 2 components" in str(diagnose(make_split(PAIRS, "disconnected")))


def test_distances_of_k_hot_goals():
    split = make_split(GOALS, "k_hot")
    departures = [
        sum(value != 0 for value in GOALS.factor_values(GOALS.decode(int(index)))) for index in split.pool("held_out")
    ]
    assert diagnose(split).distances.tolist() == [number - 2 for number in departures]
