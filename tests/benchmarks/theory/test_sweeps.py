"""Sweeps: every experiment trains, reads its points and writes table, data and figure."""

import dataclasses
from pathlib import Path

import imageio.v3 as iio
import pytest

from benchmarks import sweeps
from benchmarks.config import Evaluation


@pytest.mark.parametrize("name", sweeps.SWEEPS)
def test_every_experiment_has_its_table_and_figure(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = sweeps.SWEEPS[name]

    def few(seed):  # type: ignore[no-untyped-def]
        evaluation = Evaluation(2, validation_tasks=8, tasks=64, query_episodes=8)
        cells = chosen.cells(seed)
        return [
            (line, dataclasses.replace(config, meta_batch=4, evaluation=evaluation)) for line, config in (cells[0], cells[-1])
        ]

    monkeypatch.setitem(sweeps.SWEEPS, name, dataclasses.replace(chosen, cells=few))
    monkeypatch.setitem(sweeps.PRESETS, "tiny", sweeps.Budget(2, 1))
    found = sweeps.sweep(name, "tiny", tmp_path / "runs", tmp_path, workers=1)
    lines = {line for line, _ in chosen.cells(0)}
    assert {row["line"] for row in found["rows"]} <= lines
    assert len({row["line"] for row in found["rows"]}) == 2
    assert all(row["low"] <= row["value"] <= row["high"] <= 1 for row in found["rows"])
    if name == "reach":
        assert {row["x"] for row in found["rows"]} == {1, 2, 3, 4, 5, 6}
    assert found["title"] in (tmp_path / f"{name}.md").read_text()
    assert iio.imread(tmp_path / f"{name}.png").std() > 0


def test_bad_names_get_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown experiment 'width'; allowed: 'overparameterisation', 'tasks', 'reach'"):
        sweeps.sweep("width", "quick", tmp_path, tmp_path)
    with pytest.raises(ValueError, match="unknown preset 'slow'; allowed: 'quick', 'full'"):
        sweeps.sweep("reach", "slow", tmp_path, tmp_path)


def test_combinations_needed_grow_along_the_line_that_made_them() -> None:
    rows = [
        {"panel": panel, "line": f"M = {modules}", "x": x, "value": 1.0 if panel == "fresh episodes" else x / (4 * modules)}
        for panel in sweeps.SETS.values()
        for modules in (4, 6, 8)
        for x in (modules, 3 * modules, 4 * modules)
    ]
    numbers, line = sweeps._needed(rows)
    assert numbers.endswith("15.2 (M = 4), 22.8 (M = 6), 30.4 (M = 8).")
    assert line.startswith("Straight line: 3.80 M")
    assert "exponent 1.00" in line
    too_few = [row for row in rows if row["line"] == "M = 4" and row["x"] < 16]
    assert sweeps._needed(too_few)[0].endswith("none.")
