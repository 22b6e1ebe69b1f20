"""The page: made of committed records alone, with one's own runs beside them, and nothing that a file could smuggle in."""

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import compworld
from compworld.benchmarks import cli
from compworld.benchmarks.leaderboard.behind import as_lines
from compworld.benchmarks.leaderboard.files import as_json
from compworld.benchmarks.leaderboard.films import name_of_film
from compworld.benchmarks.leaderboard.published import RESULTS, RUNS, TABLE, read_boards, write_board
from compworld.benchmarks.leaderboard.sections import sections_of
from compworld.benchmarks.runs.executors import Outcome
from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.runs.run import run
from compworld.benchmarks.site.page import make_site
from compworld.files import HASH, sealed, write_json, write_text
from tests.benchmarks.conftest import tiny

MOST = 1_000_000
"""Bytes of a page without films."""


class Page(HTMLParser):
    """What a page has: its rows, what it would load, and the data of its rows."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.rows: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.policy = ""
        text = path.read_text(encoding="utf-8")
        self.size = len(text.encode())
        self.feed(text)
        data = re.search(r'<script type="application/json" id="details">(.*?)</script>', text, re.DOTALL)
        assert data is not None
        self.details: dict[str, Any] = json.loads(data[1])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "data-row":
                self.rows.append(value or "")
            if name in ("src", "href", "action", "data") and not (value or "").startswith("#"):
                self.loads.append(value or "")
            if name == "content" and "default-src" in (value or ""):
                self.policy = value or ""


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page(make_site(tmp_path_factory.mktemp("site")))


def test_the_page_has_every_row_of_the_committed_tables(committed: Page) -> None:
    boards = read_boards(RESULTS)
    assert len(committed.rows) == len(set(committed.rows)) == sum(len(board.table.rows) for board in boards)
    assert set(committed.details) == set(committed.rows)
    for key, found in committed.details.items():
        assert found["runs"], key
        assert found["config"], key
        assert found["scores"]["rows"], key
        assert found["failures"]["modules"], key


def test_the_page_is_small_and_loads_nothing(committed: Page) -> None:
    assert committed.size < MOST
    assert committed.loads == []
    assert "default-src 'none'" in committed.policy


def test_every_published_run_has_a_line() -> None:
    for board in read_boards(RESULTS):
        assert {run for row in board.table.rows for run in row.runs} == set(board.runs)


def publish(folder: Path, runs: Path, *methods: str, seeds: int = 1) -> None:
    """A leaderboard of tiny runs."""
    configs = [tiny(method, seed=seed, world=seed) for method in methods for seed in range(seeds)]
    sections = sections_of([Outcome(config, run(config, runs)) for config in configs])
    write_board(folder, as_json(sections, ["Budget: none."]), as_lines(sections))


def test_own_runs_stand_beside_those_that_were_scored_on_the_same(finished_runs: Path, tmp_path: Path) -> None:
    publish(tmp_path / "results" / "tiny", tmp_path / "published", "anil", "random")
    runs = tmp_path / "runs"
    shutil.copytree(finished_runs, runs)
    other = replace(tiny("anil"), meta_batch=4)
    run(other, runs)
    page = Page(make_site(tmp_path / "site", tmp_path / "results", runs))
    table = "tiny.goals-small-random-support"
    own = {f"{table}.{path.name}" for path in runs.iterdir()}
    assert set(page.rows) == {f"{table}.anil", f"{table}.random", *own}
    assert len(own) == 4


def test_own_runs_of_other_worlds_stand_in_the_same_table(tmp_path: Path) -> None:
    """What is scored on the same may be in any world; sizes and the tasks of the scoring are another matter."""
    publish(tmp_path / "results" / "tiny", tmp_path / "published", "anil", seeds=2)
    config = tiny("anil", seed=7, world=7)
    beside = [config, replace(config, seed=8, world=9)]
    apart = [
        replace(config, sizes={"horizon": 33}),
        replace(config, evaluation=replace(config.evaluation, tasks=config.evaluation.tasks + 1)),
    ]
    for one in (*beside, *apart):
        run(one, tmp_path / "runs")
    page = Page(make_site(tmp_path / "site", tmp_path / "results", tmp_path / "runs"))
    tables: dict[str, set[str]] = {"tiny": set(), "own": set()}
    for row in page.rows:
        tables[row.partition(".")[0]].add(row.rpartition(".")[2])
    assert tables == {
        "tiny": {"anil", *(one.run_id for one in beside)},
        "own": {one.run_id for one in apart},
    }


def test_own_runs_that_fit_nowhere_have_a_table_of_their_own(finished_runs: Path, tmp_path: Path) -> None:
    page = Page(make_site(tmp_path, runs=finished_runs))
    own = [row for row in page.rows if row.startswith("own.")]
    assert own == [f"own.goals-small-random-support.{path.name}" for path in sorted(finished_runs.iterdir())]


def test_own_runs_that_cannot_be_read_are_left_out_and_named(finished_runs: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(finished_runs, runs)
    damaged, unfinished = sorted(runs.iterdir())[0], RunFolder(runs, tiny("random"))
    (damaged / "result.json").write_text("{}", encoding="utf-8")
    unfinished.create()
    said: list[str] = []
    page = Page(make_site(tmp_path / "site", runs=runs, tell=said.append))
    assert len([row for row in page.rows if row.startswith("own.")]) == 2
    assert len(said) == 2
    assert {name for name in (damaged.name, unfinished.path.name) if any(name in line for line in said)} == {
        damaged.name,
        unfinished.path.name,
    }


def records_of(folder: Path, tasks: int, worlds: int = 1, **options: Any) -> list[Path]:
    """What :func:`compworld.evaluate` finds for an agent that repeats itself, and has the name of a method."""
    paths = []
    for world in range(worlds):
        for split in ("train", "held_out"):
            paths.append(folder / f"{world}_{split}.json")
            of_world = {"track": "rewarded", "world": world, "split": split, "tasks": tasks, **options}
            compworld.evaluate(lambda seen: 2, "CompWorld-Goals-Small-v0", name="gru", **of_world).save(paths[-1])
    return paths


def test_records_of_own_agents_stand_beside_those_that_were_scored_on_the_same(tmp_path: Path) -> None:
    publish(tmp_path / "results" / "tiny", tmp_path / "published", "gru", "rl2", "told_policy", "random_play")
    paths = records_of(tmp_path, tiny("gru").evaluation.tasks, worlds=2)
    page = Page(make_site(tmp_path / "site", tmp_path / "results", records=paths))
    own = [row for row in page.rows if ".record_" in row]
    learned_from = ("trained-with-expert-labels", "trained-by-reward")
    assert [row.rpartition(".")[0] for row in own] == [
        f"tiny.goals-small-random-support-trials-{kind}" for kind in learned_from
    ]
    for row in own:
        expected = compworld.Evaluation.load(paths[1]).summary()["normalised_return"][:, 0]
        (chart,) = page.details[row]["charts"]
        assert [line["name"] for line in chart["lines"]][:2] == ["held-out combinations", "trained combinations"]
        assert len(chart["lines"][0]["mean"]) == len(expected)
        assert [seconds for *_, seconds in page.details[row]["runs"]] == ["", ""]


def test_records_that_fit_nowhere_have_one_table_of_their_own(tmp_path: Path) -> None:
    publish(tmp_path / "results" / "tiny", tmp_path / "published", "random_play")
    page = Page(make_site(tmp_path / "site", tmp_path / "results", records=records_of(tmp_path, tasks=5)))
    (own,) = [row for row in page.rows if ".record_" in row]
    assert own.startswith("own.goals-small-random-support-trials-")


ACTING = """from compworld.agents import Memoryless

