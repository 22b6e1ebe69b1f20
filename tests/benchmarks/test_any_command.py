"""Whatever is typed: a command works, or says in one line what is wrong and ends with code 2 (1 where a file is the trouble).

``COMPWORLD_COMMANDS=5000`` tries so many. What takes long about a command is replaced; what checks arguments is not.
"""

import inspect
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
import torch

from compworld.benchmarks import cli
from compworld.benchmarks.leaderboard import board
from compworld.benchmarks.leaderboard.grid import grid
from compworld.benchmarks.recipes import changes, methods
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.reports import gallery
from compworld.benchmarks.runs import executors, tuning
from compworld.benchmarks.runs import run as running
from compworld.benchmarks.speed import bench
from compworld.benchmarks.speed.measurements import Measured
from compworld.benchmarks.theory import study
from compworld.benchmarks.worlds.world import World
from compworld.files import write_text
from tests.benchmarks.conftest import tiny

NUMBER = int(os.environ.get("COMPWORLD_COMMANDS", "80"))

OF_THE_MACHINE = ("cannot write", "Errno", "memory", "no screen", "this needs")
"""What ends with code 1 speaks of files, or of what a machine lacks."""

STRANGE = (
    "",
    " ",
    "-",
    "--",
    "-1",
    "0",
    "1",
    "2",
    "07",
    "1.5",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "9" * 20,
    "9" * 5000,
    "None",
    "True",
    "x",
    "é",
    "\udcff",
    "a\0b",
    "a" * 300,
    "~",
    "~/x",
    "~nobody-here/x",
    ".",
    "..",
    "a.b.c",
    "film.mp4",
    "folder",
    "file",
    "file/below",
    "*",
    "**",
    "[a-z]*",
    "[bold]x[/bold]",
    "[/]",
    "\x1b[31mred",
    "two\nlines",
    "$x$",
    "<b>|`*",
    ":smile:",
    "json:JSONDecoder",
    "tests.nowhere:Class",
    "..:x",
    "a:b:c",
    "../x:Y",
    "0,1;1,2",
    "0,1;;9",
    ",",
    "/proc/nothing",
)


def option_of(name: str) -> str:
    return "--" + {"json_file": "json"}.get(name, name).replace("_", "-")


def value_of(hint: Any, rng: random.Random, runs: list[str]) -> list[str]:
    """A value of an argument: often one that is allowed, otherwise anything."""
    if rng.random() < 0.35:
        return [rng.choice(STRANGE)]
    choices = [choice for part in [hint, *get_args(hint)] for choice in (get_args(part) or (part,)) if isinstance(choice, str)]
    if choices:
        return [rng.choice(choices) for _ in range(rng.choice([1, 1, 2]))]
    return [rng.choice(["1", "2", "8", *runs])]


def command_of(rng: random.Random, runs: list[str]) -> list[str]:
    """Words of a command line."""
    name = rng.choice([*cli.COMMANDS])
    command = cli.COMMANDS[name]
    words = [name]
    if rng.random() < 0.03:
        return [*words, rng.choice(["--help", "-h"])] if rng.random() < 0.5 else [rng.choice(STRANGE), *words]
    for parameter, hint in get_type_hints(command, include_extras=True).items():
        if parameter in ("return", "fields"):
            continue
        needed = inspect.signature(command).parameters[parameter].default is inspect.Parameter.empty
        if rng.random() > (0.95 if needed else 0.25):
            continue
        values = [rng.choice(runs)] if parameter == "run" and rng.random() < 0.6 else value_of(hint, rng, runs)
        words += (
            values
            if parameter in ("experiment", "submission")
            else [option_of(parameter), *values[: rng.choice([0, 2, 2, 2, 2, 2])]]
        )
    if name == "train" and rng.random() < 0.7:
        fields = changes._names(changes._fields_of(tiny(rng.choice(methods.ADAPTIVE))))
        for _ in range(rng.choice([1, 1, 3])):
            words += [rng.choice(fields), rng.choice(["1", "2", "0.5", *STRANGE])]
    return words


@pytest.fixture
def quick(finished_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything that takes long made short; runs that there are."""
    result = running.trained_run(finished_runs, tiny("anil").run_id).result

    def run(config: RunConfig, *_: object) -> dict[str, Any]:
        running.new_learner(config, World(config))
        return result

    def leaderboard(name: str, methods: Any, families: Any, seeds: Any, runs: Path, out: Path, *others: Any) -> None:
        _, device, *_, supports = others
        grid(name, methods, families, seeds, device, supports)

    def carry_out(of: study.Study[Any, Any], budget: str, runs: Path, out: Path, workers: Any) -> dict[str, Any]:
        of.settings(of.budgets[budget])
        write_text(out / f"{of.name}.md", "found\n")
        return {}

    names = bench.measurements(1)
    tried = {"best_step": 1, "processor_seconds": 1.0}
    monkeypatch.setattr(running, "run", run)
    monkeypatch.setattr(board, "leaderboard", leaderboard)
    monkeypatch.setattr(tuning, "validated", lambda config: result["validation"][-1] | tried)
    monkeypatch.setattr(executors, "run_unclaimed", lambda configs, *others: f"{len(configs)} runs are done")
    monkeypatch.setattr(study, "carry_out", carry_out)
    monkeypatch.setattr(bench, "check_equality", lambda: None)
    monkeypatch.setattr(bench, "matmul_gflops", lambda repeats: 1.0)
    monkeypatch.setattr(bench, "measurements", lambda repeats: {name: lambda: Measured(1.0, "step", "") for name in names})
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    monkeypatch.setattr("gymnasium.utils.play.play", lambda *arguments, **options: None)
    monkeypatch.setattr("compworld.benchmarks.reports.video.PAUSE_FRAMES", 0)
    monkeypatch.setattr(gallery, "FILMS", {"told": lambda env_id: iter([np.zeros((8, 8, 3), dtype=np.uint8)])})
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    work = tmp_path / "work"
    (work / "folder").mkdir(parents=True)
    (work / "file").touch()
    (work / "runs").symlink_to(finished_runs)
    monkeypatch.chdir(work)
    ids = [path.name for path in finished_runs.iterdir()]
    return [*ids, ids[0][:-3], f"runs/{ids[0]}", str(finished_runs / ids[0])]


@pytest.mark.filterwarnings("ignore:.*matplotlib is not installed")  # Gymnasium's player says so where it cannot have Tk
def test_any_command_works_or_says_in_one_line_why_not(
    quick: list[str], capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    codes = {0: 0, 1: 0, 2: 0}
    for number in range(NUMBER):
        words = command_of(random.Random(number), quick)
        code = code_of(lambda words=words: cli.main(words))  # type: ignore[misc]
        said = capsys.readouterr()
        codes[code] += 1
        if code:
            assert len(said.err.splitlines()) == 1, (number, words, said.err)
            assert said.err.startswith("compworld: "), (number, words)
            assert "----" not in said.err, "the frame of a terminal without characters for it"
            assert said.err.strip().isprintable(), (number, words, said.err)
        if code == 1:
            assert any(hint in said.err for hint in OF_THE_MACHINE), (number, words, said.err)
    assert codes[0] > NUMBER / 10
    assert codes[2] > NUMBER / 4


def code_of(call: Callable[[], None]) -> int:
    """The exit code of a command; anything but an ending of its own is an error of ours."""
    try:
        call()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0
