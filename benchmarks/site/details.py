"""What a row opens: everything that is known of its runs, as plain data for the page's scripts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from compworld.benchmarks.leaderboard.films import FILMED, name_of_film
from compworld.benchmarks.leaderboard.published import PublishedComparison, PublishedEstimate
from compworld.benchmarks.leaderboard.sections import heading
from compworld.benchmarks.recipes.methods import title_of
from compworld.benchmarks.reports.table import text_of
from compworld.benchmarks.scores.names import SET_TITLES
from compworld.benchmarks.scores.statistics import Estimate
from compworld.benchmarks.site.charts import charts_of, failure_map
from compworld.benchmarks.site.entries import Entry, Listing
from compworld.benchmarks.site.reproduce import command_of, why_no_command

SETS = ("held_out", "fresh_episodes", "gap")
OF_A_SEED = ("seed", "world")
"""Fields of a config in which the runs of a row differ."""


def details_of(listing: Listing, entry: Entry) -> dict[str, Any]:
    """Command, configuration, runs, scores, charts and failures of a row."""
    config = {name: value for run in entry.runs[:1] for name, value in run.config.items() if name not in OF_A_SEED}
    return {
        "command": command_of(listing.board, listing.section, entry),
        "no_command": why_no_command(entry),
        "config": [[name, str(value)] for name, value in _leaves(config).items()],
        "runs": _runs(entry),
        "scores": _scores(listing, entry),
        "charts": charts_of(listing, entry),
        "failures": failure_map(entry),
        "comparisons": _comparisons(listing, entry),
        "problems": [f"seed {seed}: {problem}" for seed, problem in entry.row.problems.items()],
    }


def film_of(listing: Listing, entry: Entry) -> Path | None:
    """The film in which a row's method plays, where there is one."""
    trials = listing.section.track != "shown"
    name = name_of_film(listing.section.family, trials)
    found = (listing.board.folder / f"{name}{suffix}" for suffix in (".mp4", ".gif"))
    filmed = entry.row.method in FILMED[trials] and not entry.own
    return next((path for path in found if filmed and path.exists()), None)


def said(found: PublishedEstimate | PublishedComparison | None, form: str = "z.2f") -> str:
    """An estimate as text; empty where there is none."""
    return "" if found is None or found.value is None else text_of(Estimate.from_dict(msgspec.structs.asdict(found)), form)


def _leaves(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The fields of a config, those of others below their names."""
    found: dict[str, Any] = {}
    for name, value in data.items():
        nested = isinstance(value, Mapping) and value
        found |= _leaves(value, f"{prefix}{name}.") if nested else {f"{prefix}{name}": value}
    return found


def _runs(entry: Entry) -> list[list[str]]:
    """Seed, world, id, hashes of split and learner, minutes of training of each run."""
    by_id = {run.run_id: run for run in entry.runs}
    rows = []
    for run_id, split, seconds in zip(entry.row.runs, entry.row.split_sha256, entry.row.training_seconds, strict=True):
        run = by_id.get(run_id)
        seed, world = (str(run.config[name]) if run else "" for name in OF_A_SEED)
        minutes = "" if seconds is None else f"{seconds / 60:.1f}"
        rows.append([seed, world, run_id, split, (run.learner_sha256 or "") if run else "", minutes])
    return rows


def _comparisons(listing: Listing, entry: Entry) -> list[list[str]]:
    """Whom the row's method was compared with, on what, in how many worlds, and what came of it."""
    rows = []
    for one in listing.board.table.comparisons:
        if entry.own or one.section != listing.section.title or entry.row.method not in (one.method, one.other):
            continue
        pair = f"{title_of(one.method)} minus {title_of(one.other)}"
        interval = f"{said(one, '+.3f')} at {100 * one.confidence:.1f} %"
        rows.append([pair, heading(one.set, one.metric), str(len(one.seeds)), interval, one.verdict])
    return rows


def _scores(listing: Listing, entry: Entry) -> dict[str, Any]:
    """A line for each score, with its value on every set."""
    rows = [
        [title, *(said(entry.estimate(which, score), "z.3f") for which in SETS)]
        for score, title in listing.section.scores.items()
    ]
    return {"sets": [SET_TITLES[which] for which in SETS], "rows": rows}
