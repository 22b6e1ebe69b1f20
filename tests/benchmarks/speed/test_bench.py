"""The bench's figures and its own check; not how fast anything is."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from compworld.agents import accelerate
from compworld.benchmarks.cli import main
from compworld.benchmarks.recipes.methods import ADAPTIVE
from compworld.benchmarks.speed import bench
from compworld.benchmarks.speed.measurements import measurements


def test_every_published_configuration_has_a_reference_figure() -> None:
    measured = [name for name in measurements(1) if name.split("/")[1] in ADAPTIVE]
    assert sorted(measured) == sorted(bench.REFERENCE_SECONDS)


def test_trials_stand_beside_plain_episodes_of_the_same_environment(tmp_path: Path) -> None:
    names = list(measurements(1))
    plain = [name for name in names if name.startswith(("single/CompWorld", "vector/CompWorld")) and name.count("/") == 1]
    assert {f"{name}/trials" for name in plain} == {name for name in names if name.endswith("/trials")}
    rows = bench.bench(1, only="vector/CompWorld-Preferences-Small")["rows"]
    assert [(row["name"], "trials of 4 episodes" in row["note"]) for row in rows] == [
        ("vector/CompWorld-Preferences-Small-v0", False),
        ("vector/CompWorld-Preferences-Small-v0/trials", True),
    ]
    assert all(row["per_second"] > 0 for row in rows)


def test_figures_are_written_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["bench", "--only", "goals/linear", "--repeats", "1", "--json", str(tmp_path / "bench.json")])
    found = json.loads((tmp_path / "bench.json").read_text())
    (row,) = found["rows"]
    assert row["name"] == "goals/linear_hypernetwork"
    assert found["machine"]["matmul_gflops"] > 0
    assert row["seconds"] > row["arithmetic_seconds"] > 0
    assert "1.02" in capsys.readouterr().out


def test_a_path_that_differs_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = accelerate.query_loss

    def wrong(*arguments: Any) -> torch.Tensor | None:
        loss = exact(*arguments)
        return None if loss is None else loss * (1 + 1e-6)

    monkeypatch.setattr(accelerate, "query_loss", wrong)
    with pytest.raises(RuntimeError, match="linear_hypernetwork: the compiled gradient differs from the plain one by"):
        bench.bench(1, only="goals/linear")


def test_unknown_measurements_are_refused() -> None:
    with pytest.raises(ValueError, match="no measurement has 'nonsense' in its name; allowed: "):
        bench.bench(1, only="nonsense")
