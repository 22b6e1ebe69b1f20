"""Connectivity: the supports are compared on the same held-out combinations, at a matched number of trained ones."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from benchmarks import connectivity
from benchmarks.config import RunConfig


def test_table_says_what_was_predicted_and_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = dataclasses.replace(connectivity.PRESETS["quick"], methods=("linear_hypernetwork", "maml"), seeds=1)
    recipe = connectivity._config

    def short(*cell: Any) -> RunConfig:
        config = recipe(*cell)
        return dataclasses.replace(config, outer=dataclasses.replace(config.outer, steps=2, warmup=1))

    monkeypatch.setattr(connectivity, "_config", short)
    monkeypatch.setattr(connectivity, "STUDENTS", dataclasses.replace(connectivity.STUDENTS, seeds=2, steps=2))
    monkeypatch.setitem(connectivity.PRESETS, "tiny", few)
    found = connectivity.connectivity("tiny", tmp_path / "runs", tmp_path, workers=1)
    rows = {(row["method"], row["support"]): row for row in found["rows"]}
    assert len(rows) == 6
    for method in few.methods:
        matched, disconnected = rows[method, "connected, 20 combinations"], rows[method, "disconnected"]
        assert matched["trained"] == disconnected["trained"] == 20
        assert rows[method, "connected"]["trained"] == 24
        assert matched["connected"]
        assert not disconnected["connected"]
        difference = found["differences"][method]
        assert difference["value"] == pytest.approx(matched["held_out"]["value"] - disconnected["held_out"]["value"])
    assert len(rows["linear_hypernetwork", "connected"]["decoding"]) == 1
    assert not rows["maml", "connected"]["decoding"]
    table = (tmp_path / "connectivity.md").read_text()
    assert "| MAML | disconnected | 20 | no | " in table
    theory = found["theory_setting"]
    connected, disconnected = theory["rows"]
    assert connected["trained"] == disconnected["trained"] == 6
    assert (connected["connected"], disconnected["connected"]) == (True, False)
    # Of the 41 combinations, 8 are trained by one or the other.
    assert theory["held_out_combinations"] == 33
    low, high = theory["difference"]["low"], theory["difference"]["high"]
    assert low <= connected["held_out"]["value"] - disconnected["held_out"]["value"] <= high
    assert "| disconnected: 0,1;1,2;2,0;3,4;4,5;5,3 | 6 | no | " in table


def test_prediction_is_written_before_anything_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("training starts")

    monkeypatch.setattr(connectivity.identification, "run_all", refuse)
    with pytest.raises(RuntimeError, match="training starts"):
        connectivity.connectivity("quick", tmp_path / "runs", tmp_path)
    written = (tmp_path / "connectivity_predicted.md").read_text()
    assert written.count("connected support: no, 2 components") == 2


def test_unknown_presets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown preset 'slow'; allowed: 'quick', 'full'"):
        connectivity.connectivity("slow", tmp_path, tmp_path)
