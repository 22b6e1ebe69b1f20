"""Committed tables can be computed again from the numbers of each world that stand in their JSON, and from nothing else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from compworld.benchmarks.leaderboard.sections import GENERALISATION, heading
from compworld.benchmarks.leaderboard.sentences import changed
from compworld.benchmarks.recipes.methods import title_of
from compworld.benchmarks.reports.table import text_of
from compworld.benchmarks.scores.names import SET_TITLES
from compworld.benchmarks.scores.statistics import Estimate, counted, recomputed

RESULTS = Path(__file__).parents[3] / "benchmarks" / "results"
TABLES = sorted(path.parent for path in RESULTS.rglob("leaderboard.json"))


def data_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "leaderboard.json").read_text(encoding="utf-8"))


def records_of(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every estimate of a table, and every comparison."""
    for row in data["rows"]:
        yield from row["estimates"].values()
    yield from data["comparisons"]


def test_there_are_tables() -> None:
    assert {"quick", "hour", "rewarded-quick", "teacher"} <= {folder.name for folder in TABLES}


@pytest.mark.parametrize("folder", TABLES, ids=lambda folder: folder.name)
def test_estimates_follow_from_what_each_world_says(folder: Path) -> None:
    data = data_of(folder)
    for record in records_of(data):
        found, written = recomputed(record), Estimate.from_dict(record)
        np.testing.assert_allclose([found.value, found.low, found.high], [written.value, written.low, written.high], rtol=1e-9)
    for row in data["rows"]:
        assert {len(record["worlds"]) for record in row["estimates"].values()} <= {len(row["seeds"])}


@pytest.mark.parametrize("folder", TABLES, ids=lambda folder: folder.name)
def test_several_worlds_have_at_least_students_interval(folder: Path) -> None:
    """By SciPy, from the means alone."""
    for record in records_of(data_of(folder)):
        means = [world["mean"] for world in record["worlds"]]
        if len(means) > 1 and np.ptp(means) > 0:
            low, high = stats.t.interval(record["confidence"], len(means) - 1, np.mean(means), stats.sem(means))
            assert record["low"] <= low + 1e-9
            assert record["high"] >= high - 1e-9


@pytest.mark.parametrize("folder", TABLES, ids=lambda folder: folder.name)
def test_what_is_printed_is_what_is_recomputed(folder: Path) -> None:
    data = data_of(folder)
    sections = re.split(r"^## ", (folder / "leaderboard.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    printed = {section.partition("\n")[0]: section for section in sections[1:]}
    for row in data["rows"]:
        cells = " | ".join(text_of(recomputed(record)) for record in row["estimates"].values())
        assert f"| {title_of(row['method'])} | {counted(len(row['seeds']))} | {cells} |" in printed[row["section"]]
    for one in data["comparisons"]:
        names = f"{title_of(one['method'])} minus {title_of(one['other'])}, {heading(one['set'], one['metric'])}"
        found = [line for line in printed[one["section"]].splitlines() if line.startswith(f"- {names} (")]
        assert [line.partition(": ")[2] for line in found] == [f"{text_of(recomputed(one), '+.3f')}, {one['verdict']}"]


@pytest.mark.parametrize("folder", TABLES, ids=lambda folder: folder.name)
def test_costs_are_those_of_the_runs(folder: Path) -> None:
    runs = {run["run_id"]: run for run in map(json.loads, (folder / "runs.jsonl").read_text(encoding="utf-8").splitlines())}
    text = (folder / "leaderboard.md").read_text(encoding="utf-8")
    for row in data_of(folder)["rows"]:
        tasks, parameters = ({runs[run][name] for run in row["runs"]} for name in ("tasks_seen", "parameters"))
        minutes = np.mean(row["training_seconds"]) / 60
        assert f" | {round(np.mean(list(tasks))):,} | {minutes:.1f} | {round(np.mean(list(parameters))):,} |" in text


@pytest.mark.parametrize("folder", TABLES, ids=lambda folder: folder.name)
def test_what_changes_within_worlds_follows_from_what_each_world_says(folder: Path) -> None:
    """First and last episode of every method that acts, in more than one world."""
    text = (folder / "leaderboard.md").read_text(encoding="utf-8")
    for row in data_of(folder)["rows"]:
        episodes = sorted(name for name in row["estimates"] if name.startswith("held_out/episode_"))
        if not episodes or len(row["seeds"]) < 2:
            continue
        sets = []
        for which in GENERALISATION:
            records = (row["estimates"][f"{which}/{name.partition('/')[2]}"] for name in (episodes[0], episodes[-1]))
            sets.append(
                f"{SET_TITLES[which]} {changed(*([world['mean'] for world in record['worlds']] for record in records))}"
            )
        assert f"\n- {title_of(row['method'])} ({len(row['seeds'])} worlds): {'; '.join(sets)}\n" in text


@pytest.mark.parametrize("folder", TABLES, ids=lambda folder: folder.name)
def test_verdicts_are_corrected_for_their_number(folder: Path) -> None:
    data = data_of(folder)
    for section in {one["section"] for one in data["comparisons"]}:
        together = [one for one in data["comparisons"] if one["section"] == section]
        assert sum(1 - one["confidence"] for one in together) == pytest.approx(0.05)
        for one in together:
            decided = len(one["worlds"]) > 1 and not one["low"] <= 0 <= one["high"]
            assert (one["verdict"] in ("ahead", "behind")) == decided
