"""What is drawn of a row's runs: curves over training and over the episodes of a trial, and a map of where it fails."""

from collections.abc import Sequence
from typing import Any

from compworld.benchmarks.leaderboard.published import PublishedRun
from compworld.benchmarks.site.entries import Entry, Listing
from compworld.benchmarks.site.ranks import is_line

VALIDATED = {
    "validation_action_accuracy": "action accuracy, validation",
    "validation_return": "normalised return, validation",
}
HELD_OUT, FRESH = "held-out combinations", "trained combinations"
DIGITS = 4

Values = Sequence[float | None]


def charts_of(listing: Listing, entry: Entry) -> list[dict[str, Any]]:
    """Charts as plain data: ``title``, ``x`` and ``y`` with their words, and ``lines``.

    A line has the mean over seeds and their range; references have the mean alone.
    """
    references = [other for other in listing.entries if is_line(other) and other is not entry]
    return [chart for chart in (_training(entry, references), _episodes(entry, references)) if chart]


def _training(entry: Entry, references: Sequence[Entry]) -> dict[str, Any] | None:
    curves = [run.curve for run in entry.runs if run.curve is not None]
    if not curves:
        return None
    shortest = min(len(curve.tasks) for curve in curves)
    tasks = curves[0].tasks[:shortest]
    lines = [_line("validation", [curve.values[:shortest] for curve in curves])]
    for other in references:
        values = [run.curve.values for run in other.runs if run.curve is not None and run.curve.tasks == tasks]
        if values:
            lines.append(_reference(other.title, values))
    return {"title": "While it was trained", "x": "tasks seen", "at": tasks, "y": VALIDATED[curves[0].score], "lines": lines}


def _episodes(entry: Entry, references: Sequence[Entry]) -> dict[str, Any] | None:
    played = [run for run in entry.runs if run.episodes]
    if not played:
        return None
    number = len(played[0].episodes["held_out"])
    lines = [_line(HELD_OUT, _of(played, "held_out")), _line(FRESH, _of(played, "fresh_episodes"))]
    lines += [_reference(f"{other.title}, held out", _of(other.runs, "held_out")) for other in references if other.runs]
    at = list(range(1, number + 1))
    return {"title": "From episode to episode", "x": "episode of the trial", "at": at, "y": "normalised return", "lines": lines}


def _of(runs: Sequence[PublishedRun], which: str) -> list[Values]:
    return [run.episodes[which] for run in runs]


def _line(name: str, seeds: Sequence[Values]) -> dict[str, Any]:
    """Mean, lowest and highest over seeds at each place; None where one of them has no number."""
    columns = [[value for value in column if value is not None] for column in zip(*seeds, strict=True)]
    full = [column if len(column) == len(seeds) else [] for column in columns]
    return {
        "name": name,
        "mean": [round(sum(column) / len(column), DIGITS) if column else None for column in full],
        "low": [min(column, default=None) for column in full],
        "high": [max(column, default=None) for column in full],
    }


def _reference(name: str, seeds: Sequence[Values]) -> dict[str, Any]:
    return {"name": name, "mean": _line(name, seeds)["mean"]}


def failure_map(entry: Entry) -> dict[str, Any] | None:
    """The headline score by module and world, on held-out and on trained combinations; None where nothing was published.

    Each value comes with its share of the way from 0 to 1, by which it is coloured.
    """
    runs = [run for run in entry.runs if run.modules]
    names = list(dict.fromkeys(name for run in runs for which in run.modules.values() for name in which))
    if not names:
        return None
    rows = [
        [[_cell(run.modules[which].get(name)) for run in runs] for which in ("held_out", "fresh_episodes")] for name in names
    ]
    return {"worlds": [run.config["world"] for run in runs], "sets": [HELD_OUT, FRESH], "modules": names, "rows": rows}


def _cell(value: float | None) -> list[float] | None:
    return None if value is None else [round(value, 2), round(min(1.0, max(0.0, value)), 2)]
