"""Tuning: grids, records that are continued, and that nothing but validation is looked at."""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compworld.benchmarks import cli
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs import tuning
from compworld.benchmarks.runs.run import run
from compworld.benchmarks.runs.tuning import read_trials, settings_of, tune, validated
from compworld.modules.splits import Split
from tests.benchmarks.conftest import tiny

HERE = dataclasses.replace(tiny("told_network_128"), world=101)
ELSEWHERE = dataclasses.replace(HERE, world=102)


def test_a_grid_is_every_combination_of_its_values() -> None:
    assert settings_of(("outer.learning-rate=0.1,0.2", "width=32,64")) == [
        ["--outer.learning-rate", rate, "--width", width] for rate in ("0.1", "0.2") for width in ("32", "64")
    ]
    assert settings_of(()) == [[]]
    for wrong in ("width", "width=", "width=3,"):
        with pytest.raises(ValueError, match=r"allowed: a field and its values, such as outer\.learning-rate=0\.001,0\.003"):
            settings_of((wrong,))


def test_what_a_record_has_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "record.json"
    first = tune([HERE, ELSEWHERE], ["outer.learning-rate=0.1,0.01"], path)
    assert [(trial["settings"], trial["world"], trial["steps"]) for trial in first] == [
        (f"--outer.learning-rate {rate}", world, 4) for rate in ("0.1", "0.01") for world in (101, 102)
    ]
    assert all(np.isfinite(trial["validation_loss"]) and trial["processor_seconds"] >= 0 for trial in first)
    tried: list[RunConfig] = []

    def noted(config: RunConfig) -> dict[str, Any]:
        tried.append(config)
        return {"validation_loss": 1.0, "best_step": 4, "processor_seconds": 0.1}

    monkeypatch.setattr(tuning, "validated", noted)
    again = tune([HERE], ["outer.learning-rate=0.1,0.01,0.3"], path)
    assert [config.outer.learning_rate for config in tried if config.outer] == [0.3]
    assert again[:4] == first
    assert again == read_trials(path, {"family": HERE.family, "method": HERE.method})


def test_processes_that_tune_one_method_keep_each_others_trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, settings = tmp_path / "record.json", ["outer.learning-rate=0.1,0.2,0.3"]
    tried: list[RunConfig] = []

    def noted(config: RunConfig) -> dict[str, Any]:
        tried.append(config)
        if len(tried) == 1:  # while it trains, another process does the same, and more
            tune([HERE], settings, path)
        return {"validation_loss": float(len(tried)), "best_step": 4, "processor_seconds": 0.1}

    monkeypatch.setattr(tuning, "validated", noted)
    trials = tune([HERE], settings, path)
    assert [config.outer.learning_rate for config in tried if config.outer] == [0.1, 0.1, 0.2, 0.3]
    assert [trial["settings"].split()[-1] for trial in trials] == ["0.1", "0.2", "0.3"]
    assert trials == read_trials(path, {})
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_said_before_anything_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(tuning, "validated", lambda config: pytest.fail("tried"))
    with pytest.raises(OSError, match=r"cannot write .*file/goals-small/anil\.json: Not a directory"):
        tune([HERE], ["outer.learning-rate=0.1"], tmp_path / "file" / "goals-small" / "anil.json")


def test_records_of_something_else_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    tune([HERE], ["outer.learning-rate=0.1"], path)
    with pytest.raises(ValueError, match="is of another run \\(its 'method' is another\\)"):
        tune([dataclasses.replace(tiny("told_network_512"), world=101)], ["outer.learning-rate=0.1"], path)
    path.write_text(path.read_text().replace('"world": 101', '"world": 103'))
    with pytest.raises(ValueError, match="is damaged: its SHA-256 is"):
        tune([HERE], ["outer.learning-rate=0.1"], path)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (dataclasses.replace(HERE, world=7), "world is 7; allowed: from 100, for tables play those below"),
        (dataclasses.replace(tiny("random"), world=101), "method 'random' is not trained; allowed: methods with parameters"),
    ],
)
def test_what_cannot_be_tuned_is_refused(config: RunConfig, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        tune([config], [], tmp_path / "record.json")


def test_no_world_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="worlds are none; allowed: at least one, from 100"):
        tune([], ["width=8"], tmp_path / "anil.json")


def test_the_command_writes_a_record_for_each_family_and_method(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grid = ["outer.learning-rate=0.01,0.1"]
    cli.main(["tune", "--method", "told_network_128", "--grid", *grid, "--steps", "2", "--out", str(tmp_path)])
    trials = read_trials(tmp_path / "goals-small" / "told_network_128.json", {})
    assert [(trial["world"], trial["steps"]) for trial in trials] == [(101, 2), (101, 2)]
    assert "--outer.learning-rate 0.01" in capsys.readouterr().out


def test_what_is_said_while_settings_are_tried_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def warning(config: RunConfig) -> dict[str, Any]:
        print("careful", file=sys.stderr)
        return {"validation_loss": 1.0, "best_step": 4, "processor_seconds": 0.1}

    monkeypatch.setattr(tuning, "validated", warning)
    command = ["tune", "--method", "told_network_128", "--out", str(tmp_path), "--grid"]
    cli.main([*command, "outer.learning-rate=0.1"])
    assert capsys.readouterr().err == "careful\n"
    with pytest.raises(SystemExit):
        cli.main([*command, "outer.learning-rate=x"])
    (line,) = capsys.readouterr().err.splitlines()
    assert "Error parsing --outer.learning-rate" in line


@pytest.mark.parametrize("method", ["hyla", "told_network_128"])
def test_the_validation_is_a_runs_and_held_out_combinations_are_not_looked_at(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny(method)
    expected = run(config, tmp_path)
    pool = Split.pool

    def guarded(split: Split, which: str) -> np.ndarray:
        assert which == "train"
        return pool(split, which)

    monkeypatch.setattr(Split, "pool", guarded)
    found = validated(config)
    assert found["validation_loss"] == expected["best_validation_loss"]
    assert found["best_step"] == expected["best_step"]


def test_a_learner_that_diverges_is_recorded_as_such() -> None:
    config = tiny("maml", outer=dataclasses.replace(tiny("maml").outer, learning_rate=1e30, steps=4))  # type: ignore[type-var]
    found = validated(config)
    assert found["diverged"].startswith("diverged: ")
