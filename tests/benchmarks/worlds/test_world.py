"""Worlds: sets of tasks are what they say; environments are of the world's own family and split."""

import numpy as np
import pytest

from compworld.benchmarks.worlds.world import SETS, World
from tests.benchmarks.conftest import tiny


def test_scored_sets_are_what_they_say() -> None:
    world = World(tiny())
    combinations = {which: world.family.combination_of(world.tasks(which, 60, 0)[1]) for which in SETS}
    assert world.split.held_out[combinations["held_out"]].all()
    assert world.split.trained[combinations["fresh_episodes"]].all()
    assert world.split.trained[combinations["train"]].all()
    # Combinations take turns, so that none dominates.
    assert len(set(combinations["held_out"].tolist())) == world.split.held_out.sum()
    streams = [set(world.tasks(which, 60, 0)[0].tolist()) for which in SETS]
    streams.append(set(world.tasks("fresh_episodes", 60, 0, "validation")[0].tolist()))
    assert len(set.union(*streams)) == 240


def test_an_unknown_set_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown set 'test'; allowed: 'train', 'fresh_episodes', 'held_out'"):
        World(tiny()).tasks("test", 3, 0)


def test_environments_are_the_worlds_own(family_name: str) -> None:
    world = World(tiny(family=family_name, support="disconnected", world=3))
    if not world.has_environment:
        with pytest.raises(ValueError, match="has no environment; allowed: 'preferences', "):
            world.environments(2)
        return
    several, one = world.environments(3), world.environment()
    for environment in (several, one):
        assert environment.family is world.family
        assert environment.task_split is world.split
    observations, _ = several.reset(seed=5)
    np.testing.assert_array_equal(observations[0], one.reset(seed=5)[0])
