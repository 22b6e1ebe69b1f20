"""The leaderboard's files, pictures and videos; a family of one's own gets its table too."""

import csv
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import pytest

import compworld
from compworld.benchmarks import cli
from compworld.benchmarks.leaderboard import board
from compworld.benchmarks.leaderboard.files import as_csv, as_json, markdown, table_of
from compworld.benchmarks.leaderboard.records import read_records
from compworld.benchmarks.leaderboard.sections import TrialSection, sections_of
from compworld.benchmarks.recipes import presets
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.preset import Preset
from compworld.benchmarks.runs.executors import Outcome
from compworld.benchmarks.runs.failures import RunsFailed
from compworld.benchmarks.runs.run import run
from compworld.benchmarks.scores.trials import settings_of
from compworld.evaluation import Evaluation
from compworld.files import sealed, unsealed, write_json, write_text
from tests.benchmarks.conftest import tiny


class TinyPreset(Preset):
    """Every cell cut down to seconds."""

    def config(self, family: str, method: str, seed: int, support: str | None = None) -> RunConfig:
        return tiny(method, family, seed=seed, world=seed)


@pytest.fixture
def tiny_preset(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the preset ``tiny`` of one family, so many seeds and a track."""

    def make(family: str, seeds: int, track: str = "shown") -> None:
        quick = presets.preset("quick")
        protocol = dataclasses.replace(quick.protocol(family, track), seeds=None)
        small = TinyPreset(quick.title, seeds, (protocol,), quick.recipes)
        monkeypatch.setitem(presets.PRESETS, "tiny", lambda: small)

    return make


def test_leaderboard_writes_table_data_plots_and_video(
    tiny_preset: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    methods = ("linear_hypernetwork", "anil", "random")
    tiny_preset("goals-small", 2)
    (section,) = board.leaderboard("tiny", methods, runs=tmp_path / "runs", out=tmp_path / "out")
    assert tuple(section.rows) == methods
    folder = tmp_path / "out" / "tiny"
    table = (folder / "leaderboard.md").read_text()
    assert "| method | worlds | success rate, fresh | success rate, held out | action accuracy, fresh | " in table
    assert "| linear hypernetwork | 2 |" in table
    assert "- 1 comparison, paired by world, with an interval at 95 %; " in table
    assert "linear hypernetwork minus ANIL, success rate, held out (2 worlds): " in table
    assert "mean over 2 seeds" in table
    lines = list(csv.DictReader((folder / "leaderboard.csv").read_text().splitlines()))
    assert len(lines) == len(methods) * len(section.columns)
    assert {line["metric"] for line in lines} == {"action_accuracy", "trajectory_accuracy", "closed_loop"}
    data = json.loads((folder / "leaderboard.json").read_text())
    assert [len(row["runs"]) for row in data["rows"]] == [2, 2, 2]
    assert {"held_out/closed_loop", "gap/action_accuracy"} < set(data["rows"][0]["estimates"])
    for name in ("held_out_against_fresh.png", "learning_curves.png", "failures_goals-small.png"):
        assert iio.imread(folder / name).std() > 0
    for suffix in (".mp4", ".gif"):
        assert (folder / f"goals-small_held_out{suffix}").stat().st_size > 1000
    assert "held out" in capsys.readouterr().out


def test_a_damaged_record_is_a_row_that_says_so(tiny_preset: Callable[..., None], tmp_path: Path) -> None:
    tiny_preset("goals-small", 1)
    damaged = tmp_path / "runs" / tiny("random").run_id / "result.json"
    write_text(damaged, "{")
    with pytest.raises(RunsFailed, match=r"1 of 2 runs are missing .*result\.json is damaged"):
        board.leaderboard("tiny", ("no_adaptation", "random"), runs=tmp_path / "runs", out=tmp_path / "out")
    table = (tmp_path / "out" / "tiny" / "leaderboard.md").read_text(encoding="utf-8")
    assert "random actions (floor) (1 of 1 seeds missing) |" in table
    assert "result.json is damaged" in table
    assert damaged.read_text(encoding="utf-8") == "{"


def test_a_log_says_how_much_is_done_where_nothing_is_trained(
    tiny_preset: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_preset("teacher-small", 2)
    board.leaderboard("tiny", ("random",), runs=tmp_path / "runs", out=tmp_path / "out", workers=1)
    said = capsys.readouterr().out
    assert "finished; 50% of all runs done" in said
    assert "finished; 100% of all runs done" in said
    assert "0% of all steps" not in said


def test_families_without_an_environment_have_a_table_too(
    tiny_preset: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_preset("teacher-small", 1)
    board.leaderboard("tiny", ("anil", "no_adaptation"), runs=tmp_path / "runs", out=tmp_path / "out")
    table = (tmp_path / "out" / "tiny" / "leaderboard.md").read_text()
    assert "| method | worlds | R², fresh | R², held out | action accuracy, fresh | action accuracy, held out | " in table
    assert "| ANIL | 1 (its tasks) | " in table
    (verdict,) = (line for line in table.splitlines() if "ANIL minus no adaptation (floor), R², fresh (1 world): " in line)
    assert verdict.endswith("over tasks of one world: no verdict")
    assert not list((tmp_path / "out" / "tiny").glob("*.mp4"))
    run_id = tiny("anil", "teacher-small").run_id
    with pytest.raises(SystemExit, match="2"):
        cli.main(["video", "--run", run_id, "--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "film")])
    assert "family 'teacher' has no environment; allowed: 'preferences', 'preferences-small'" in capsys.readouterr().err


def test_nothing_to_run_is_refused(tiny_preset: Callable[..., None], tmp_path: Path) -> None:
    tiny_preset("goals-small", 0)
    with pytest.raises(ValueError, match="nothing to run"):
        board.leaderboard("tiny", runs=tmp_path)


def test_a_family_of_ones_own_gets_runs_scores_and_rows(toy_family: str, tmp_path: Path) -> None:
    """Registered in a few lines; nothing else is told about it."""
    configs = []
    for method in ("linear_hypernetwork", "anil", "random"):
        config = tiny(method)
        configs.append(RunConfig(toy_family, method, config.options, config.outer, config.evaluation, "optimal_action"))
    sections = sections_of([Outcome(config, run(config, tmp_path)) for config in configs])
    (section,) = sections
    assert section.title == "reach-small, random support"
    assert section.columns[:2] == [("fresh_episodes", "success_rate"), ("held_out", "success_rate")]
    table = markdown(sections, [])
    assert "| method | worlds | success rate, fresh | success rate, held out | action accuracy, fresh | " in table
    assert "| random actions (floor) | " in table
    assert "| ANIL | " in table
    assert len(table_of(section, section.columns).rows) == 3
    assert len(as_csv(sections).splitlines()) == 1 + 3 * len(section.columns)
    assert set(as_json(sections, [])["rows"][0]["estimates"]) >= {"held_out/closed_loop", "held_out/action_accuracy"}
    board.pictures(sections, tmp_path)
    for name in ("held_out_against_fresh.png", "failures_reach-small.png"):
        assert iio.imread(tmp_path / name).std() > 0


def still(observation: dict[str, Any]) -> int:
    """An agent of a user's own."""
    return 0


@pytest.fixture
def records(tmp_path: Path) -> list[Path]:
    """What `compworld.evaluate` finds for it on the tasks of tiny runs."""
    config = tiny("gru")
    paths = []
    for split in ("train", "held_out"):
        paths.append(tmp_path / f"{split}.json")
        result = compworld.evaluate(still, "CompWorld-Goals-Small-v0", world=0, split=split, tasks=config.evaluation.tasks)
        result.save(paths[-1])
    return paths


def test_trials_have_tables_by_what_is_learned_from(
    tiny_preset: Callable[..., None], records: list[Path], tmp_path: Path
) -> None:
    methods = ("gru", "recurrent_hypernetwork", "rl2", "told_policy", "bayes", "random_play")
    tiny_preset("goals-small", 1, "rewarded")
    sections = board.leaderboard("tiny", methods, runs=tmp_path / "runs", out=tmp_path / "out", records=records)
    own = "still (record)"
    assert [tuple(section.rows) for section in sections] == [
        ("gru", "recurrent_hypernetwork", "bayes", "random_play", own),
        ("rl2", "bayes", "random_play", own),
        ("told_policy",),
    ]
    folder = tmp_path / "out" / "tiny"
    table = (folder / "leaderboard.md").read_text()
    for title in ("trained with expert labels", "trained by reward", "told the task"):
        assert f"## goals-small, random support, trials, {title}" in table
    assert (
        "| method | worlds | episode 1, fresh | episode 1, held out | episode 3, fresh | episode 3, held out | gain, fresh | "
        in table
    )
    assert "| Bayes, all combinations | " in table
    assert "recurrent hypernetwork minus GRU, episode 3, held out (1 world): " in table
    assert "million environment steps in training" in table
    rows = {row["method"]: row for row in json.loads((folder / "leaderboard.json").read_text())["rows"]}
    expected = Evaluation.of_record(json.loads(records[1].read_text())).summary()["normalised_return"][2, 0]
    assert rows[own]["estimates"]["held_out/episode_3"]["value"] == pytest.approx(expected)
    for name in ("adaptation_curves.png", "learning_curves_of_trials.png"):
        assert iio.imread(folder / name).std() > 0
    assert (folder / "goals-small_held_out_trials.gif").stat().st_size > 1000


METHOD = "tests.benchmarks.broken_methods"


@pytest.mark.parametrize(
    ("track", "at_once", "late"),
    [("shown", "NotANumber", "DivergesLate"), ("rewarded", "PlaysNoNumber", "PlaysNoNumberLate")],
)
def test_runs_that_diverge_or_fail_stand_in_the_table_as_such(
    track: str, at_once: str, late: str, tiny_preset: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside numbers of what they had learned before, or of none of them; files, pictures and the exit code are there."""
    tiny_preset("goals-small", 1, track)
    names = [f"{METHOD}:{name}" for name in (at_once, late)]
    with pytest.raises(RunsFailed, match=f"1 of 2 runs are missing .*{at_once}.*: diverged: the validation loss is nan"):
        board.leaderboard("tiny", names, runs=tmp_path / "runs", out=tmp_path / "out")
    folder = tmp_path / "out" / "tiny"
    table = (folder / "leaderboard.md").read_text()
    assert f"{at_once} (1 of 1 seeds missing) |" in table
    assert f"{late} (1 of 1 seeds diverged) | " in table
    assert table.count("(scored as it was at its best validation)") == table.count("(missing from the table)") == 1
    rows = json.loads((folder / "leaderboard.json").read_text())["rows"]
    assert [list(row["problems"]) for row in rows] == [["0"], ["0"]]
    assert [bool(row["estimates"]) for row in rows] == [False, True]
    assert "diverged: the validation loss is nan at outer step 4" in capsys.readouterr().out
    assert len(list(folder.glob("learning_curves*.png"))) == 1
    with pytest.raises(RunsFailed):
        board.leaderboard("tiny", names[:1], runs=tmp_path / "runs", out=tmp_path / "alone")
    assert not list((tmp_path / "alone" / "tiny").glob("*.png"))


def test_records_that_fit_no_table_are_refused(records: list[Path], tmp_path: Path) -> None:
    configs = [tiny("random_play"), tiny("anil")]
    with pytest.raises(ValueError, match=r"records of 'still' in world 0 lack split 'held_out'; allowed: both of"):
        read_records(records[:1], configs)
    with pytest.raises(ValueError, match=r"second record of agent 'still' in world 0, split 'train'; allowed: one of each"):
        read_records([*records, records[0]], configs)
    with pytest.raises(ValueError, match="which no table here has; allowed: none, with the same"):
        read_records(records, configs[1:])
    changed = tmp_path / "changed.json"
    other = unsealed(json.loads(records[0].read_text(encoding="utf-8")), records[0])
    for change, message in (
        ({"seed": 7}, "which no table here has; allowed: CompWorld-Goals-Small-v0 world 0, rewarded, 12 tasks"),
        ({"split": "all"}, "is of split 'all'; allowed: 'train', 'held_out'"),
    ):
        write_json(changed, sealed({**other, "settings": {**other["settings"], **change}}))
        with pytest.raises(ValueError, match=message):
            read_records([changed], configs)
    write_json(changed, sealed({}))
    with pytest.raises(ValueError, match=r"record is not one of compworld\.evaluate"):
        read_records([changed], configs)


def test_records_are_refused_before_anything_is_trained(
    tiny_preset: Callable[..., None], records: list[Path], tmp_path: Path
) -> None:
    tiny_preset("goals-small", 1)
    with pytest.raises(ValueError, match="which no table here has"):
        board.leaderboard("tiny", ("anil",), runs=tmp_path / "runs", out=tmp_path / "out", records=records)
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("method", ["random_play", "told_policy"])
def test_what_records_must_be_like_is_what_runs_are_scored_on(method: str, tmp_path: Path) -> None:
    config = tiny(method)
    for record in run(config, tmp_path)["evaluations"].values():
        settings = Evaluation.of_record(record).settings
        assert settings_of(config).items() <= settings.items()


@pytest.mark.parametrize(
    ("methods", "kinds"),
    [
        (("anil", "bayes"), ["shown", "labels"]),
        (("told_policy", "bayes"), ["told", "labels"]),
        (("bayes", "random_play"), ["labels"]),
        (("rl2", "bayes"), ["rewards"]),
        (("rl2", "gru", "bayes"), ["rewards", "labels"]),
    ],
)
def test_every_run_stands_in_a_section(methods: tuple[str, ...], kinds: list[str]) -> None:
    """References beside the others of their family; where there are none, in one of their own."""
    families = ("goals-small", "preferences-small")
    outcomes = [Outcome(tiny(method, family), None, "not run") for family in families for method in methods]
    sections = sections_of(outcomes)
    for family in families:
        found = [section for section in sections if section.family.label == family]
        assert [section.kind if isinstance(section, TrialSection) else "shown" for section in found] == kinds
        assert {method for section in found for method in section.rows} == set(methods)
