"""Where methods fail: means that one finds by hand, modules in the order that the axes name, a picture for each family."""

from itertools import product
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest

from compworld import diagnose, make_family, make_split
from compworld.benchmarks.leaderboard import board
from compworld.benchmarks.leaderboard.sections import Row, Section
from compworld.benchmarks.recipes.presets import preset
from compworld.benchmarks.reports.failures import ScoredTasks, hardest_first, names_in_order, sorted_by_world
from compworld.benchmarks.scores.names import headline
from compworld.modules.spaces import ModuleSpace

TASKS = 40


def made_up(family_name: str, world: int, support: str = "random", seed: int = 0) -> dict[str, Any]:
    """The result of a run with scores drawn from nowhere."""
    rng = np.random.default_rng([seed, world])
    family = make_family(family_name, world)
    split = make_split(family.space, support, world)
    config = preset("quick" if family.variant else "standard").config(family_name, "anil", world, support)
    scores = {
        which: {
            "combination": rng.choice(split.pool(pool), TASKS).tolist(),
            headline(family): rng.uniform(size=TASKS).tolist(),
        }
        for which, pool in {"fresh_episodes": "train", "held_out": "held_out"}.items()
    }
    return {"config": config.as_dict(), "scores": scores}


def tasks_of(result: dict[str, Any]) -> ScoredTasks:
    family = make_family(result["config"]["family"])
    return ScoredTasks.of_run(result, family.space, headline(family))


@pytest.mark.parametrize("family_name", ["goals-small", "preferences-small", "teacher-small", "teacher"])
def test_maps_are_means_over_held_out_tasks_of_all_worlds(family_name: str) -> None:
    family = make_family(family_name)
    results = [made_up(family_name, world) for world in range(2)]
    found = ScoredTasks.joined([tasks_of(result) for result in results])
    assert found.worlds == 2
    table = found.by_modules()
    blank = 0
    for i, j in product(range(family.space.modules), repeat=2):
        values = [
            value
            for result in results
            for combination, value in zip(
                result["scores"]["held_out"]["combination"], result["scores"]["held_out"][headline(family)], strict=True
            )
            if {i, j} <= set(family.space.decode(combination))
        ]
        blank += not values
        assert np.isnan(table[i, j]) if not values else table[i, j] == pytest.approx(np.mean(values))
    assert (blank > 0) == (family_name != "teacher")


def test_distances_have_means_over_worlds_and_their_tasks() -> None:
    results = [made_up("goals-small", world, "connected") for world in range(2)]
    found = ScoredTasks.joined([tasks_of(result) for result in results]).by_distance()
    assert list(found) == [0, 1, 2]
    by_hand: dict[int, list[list[float]]] = {0: [], 1: [], 2: []}
    for result in results:
        split = make_split(make_family("goals-small").space, "connected", result["config"]["world"])
        distances = dict(zip(np.flatnonzero(split.held_out), diagnose(split).distances, strict=True))
        scores = result["scores"]
        for distance, worlds in by_hand.items():
            worlds.append(
                [
                    value
                    for which in scores
                    for combination, value in zip(scores[which]["combination"], scores[which]["success_rate"], strict=True)
                    if distances.get(combination, 0) == distance
                ]
            )
    for distance, (estimate, tasks) in found.items():
        assert tasks == sum(map(len, by_hand[distance]))
        assert estimate.value == pytest.approx(np.mean([np.mean(world) for world in by_hand[distance]]))


def test_modules_that_every_world_draws_anew_are_sorted_in_each_world_by_the_mean_over_methods() -> None:
    space = make_family("preferences").space
    runs = {
        method: [tasks_of(made_up("preferences", world, seed=seed)) for world in range(2)] for seed, method in enumerate("ab")
    }
    found = sorted_by_world(space, runs)
    for world in range(2):
        there = [runs[method][world] for method in runs]
        means = np.mean([tasks.by_modules().diagonal() for tasks in there], axis=0)
        order = hardest_first(space, there)
        assert sorted(order) == list(range(space.modules))
        np.testing.assert_array_equal(means[order], np.sort(means))  # those without tasks last
        for method, tasks in runs.items():
            of_world = found[method].world_T == world
            np.testing.assert_array_equal(found[method].active_TM[of_world], tasks[world].active_TM[:, order])
    assert names_in_order(space)[:2] == ["rank 1", "rank 2"]


def test_modules_without_held_out_tasks_come_last() -> None:
    space = ModuleSpace.subsets(3, 1)
    tasks = ScoredTasks(np.eye(3, dtype=bool)[[0, 2]], np.ones(2, int), np.zeros(2, int), np.asarray([0.9, 0.2]))
    assert hardest_first(space, [tasks]).tolist() == [2, 0, 1]


def test_layers_are_sorted_each_for_itself_and_named_modules_stay() -> None:
    teacher, goals = make_family("teacher").space, make_family("goals-small").space
    order = hardest_first(teacher, [tasks_of(made_up("teacher", 0))])
    assert [sorted(order[:4]), sorted(order[4:])] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert names_in_order(teacher)[3:5] == ["rank 4 of layer 0", "rank 1 of layer 1"]
    assert hardest_first(goals, [tasks_of(made_up("goals-small", 0))]).tolist() == list(range(goals.modules))
    assert names_in_order(goals) == list(goals.module_names)


@pytest.mark.parametrize(("methods", "written"), [(("anil",), True), (("maml", "anil", "random"), True), (("random",), False)])
def test_a_section_has_a_picture_if_a_method_of_it_adapts(methods: tuple[str, ...], written: bool, tmp_path: Path) -> None:
    rows = {
        method: Row(method, {world: made_up("teacher-small", world, seed=seed) for world in range(2)})
        for seed, method in enumerate(methods)
    }
    board.pictures([Section(make_family("teacher-small"), "random", rows)], tmp_path)
    path = tmp_path / "failures_teacher-small.png"
    assert path.exists() == written
    if written:
        assert iio.imread(path).std() > 0
