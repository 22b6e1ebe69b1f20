"""Every logger gets the record of every validation, offline."""

from pathlib import Path

import pytest

from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.runs.loggers import LOGGERS, opened
from compworld.benchmarks.runs.run import run
from tests.benchmarks.conftest import tiny

pytestmark = [pytest.mark.extras, pytest.mark.filterwarnings("default")]
CONFIG = tiny("tests.benchmarks.broken_methods:Constant", options={}, outer=tiny().outer)


@pytest.mark.parametrize("name", LOGGERS)
def test_training_is_logged(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    result = run(CONFIG, tmp_path / "runs", log=name)
    assert [record["step"] for record in result["validation"]] == [2, 4]
    folder = RunFolder(tmp_path / "runs", CONFIG).path
    where = {"tensorboard": folder / "tensorboard", "wandb": folder / "wandb", "trackio": tmp_path / "trackio"}[name]
    assert any(path.stat().st_size > 0 for path in where.rglob("*") if path.is_file())


def test_tensorboard_has_the_curves(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with opened("tensorboard", CONFIG, tmp_path) as log:
        log({"step": 2, "validation_loss": 1.5, "training_loss": None})
        log({"step": 4, "validation_loss": 1.25, "training_loss": 1.0})
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [(event.step, event.value) for event in events.Scalars("validation_loss")] == [(2, 1.5), (4, 1.25)]
