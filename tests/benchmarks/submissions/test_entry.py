"""An entry is held against itself before anything of it is run; what is wrong is said in one line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compworld.benchmarks.submissions.entry import read_entry
from compworld.benchmarks.submissions.submission import tree_sha256
from compworld.benchmarks.submissions.submit import submit
from tests.benchmarks.submissions.conftest import WORLDS, Make, change, with_config


def test_entries_say_what_they_are_of(of_runs: Make, of_records: Make) -> None:
    entry = read_entry(of_runs())
    about, place = entry.about, entry.place
    assert (about.name, about.how, about.track, about.tables) == ("dice", "retrained", "rewarded", ["labels", "rewards"])
    assert about.worlds == [claim.world for claim in entry.claims] == list(WORLDS)
    assert about.versions.packages["torch"]
    assert place.section.title == "goals-small, random support, trials, trained with expert labels"
    other = read_entry(of_records())
    assert (other.about.how, other.about.track) == ("replayed", "rewarded")
    assert other.place == place
    assert set(other.claims[0].scores["held_out"]) == set(entry.claims[0].scores["held_out"])


def test_the_hash_is_of_every_file_but_the_verdict(of_records: Make) -> None:
    folder = of_records()
    before = tree_sha256(folder)
    (folder / "verified.json").write_text("{}", encoding="utf-8")
    assert tree_sha256(folder) == before
    for path in sorted(folder.rglob("*.json")):
        if path.name == "verified.json":
            continue
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        assert tree_sha256(folder) != before
        path.write_bytes(content)
    assert tree_sha256(folder) == before
    moved = folder.parent / "elsewhere" / folder.name
    shutil.copytree(folder, moved)
    assert tree_sha256(moved) == before


def about(**changes: Any) -> Callable[[Path], None]:
    return lambda folder: change(folder / "submission.json", lambda data: data.update(changes))


def config(change_of: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    return lambda folder: with_config(folder, change_of)


def first_run(folder: Path) -> Path:
    return sorted(folder.glob("runs/*"))[0]


WRONG: tuple[tuple[Callable[[Path], Any], str], ...] = (
    (about(format=2), r"Invalid enum value 2 - at `\$\.format`"),
    (about(extra=1), "contains unknown field `extra`"),
    (about(by=""), "by is ''; allowed: a line"),
    (about(what="two\nlines"), "what is 'two.nlines'; allowed: a line"),
    (about(name="other"), "is of 'other'; allowed: the name of its folder, 'dice'"),
    (about(how="re-evaluated"), "how is 're-evaluated'; allowed: 'retrained'"),
    (about(how="replayed"), "it has no records"),
    (about(track="told", tables=["told"]), "track is 'told'; allowed: that of its runs, 'rewarded'"),
    (about(tables=["labels"]), "tables are .'labels'.; allowed: those of 'random_play'"),
    (about(worlds=[0, 1, 3]), "it names worlds 0, 1, 3, and holds 0, 1, 2; allowed: the same"),
    (about(config={}), "config names another 'family' than what lies beside it"),
    (lambda folder: (folder / "notes.txt").write_text("x"), "notes.txt does not belong to an entry"),
    (lambda folder: (folder / "runs" / "link").symlink_to("/etc"), "link does not belong to an entry"),
    (lambda folder: (first_run(folder) / "learner.safetensors").symlink_to("/etc/passwd"), "does not belong to an entry"),
    (lambda folder: shutil.rmtree(first_run(folder)), "it is about worlds 1, 2; allowed: at least 3"),
    (
        lambda folder: (first_run(folder) / "learner.safetensors").write_bytes(b""),
        "how is 'retrained'; allowed: 'retrained', for",
    ),
    (lambda folder: (first_run(folder) / "result.json").unlink(), "has not finished"),
    (
        lambda folder: change(first_run(folder) / "result.json", lambda data: data.update(python="4"), seal=False),
        "its SHA-256 is",
    ),
    (lambda folder: change(first_run(folder) / "config.json", lambda data: data.update(seed=9)), "belongs to run"),
    (config(lambda data: data.update(family="goals")), "no table is for track 'rewarded' on family 'goals' with these sizes"),
    (config(lambda data: data["sizes"].update(size=99)), "no table is for track 'rewarded' on family 'goals-small' with these"),
    (config(lambda data: data["trials"].update(episodes=99)), "no table is for"),
    (config(lambda data: data["evaluation"].update(tasks=10**9)), "evaluation.tasks is 1000000000; allowed: up to 192"),
    (config(lambda data: data.update(support="none")), "support is 'none' with options {}; allowed: 'random'"),
    (config(lambda data: data.update(support_options={"held_out_fraction": 0.1})), "support is 'random' with options"),
    (config(lambda data: data.update(method="own:Own")), r"method is 'own:Own'; allowed: with its code in code/own\.py"),
)


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_is_wrong_is_said(number: int, of_runs: Make) -> None:
    spoil, problem = WRONG[number]
    folder = of_runs()
    read_entry(folder)
    spoil(folder)
    with pytest.raises(ValueError, match=problem) as caught:
        read_entry(folder)
    assert "\n" not in str(caught.value)


def test_records_are_held_against_each_other(of_records: Make) -> None:
    folder = of_records()
    path = folder / "records" / "world-1-train.json"
    kept = path.read_bytes()
    for spoil, problem in (
        (lambda data: data["settings"].update(world=7), "lack split"),
        (lambda data: data["settings"].update(tasks=7), "its records differ in 'tasks'; allowed: in 'world' and 'split'"),
        (lambda data: data["settings"].update(split="held_out"), "two records are of world 1, split 'held_out'; allowed: one"),
    ):
        change(path, spoil)
        with pytest.raises(ValueError, match=problem):
            read_entry(folder)
        path.write_bytes(kept)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"track": "shown"}, "track 'shown', 1 episodes and 8 tasks; allowed: as in a preset"),
        ({"episodes": 2}, "2 episodes and 8 tasks; allowed: as in a preset"),
        ({"horizon": 30}, "3 episodes and 8 tasks; allowed: as in a preset"),
        ({"tasks": 193}, "3 episodes and 193 tasks; allowed: as in a preset"),
    ],
)
def test_records_that_no_table_is_for_are_refused(settings: dict[str, Any], problem: str, of_records: Make) -> None:
    with pytest.raises(ValueError, match=problem):
        of_records(**settings)


def test_what_cannot_be_submitted_is_said_and_leaves_nothing(of_runs: Make, runs: Path, tmp_path: Path) -> None:
    folder = of_runs()
    ids = [path.name for path in sorted((folder / "runs").iterdir())]
    before = sorted(path.name for path in tmp_path.iterdir())
    for out, chosen, options, problem in (
        (folder, ids, {}, "is there already; allowed: a new folder"),
        (tmp_path / "Name", ids, {}, "name is 'Name'; allowed"),
        (tmp_path / "new", ids[:2], {}, rf"^{tmp_path}/new/submission\.json: it is about worlds 0, 1; allowed: at least 3"),
        (tmp_path / "new", [*ids[:2], ids[0]], {}, "it is about worlds 0, 1; allowed: at least 3"),
        (tmp_path / "new", [], {}, "allowed: either runs or records, one of the two"),
        (tmp_path / "new", ["nothing"], {}, "run 'nothing' matches 0 folders"),
        (tmp_path / "new", ids, {"checkpoints": True}, "has nothing that was trained; allowed: without checkpoints"),
    ):
        with pytest.raises(ValueError, match=problem):
            submit(out, "tests", "a test", runs=chosen, root=runs, **options)  # type: ignore[arg-type]
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"cannot write .*/file/new: "):
        submit(tmp_path / "file" / "new", "tests", "a test", runs=ids, root=runs)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "file"])


def test_code_of_ones_own_is_submitted_where_it_is_trusted(
    of_own_method: Callable[[str], Path], runs: Path, tmp_path: Path
) -> None:
    folder = of_own_method("raise SystemExit('imported')")
    assert read_entry(folder).about.config["method"] == "own_of_tests:Own"  # and nothing was imported
    ids = [path.name for path in (folder / "runs").iterdir()]
    with pytest.raises(ValueError, match="would be imported and submitted; say --trust if it is yours"):
        submit(tmp_path / "new", "tests", "a test", runs=ids, root=runs)
    assert json.loads((folder / "submission.json").read_text())["tables"] == ["labels", "rewards"]
