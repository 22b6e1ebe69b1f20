"""Runs side by side equal runs alone; one that fails keeps the others."""

from pathlib import Path

import pytest

from benchmarks.runs import executors
from benchmarks.runs.folder import RunFolder
from benchmarks.runs.run import run
from tests.benchmarks.conftest import tiny


def test_runs_side_by_side_equal_runs_alone(tmp_path: Path) -> None:
    configs = [tiny("anil"), tiny("no_adaptation"), tiny("random")]
    seen: list[tuple[str, int]] = []
    results = executors.run_all(configs, tmp_path / "pool", 2, lambda run, step, loss: seen.append((run, step)))
    alone = [run(config, tmp_path / "alone") for config in configs]
    assert [result["scores"] for result in results] == [result["scores"] for result in alone]
    assert (configs[0].run_id, 4) in seen


def test_an_error_in_one_run_keeps_the_finished_ones(tmp_path: Path) -> None:
    configs = [tiny("random"), tiny("anil", options={**tiny().options, "width": -1})]
    with pytest.raises((ValueError, RuntimeError)):
        executors.run_all(configs, tmp_path, 1)
    assert RunFolder(tmp_path, configs[0]).result() is not None


def test_no_workers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="workers are 0; allowed: at least 1"):
        executors.run_all([tiny()], tmp_path, 0)
