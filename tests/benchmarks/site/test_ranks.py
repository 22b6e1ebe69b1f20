"""Ranks: how many rows one is behind; who is no rival has none."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from compworld.benchmarks.leaderboard.published import (
    Board,
    PublishedComparison,
    PublishedEstimate,
    PublishedRow,
    PublishedRun,
    PublishedSection,
    PublishedTable,
    PublishedWorld,
)
from compworld.benchmarks.runs.records import Hardware
from compworld.benchmarks.scores.statistics import estimate, without_interval
from compworld.benchmarks.site.entries import Entry, Listing
from compworld.benchmarks.site.ranks import ranks_of, why_unranked

VERSION = "1.0"
SECTION = PublishedSection("toy", "toy", "random", "shown", "score", {"score": "score"})


def entry(name: str, worlds: list[float], first: int = 0, version: str = VERSION) -> Entry:
    """A row that has a score in each world, from a first seed on."""
    found = estimate([without_interval(1, value) for value in worlds])
    numbers = (None if np.isnan(value) else value for value in (found.value, found.low, found.high))
    scores = PublishedEstimate(*numbers, [PublishedWorld(value) for value in worlds])
    seeds = list(range(first, first + len(worlds)))
    ids = [f"{name}_{seed}" for seed in seeds]
    row = PublishedRow(
        "toy", name, seeds, ids, [f"split {seed}" for seed in seeds], [1.0] * len(ids), {}, {"held_out/score": scores}
    )
    run = PublishedRun(ids[0], "shown", {}, "", None, 0, 0, 0, {"compworld": version}, None, {}, {})
    return Entry(row, [run])


def without_scores(one: Entry) -> Entry:
    return Entry(msgspec.structs.replace(one.row, estimates={}), one.runs)


def listing(*entries: Entry) -> Listing:
    table = PublishedTable([], {"compworld": VERSION}, Hardware("", 1, 1.0, ""), [SECTION], [one.row for one in entries], [])
    return Listing(Board("toy", table, {}, Path()), SECTION, list(entries))


def ranks(*entries: Entry) -> dict[str, int]:
    return {name.rpartition(".")[2]: rank for name, rank in ranks_of(listing(*entries)).items()}


def test_who_is_behind_in_every_world_has_a_rank_below() -> None:
    """Levels of worlds differ by more than methods do: differences are taken world by world."""
    levels = np.asarray([0.1, 0.3, 0.5, 0.7, 0.9])
    noise = np.asarray([0.001, -0.001, 0.0, 0.001, -0.001])
    found = ranks(
        entry("worst", list(levels - 0.1)), entry("best", list(levels + noise)), entry("second", list(levels - noise))
    )
    assert found == {"best": 1, "second": 1, "worst": 3}


def test_worlds_that_differ_are_compared_by_their_intervals() -> None:
    ours = entry("ours", [0.90, 0.91, 0.92, 0.93])
    assert ranks(ours, entry("theirs", [0.1, 0.11, 0.12, 0.13], first=10)) == {"ours": 1, "theirs": 2}
    assert ranks(ours, entry("theirs", [0.1, 0.5, 0.9, 0.8], first=10)) == {"ours": 1, "theirs": 1}


@pytest.mark.parametrize("seed", range(30))
def test_ranks_count_who_is_ahead_whatever_the_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    entries = [entry(f"m{m}", list(rng.normal(rng.uniform(), 0.05, 4))) for m in range(6)]
    found = ranks(*entries)
    by_score = sorted(entries, key=lambda one: one.row.estimates["held_out/score"].value or 0.0, reverse=True)
    in_order = [found[one.row.method] for one in by_score]
    assert in_order[0] == 1
    assert all(rank <= place for place, rank in enumerate(in_order, start=1))
    assert found == ranks(*rng.permutation(np.asarray(entries, dtype=object)))


@pytest.mark.parametrize("first", [0, 10])
def test_worlds_that_agree_by_chance_do_not_decide_what_their_tasks_leave_open(first: int) -> None:
    """Paired, and in worlds of their own."""

    def of_tasks(one: Entry, deviation: float) -> Entry:
        scores = one.row.estimates["held_out/score"]
        worlds = [msgspec.structs.replace(w, number=100, deviation=deviation, lowest=0.0, highest=1.0) for w in scores.worlds]
        estimates = {"held_out/score": msgspec.structs.replace(scores, worlds=worlds)}
        return Entry(msgspec.structs.replace(one.row, estimates=estimates), one.runs)

    both = entry("first", [0.6, 0.61, 0.59]), entry("second", [0.5, 0.511, 0.49], first)
    assert ranks(*both) == {"first": 1, "second": 2}
    assert ranks(*(of_tasks(one, 1.0) for one in both)) == {"first": 1, "second": 1}
    assert ranks(*(of_tasks(one, 0.05) for one in both)) == {"first": 1, "second": 2}


def test_ranks_decide_nothing_that_a_verdict_leaves_open() -> None:
    better, worse = [0.8, 0.81, 0.79], [0.5, 0.55, 0.45]
    table = listing(entry("better", better), entry("worse", worse))
    assert list(ranks_of(table).values()) == [1, 2]
    confidence = 0.999
    found = estimate([without_interval(1, ours - theirs) for ours, theirs in zip(better, worse, strict=True)], confidence)
    assert found.low < 0
    verdict = PublishedComparison(
        "toy", "better", "worse", "held_out", "score", [0, 1, 2], "undecided", found.value, found.low, found.high, confidence
    )
    with_verdict = replace(table.board, table=msgspec.structs.replace(table.board.table, comparisons=[verdict]))
    assert list(ranks_of(replace(table, board=with_verdict)).values()) == [1, 1]


def test_who_is_behind_nobody_shares_the_first_rank() -> None:
    """Also below one that is behind: of the two nothing is known."""
    found = ranks(entry("first", [0.9, 0.91, 0.92]), entry("behind", [0.8, 0.811, 0.82]), entry("unsure", [0.1, 0.9, 0.5]))
    assert found == {"first": 1, "behind": 2, "unsure": 1}


def test_who_is_no_rival_has_no_rank() -> None:
    good = [0.9, 0.91, 0.92]
    entries = {
        "anil": entry("anil", good),
        "reference": entry("no_adaptation", good),
        "one world": entry("maml", [0.9]),
        "one world that has a score": entry("deep_hypernetwork", [0.9, float("nan"), float("nan")]),
        f"not made with version {VERSION}": entry("gru", good, version="0.9"),
        "no score": without_scores(entry("linear_hypernetwork", good)),
    }
    table = listing(*entries.values())
    assert {why_unranked(table, one) for one in entries.values()} == {*entries} - {"anil", "one world that has a score"} | {""}
    assert list(ranks_of(table).values()) == [1]


def test_who_is_told_is_a_rival_of_the_told_only() -> None:
    told = entry("told_policy", [0.9, 0.91])
    shown = listing(told)
    among_told = Listing(shown.board, PublishedSection("toy", "toy", "random", "told", "score", {}), [told])
    assert why_unranked(shown, told) == "reference"
    assert why_unranked(among_told, told) == ""
