"""The experiment on intervals measures spreads in nested runs, and simulates with them."""

import dataclasses
import json
from pathlib import Path

import imageio.v3 as iio
import pytest

from compworld.benchmarks.recipes.config import Evaluation, RunConfig
from compworld.benchmarks.scores.coverage import OVER_TASKS, OVER_WORLDS
from compworld.benchmarks.theory import coverage
from compworld.benchmarks.theory.coverage import FAMILIES, METHODS, TASKS, WORLDS, Budget, Coverage
from compworld.benchmarks.theory.study import carry_out


def test_spreads_are_measured_and_coverage_simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Coverage.settings

    def small(study: Coverage, budget: Budget) -> list[RunConfig]:
        evaluation = Evaluation(2, validation_tasks=8, tasks=24, query_episodes=8)
        return [
            dataclasses.replace(config.with_steps(2, 0), meta_batch=4, evaluation=evaluation)
            for config in settings(study, budget)
        ]

    monkeypatch.setattr(coverage, "FAMILIES", FAMILIES[-1:])
    monkeypatch.setattr(Coverage, "settings", small)
    monkeypatch.setattr(Coverage, "budgets", {"tiny": Budget(2, 2, 40)})
    found = carry_out(Coverage(), "tiny", tmp_path / "runs", tmp_path, workers=1)
    assert len(found["runs"]) == 2 * 2 * len(METHODS)
    assert [row["of"] for row in found["spreads"]] == 2 * [METHODS[:1], METHODS[1:], METHODS]
    assert all(row["number"] == 24 and row["tasks"] > 0 for row in found["spreads"])
    assert [row["worlds"] for row in found["over_worlds"]] == 2 * list(WORLDS)
    assert all(tuple(row["coverage"]) == tuple(OVER_WORLDS) for row in found["over_worlds"])
    assert {row["tasks"] for row in found["over_tasks"]} == set(TASKS)
    assert all(tuple(row["coverage"]) == tuple(OVER_TASKS) for row in found["over_tasks"])
    assert all(0 <= share <= 1 for row in found["over_worlds"] for share in row["coverage"].values())
    table = (tmp_path / "coverage.md").read_text(encoding="utf-8")
    assert "| teacher-small | held out | linear hypernetwork minus ANIL | " in table
    assert "| difference of two | 10 | " in table
    assert Coverage().markdown(json.loads((tmp_path / "coverage.json").read_text(encoding="utf-8"))) == table
    assert iio.imread(tmp_path / "coverage.png").std() > 0


def test_a_worlds_first_seed_is_that_of_the_presets_table() -> None:
    budget = Coverage.budgets["quick"]
    configs = Coverage().settings(budget)
    assert len({config.run_id for config in configs}) == len(configs)
    assert sum(config.seed == config.world for config in configs) * budget.seeds == len(configs)
    assert len({(config.seed, config.world) for config in configs}) == budget.worlds * budget.seeds
