"""The search for gradient steps that adapt: all of it can be built, is tried once, and looks at trained combinations alone."""

from pathlib import Path

import pytest

from compworld.agents.reward.adapting import AdaptingLearner
from compworld.benchmarks.runs import adaptation_search
from compworld.benchmarks.runs.adaptation_search import SETTINGS, WORLDS, Setting
from compworld.benchmarks.runs.run import new_method
from compworld.benchmarks.scores import trials
from compworld.benchmarks.worlds.world import World
from compworld.files import json_of


def test_every_setting_can_be_built_and_none_is_tried_twice() -> None:
    ids = set()
    for family in WORLDS:
        world = World(Setting(family, *SETTINGS[0]).config(5))
        for method, arguments in SETTINGS:
            config = Setting(family, method, arguments).config(5)
            made = new_method(config, world)
            assert isinstance(made, AdaptingLearner)
            assert config.trials is not None
            assert config.trials.episodes > made.round_episodes, "nothing would be played after an adaptation"
            assert config.world >= 100, "tables play the worlds below"
            ids.add(config.run_id)
    assert len(ids) == len(WORLDS) * len(SETTINGS)


def test_what_was_tried_is_written_and_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    evaluate = trials.evaluation_of
    monkeypatch.setattr(adaptation_search, "evaluation_of", lambda *given: (asked.append(given[3]), evaluate(*given))[1])
    shorter = "--meta-batch 8 --trials.updates.trials 4 --width 6"
    methods = [(adaptation_search.MIXING, shorter), (adaptation_search.VALUES, shorter)]
    monkeypatch.setattr(adaptation_search, "SETTINGS", methods[:1])
    adaptation_search.main(tmp_path, batches=2, tasks=6)
    first = json_of((tmp_path / "search.json").read_bytes(), tmp_path)["rows"]
    monkeypatch.setattr(adaptation_search, "SETTINGS", methods)
    adaptation_search.main(tmp_path, batches=2, tasks=6)
    rows = json_of((tmp_path / "search.json").read_bytes(), tmp_path)["rows"]
    assert rows[: len(first)] == first
    assert [(row["family"], row["method"]) for row in rows] == [(family, method) for method, _ in methods for family in WORLDS]
    for row in rows:
        assert row["gain"] == pytest.approx(row["after"] - row["before"], abs=0.0016)
        assert row["gain_low"] < row["gain_high"]
    assert asked == ["fresh_episodes"] * len(rows)
    table = (tmp_path / "search.md").read_text(encoding="utf-8")
    assert all(table.count(family) == 2 for family in WORLDS)
    assert len(capsys.readouterr().out.splitlines()) == len(rows)
