"""Runs side by side equal runs alone; one that fails, dies or diverges loses itself only, and is named."""

import os
import signal
from functools import partial
from pathlib import Path

import psutil
import pytest
import torch

from compworld.benchmarks.runs.executors import results_of, run_all, run_unclaimed
from compworld.benchmarks.runs.failures import RunsFailed
from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.runs.loggers import LOGGERS
from compworld.benchmarks.runs.run import run
from compworld.benchmarks.runs.workers import Event, Step, side_by_side
from tests.benchmarks.conftest import left_by, tiny

BROKEN = tiny("anil", options={**tiny().options, "width": -1})


def test_runs_side_by_side_equal_runs_alone(tmp_path: Path) -> None:
    configs = [tiny("anil"), tiny("no_adaptation"), tiny("random")]
    seen: list[Event] = []
    results_of(run_all(configs, tmp_path / "pool", 2, seen.append))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as workers have
    for config in configs:
        run(config, tmp_path / "alone")
        assert left_by(tmp_path / "pool", config) == left_by(tmp_path / "alone", config)
    torch.set_num_threads(threads)
    assert (configs[0].run_id, 4) in [(event.name, event.step) for event in seen if isinstance(event, Step)]


def test_a_run_that_fails_is_missing_and_the_others_go_on(tmp_path: Path) -> None:
    configs = [BROKEN, tiny("random")]
    failed, done = run_all(configs, tmp_path, 1)
    assert (failed.scored, failed.problem) == (False, "ValueError: width -1 of a network; allowed: at least 1")
    assert done.scored
    failure = RunFolder(tmp_path, BROKEN).failure()
    assert failure is not None
    assert "Traceback" in failure["trace"]
    with pytest.raises(
        RunsFailed, match=r"1 of 2 runs are missing .*width -1 of a network.*; the same command tries them again"
    ):
        results_of([failed, done])


def test_fail_fast_stops_the_others(tmp_path: Path) -> None:
    with pytest.raises(RunsFailed, match="width -1"):
        run_all([BROKEN, tiny("random")], tmp_path, 1, fail_fast=True)
    assert RunFolder(tmp_path, tiny("random")).result() is None


def test_a_run_whose_process_dies_is_missing_until_the_next_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIES_ONCE", str(tmp_path / "marker"))
    configs = [tiny("tests.benchmarks.broken_methods:DiesOnce"), tiny("random")]
    died, done = run_all(configs, tmp_path / "runs", 1)
    assert (died.scored, done.scored) == (False, True)
    assert died.problem.startswith("its process was killed by SIGKILL")
    assert all(outcome.scored for outcome in run_all(configs, tmp_path / "runs", 1))


def test_a_logger_that_is_missing_is_said_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LOGGERS, "not-there", LOGGERS["wandb"])
    for start in (partial(run_all, [tiny("random")]), partial(run, tiny("random")), partial(run_unclaimed, [tiny("random")])):
        with pytest.raises(ValueError, match="logger 'not-there' is not installed; allowed: after pip install"):
            start(tmp_path / "runs", log="not-there")
        with pytest.raises(ValueError, match="unknown logger 'x'; allowed: 'tensorboard', 'wandb', 'trackio', 'not-there'"):
            start(tmp_path / "runs", log="x")
    assert not (tmp_path / "runs").exists()


def test_no_workers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="workers are 0; allowed: at least 1"):
        run_all([tiny()], tmp_path, 0)


def acts(action: str, tell: object) -> None:
    """What a worker may do."""
    if action == "exits":
        os._exit(3)
    if action == "is killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "raises":
        raise RuntimeError("two\nlines")
    if action == "says":
        print("something on standard output")
        assert not os.sys.stdin.read()  # type: ignore[attr-defined]


def test_what_happens_to_a_worker_happens_to_one_call() -> None:
    actions = ("exits", "says", "is killed", "raises", "says it again")
    ended = {event.name: getattr(event, "problem", None) for event in side_by_side(acts, [(one, one) for one in actions], 2)}
    assert ended == {
        "exits": "its process ended with exit code 3",
        "says": "",
        "is killed": "its process was killed by SIGKILL, as a system does that is short of memory",
        "raises": "RuntimeError: two lines",
        "says it again": "",
    }
    assert not [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
