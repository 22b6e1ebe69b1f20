"""Connectivity: the supports are compared on the same held-out combinations, at a matched number of trained ones."""

import dataclasses
from pathlib import Path

import pytest

from benchmarks import connectivity


def test_table_says_what_was_predicted_and_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = dataclasses.replace(connectivity.PRESETS["quick"], methods=("linear_hypernetwork", "maml"), seeds=1, steps=2)
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


def test_unknown_presets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown preset 'slow'; allowed: 'quick', 'full'"):
        connectivity.connectivity("slow", tmp_path, tmp_path)
