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
