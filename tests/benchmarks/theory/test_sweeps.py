"""Sweeps: every experiment trains, reads its points and writes table, data and figure."""

import dataclasses
import json
from pathlib import Path

import imageio.v3 as iio
import pytest

from compworld.benchmarks.recipes.config import Evaluation
from compworld.benchmarks.theory.studies import STUDIES, study_of
from compworld.benchmarks.theory.study import carry_out
from compworld.benchmarks.theory.sweep import SETS, Budget, Cell, Sweep
from compworld.benchmarks.theory.tasks import needed

SWEEPS = [name for name in STUDIES if isinstance(study_of(name), Sweep)]


@pytest.mark.parametrize("name", SWEEPS)
def test_every_experiment_has_its_table_and_figure(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of(name)
    assert isinstance(study, Sweep)
    all_cells = study.cells

    def few(seed: int) -> list[Cell]:
        evaluation = Evaluation(2, validation_tasks=8, tasks=64, query_episodes=8)
        chosen = (all_cells(seed)[0], all_cells(seed)[-1])
        return [
            dataclasses.replace(cell, config=dataclasses.replace(cell.config, meta_batch=4, evaluation=evaluation))
            for cell in chosen
        ]

    monkeypatch.setattr(study, "cells", few)
    monkeypatch.setattr(Sweep, "budgets", {"tiny": Budget(2, 1)})
    found = carry_out(study, "tiny", tmp_path / "runs", tmp_path, workers=1)
    lines = {cell.line for cell in all_cells(0)}
    assert {row["line"] for row in found["rows"]} <= lines
    assert len({row["line"] for row in found["rows"]}) == 2
    assert all(row["low"] <= row["value"] <= row["high"] for row in found["rows"])
    assert all(row["seeds"] == len(row["worlds"]) == 1 for row in found["rows"])
    if name == "reach":
        assert {row["x"] for row in found["rows"]} == {1, 2, 3, 4, 5, 6}
    assert found["title"] in (tmp_path / f"{name}.md").read_text()
    assert json.loads((tmp_path / f"{name}.json").read_text()) == found
    assert iio.imread(tmp_path / f"{name}.png").std() > 0


def test_bad_names_get_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown experiment 'width'; allowed: 'identification', 'connectivity', "):
        study_of("width")
    with pytest.raises(ValueError, match="unknown preset 'slow'; allowed: 'quick', 'full'"):
        carry_out(study_of("reach"), "slow", tmp_path, tmp_path)


def test_combinations_needed_grow_along_the_line_that_made_them() -> None:
    rows = [
        {"panel": panel, "line": f"M = {modules}", "x": x, "value": 1.0 if panel == "fresh episodes" else x / (4 * modules)}
        for panel in SETS.values()
        for modules in (4, 6, 8)
        for x in (modules, 3 * modules, 4 * modules)
    ]
    numbers, line = needed(rows)
    assert numbers.endswith("15.2 (M = 4), 22.8 (M = 6), 30.4 (M = 8).")
    assert line.startswith("Straight line: 3.80 M")
    assert "exponent 1.00" in line
    too_few = [row for row in rows if row["line"] == "M = 4" and row["x"] < 16]
    assert needed(too_few)[0].endswith("none.")
