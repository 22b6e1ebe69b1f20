"""Tuning: grids, records that are continued, and that nothing but validation is looked at."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compworld.benchmarks.runs import tuning
from compworld.benchmarks.runs.run import run
from compworld.benchmarks.runs.tuning import settings_of, tune, validated
from compworld.files import json_of, read_bytes
from compworld.modules.splits import Split
from tests.benchmarks.conftest import tiny

HERE = {"family": "goals-small", "method": "told_network_128", "steps": 2}


def trials_in(folder: Path) -> list[dict[str, Any]]:
    path = folder / "goals-small" / "told_network_128.json"
    record = json_of(read_bytes(path), path)
    assert record["hardware"]["cores"] >= 1
    trials: list[dict[str, Any]] = record["trials"]
    return trials


def test_a_grid_is_every_combination_of_its_values() -> None:
    assert settings_of(("outer.learning-rate=0.1,0.2", "width=32,64")) == [
        ["--outer.learning-rate", rate, "--width", width] for rate in ("0.1", "0.2") for width in ("32", "64")
    ]
    assert settings_of(()) == [[]]
    for wrong in ("width", "width=", "width=3,"):
        with pytest.raises(ValueError, match=r"allowed: a field and its values, such as outer\.learning-rate=0\.001,0\.003"):
            settings_of((wrong,))


def test_what_a_record_has_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tune(**HERE, grid=("outer.learning-rate=0.1,0.01",), worlds=(101, 102), out=tmp_path)  # type: ignore[arg-type]
    first = trials_in(tmp_path)
    assert [(trial["settings"], trial["world"], trial["steps"]) for trial in first] == [
        (f"--outer.learning-rate {rate}", world, 2) for rate in ("0.1", "0.01") for world in (101, 102)
    ]
    assert all(np.isfinite(trial["validation_loss"]) and trial["processor_seconds"] >= 0 for trial in first)
    tried: list[object] = []
    monkeypatch.setattr(tuning, "validated", lambda config: tried.append(config) or {"validation_loss": 1.0})
    tune(**HERE, grid=("outer.learning-rate=0.1,0.01,0.3",), worlds=(101,), out=tmp_path)  # type: ignore[arg-type]
    assert len(tried) == 1
    assert trials_in(tmp_path)[:4] == first
    assert trials_in(tmp_path)[4]["settings"] == "--outer.learning-rate 0.3"


def test_worlds_of_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"worlds are \(7, 101\); allowed: from 100, for tables play those below"):
        tune(**HERE, grid=(), worlds=(7, 101), out=tmp_path)  # type: ignore[arg-type]


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