class Agent(Memoryless):
    pass
"""


@pytest.fixture
def acting_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A method of one's own that acts in trials, in a module that nothing has imported."""
    (tmp_path / "acts_by_itself.py").write_text(ACTING, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield "acts_by_itself:Agent"
    sys.modules.pop("acts_by_itself", None)


def test_code_of_own_methods_that_act_is_run_with_trust_only(acting_method: str, tmp_path: Path) -> None:
    runs, module = tmp_path / "runs", acting_method.partition(":")[0]
    run_id = run(tiny(acting_method), runs)["run_id"]
    del sys.modules[module]
    publish(tmp_path / "results" / "tiny", tmp_path / "published", "random")
    site, said = (tmp_path / "site", tmp_path / "results", runs), list[str]()
    page = Page(make_site(*site, tell=said.append))
    assert [row for row in page.rows if run_id in row] == []
    assert said == [f"left out: run {run_id!r} is of the method {acting_method!r}, whose code would be imported; say --trust"]
    assert module not in sys.modules
    page = Page(make_site(*site, trust=True, tell=said.append))
    assert len([row for row in page.rows if row.endswith(f".{run_id}")]) == 1
    assert len(said) == 1


def test_films_beside_a_table_are_copied_beside_the_page(tmp_path: Path) -> None:
    board = tmp_path / "results" / "tiny"
    publish(board, tmp_path / "runs", "anil", "random")
    (board / f"{name_of_film('goals-small', False)}.mp4").write_bytes(b"film")
    page = Page(make_site(tmp_path / "site", tmp_path / "results"))
    films = {key.rpartition(".")[2]: found["film"] for key, found in page.details.items()}
    assert films["random"] is None
    assert (tmp_path / "site" / films["anil"]).read_bytes() == b"film"


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


def test_names_from_files_are_text(tmp_path: Path) -> None:
    publish(tmp_path / "results" / "tiny", tmp_path / "runs", "anil")
    path = tmp_path / "results" / "tiny" / TABLE
    data = json.loads(path.read_text(encoding="utf-8"))
    data["budget"] = [HOSTILE]
    data["rows"][0] |= {"method": HOSTILE, "problems": {"0": HOSTILE}}
    write_json(path, sealed({name: value for name, value in data.items() if name != HASH}))
    page = Page(make_site(tmp_path / "site", tmp_path / "results"))
    assert page.tags.count("script") == 2
    assert "img" not in page.tags
    assert [found["problems"] for found in page.details.values()] == [[f"seed 0: {HOSTILE}"]]


def refused(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stop:
        cli.main(["site", "--out", str(folder / "site"), *arguments])
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert not (folder / "site").exists()
    return line


def test_bad_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no leaderboard in " in refused(tmp_path, capsys, "--results", str(tmp_path))
    assert "allowed: a folder of runs" in refused(tmp_path, capsys, "--runs", str(tmp_path / "none"))
    trained, held_out = map(str, records_of(tmp_path, tasks=2))
    assert "lack split 'held_out'; allowed: both of 'train' and 'held_out'" in refused(tmp_path, capsys, "--records", trained)
    assert "two records are of world 0, split 'train'" in refused(tmp_path, capsys, "--records", trained, trained, held_out)
    for options, why in (({"seed": 7}, "has trials of seed 7; allowed: 0"), ({"episodes": 9}, "no table is for records of ")):
        paths = map(str, records_of(tmp_path, tasks=2, **options))
        assert why in refused(tmp_path, capsys, "--records", *paths)


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-9], lambda text: text.replace('"estimates"', '"guesses"'), lambda text: "[]"]
)
def test_damaged_tables_are_refused(spoil: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "results" / "teacher" / TABLE
    write_text(path, spoil((RESULTS / "teacher" / TABLE).read_text(encoding="utf-8")))
    assert f"{path} is damaged or of another version (" in refused(tmp_path, capsys, "--results", str(path.parents[1]))


def test_changed_tables_and_runs_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where the form is right and the number is another."""
    publish(tmp_path / "results" / "tiny", tmp_path / "runs", "random")
    for name in (TABLE, RUNS):
        path = tmp_path / "results" / "tiny" / name
        kept = path.read_text(encoding="utf-8")
        write_text(path, kept.replace("0.", "1.", 1))
        assert f"{path} is damaged" in refused(tmp_path, capsys, "--results", str(path.parents[1]))
        write_text(path, kept)


def test_the_command_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["site", "--out", str(tmp_path)])
    assert capsys.readouterr().out == f"{tmp_path / 'index.html'}\n"
