"""Processes that are killed at any moment, and many on one folder: nothing is lost, done twice or left running.

By default a few; COMPWORLD_KILLS=200 and COMPWORLD_PROCESSES=10 are for releases.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.executors import run_all
from compworld.benchmarks.runs.folder import RunFolder
from tests.benchmarks.conftest import left_by, tiny

KILLS = int(os.environ.get("COMPWORLD_KILLS", "1"))
PROCESSES = int(os.environ.get("COMPWORLD_PROCESSES", "2"))
SECONDS_LEFT = 5
"""For what is left of a program that was killed."""

PROGRAM = """
import sys
from pathlib import Path
from compworld.benchmarks.runs.executors import failures, run_all
from tests.benchmarks.runs.test_kills import CONFIGS, COUNTED
from tests.benchmarks.conftest import tiny
outcomes = run_all(COUNTED if sys.argv[3:] else CONFIGS, Path(sys.argv[1]), int(sys.argv[2]))
sys.exit(0 if all(outcome.scored for outcome in outcomes) else failures(outcomes))
"""
METHOD = "tests.benchmarks.broken_methods"
OWN: dict[str, Any] = {"options": {}, "outer": tiny().outer}
CONFIGS = [tiny(f"{METHOD}:Constant", **OWN), tiny("random"), tiny(f"{METHOD}:Constant", "teacher-small", **OWN)]
COUNTED = [tiny(f"{METHOD}:Counted", **OWN, seed=seed) for seed in range(4)]


def start(root: Path, workers: int, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(root), str(workers), *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.getcwd(), **variables}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def all_done(root: Path, configs: list[RunConfig]) -> bool:
    return all(RunFolder(root, config).result() is not None for config in configs)


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_killed_at_random_moments(tmp_path: Path) -> None:
    chance = random.Random(0)
    run_all(CONFIGS, tmp_path / "whole", 1)
    kills, rounds = 0, 0
    while kills < KILLS:
        root = tmp_path / f"round{rounds}"
        rounds += 1
        while not (root.exists() and all_done(root, CONFIGS)):
            with start(root, 2) as program:
                kills += kills < KILLS and killed(program, chance)
                program.communicate()
        for config in CONFIGS:
            assert left_by(root, config) == left_by(tmp_path / "whole", config)


def killed(program: "subprocess.Popen[str]", chance: random.Random) -> bool:
    """Kill the program or one of its processes at some moment; whether it had not ended before."""
    until = time.monotonic() + chance.uniform(0, 9)
    while time.monotonic() < until and program.poll() is None:
        time.sleep(0.02)
    if program.poll() is not None:
        return False
    parent = psutil.Process(program.pid)
    children = parent.children(recursive=True)
    victim = chance.choice([parent, *children])
    victim.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGHUP]))
    if victim == parent:
        program.wait()
        psutil.wait_procs(children, timeout=SECONDS_LEFT)
        assert alive(children) == []
    return True


def test_many_processes_on_one_folder(tmp_path: Path) -> None:
    root, counted = tmp_path / "runs", tmp_path / "counted"
    counted.mkdir()
    programs = [start(root, 1, "counted", COUNTED=str(counted)) for _ in range(PROCESSES)]
    said = [program.communicate()[1] for program in programs]
    assert [program.returncode for program in programs] == [0] * PROCESSES, said
    assert all_done(root, COUNTED)
    assert len(list(counted.iterdir())) == len(COUNTED)
