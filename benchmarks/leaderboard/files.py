"""The leaderboard as Markdown, CSV and JSON."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from compworld.benchmarks.leaderboard.comparisons import comparisons_of
from compworld.benchmarks.leaderboard.sections import Row, Section, heading
from compworld.benchmarks.leaderboard.sentences import adapted, decoded, leads, missing, played
from compworld.benchmarks.recipes.methods import title_of
from compworld.benchmarks.reports.table import Column, Table
from compworld.benchmarks.runs.provenance import provenance
from compworld.benchmarks.scores import statistics
from compworld.benchmarks.scores.names import title_of_score

COSTS = (Column("tasks seen", ","), Column("minutes of training a run", ".1f"), Column("parameters", ","))
"""What a method's scores cost, beside them."""


def table_of(section: Section, columns: Sequence[tuple[str, str]], costs: bool = False) -> Table:
    """A row for each method: the number of its worlds, and estimates under the columns.

    Args:
        section: whose rows these are.
        columns: set and score of each.
        costs: whether :data:`COSTS` stand behind them.
    """
    names = [heading(*column) for column in columns]
    table = Table(["method", "worlds", *names, *(COSTS if costs else ())], title=section.title)
    for row in section.rows.values():
        name = f"{title_of(row.method)} ({row.state})" if row.state else title_of(row.method)
        found = (row.estimate(*column) for column in columns)
        table.rows.append((name, statistics.counted(len(row.results)), *found, *(costs_of(row) if costs else ())))
    return table


def costs_of(row: Row) -> tuple[int | None, float | None, int | None]:
    """Tasks seen in meta-training, minutes of training and parameters: means over the runs of a row, None of records."""
    results = [result for result in row.results.values() if "config" in result]
    if not results:
        return None, None, None
    tasks, seconds, parameters = (
        np.mean([result.get(name, 0) for result in results]) for name in ("tasks_seen", "training_seconds", "parameters")
    )
    return round(float(tasks)), float(seconds) / 60, round(float(parameters))


def markdown(sections: Sequence[Section], budget: Sequence[str]) -> str:
    """The table as Markdown."""
    lines = ["# CompWorld leaderboard", "", *budget]
    for section in sections:
        lines += ["", f"## {section.title}", "", table_of(section, section.columns, costs=True).markdown()]
        lines += ["", *missing(section), *leads(section), *decoded(section), *played(section), *adapted(section)]
    return "\n".join(lines) + "\n"


def as_csv(sections: Sequence[Section]) -> str:
    """Every number of the table, one per line."""
    table = Table(["family", "support", "method", "set", "metric", "value", "low", "high", "seeds", "tasks_per_seed"])
    for section in sections:
        for row in section.rows.values():
            for column in section.columns:
                e = row.estimate(*column)
                if e is None:
                    continue
                number = len(row.scores("held_out", column[1])[0])
                place = section.family.label, section.support, row.method, *section.key(*column)
                table.rows.append((*place, e.value, e.low, e.high, len(row.results), number))
    return table.csv()


def as_json(sections: Sequence[Section], budget: Sequence[str]) -> dict[str, Any]:
    """The table, what each world says, and the runs behind it; the format is described in docs/scores.md."""
    rows = [_as_dict(section, row) for section in sections for row in section.rows.values()]
    comparisons = [
        {"section": section.title, **comparison.as_dict()} for section in sections for comparison in comparisons_of(section)
    ]
    described = [_of_section(section) for section in sections]
    return {"budget": list(budget), **provenance(), "sections": described, "rows": rows, "comparisons": comparisons}


def _of_section(section: Section) -> dict[str, Any]:
    """What the estimates of its rows are of: keys of scores with their words, and the one that methods are compared by."""
    return {
        "title": section.title,
        "family": section.family.label,
        "support": section.support,
        "track": section.track,
        "headline": section.key("held_out", section.compared)[1],
        "scores": {section.key("held_out", score)[1]: title_of_score(score) for _, score in section.columns},
    }


def _as_dict(section: Section, row: Row) -> dict[str, Any]:
    results = row.results.values()
    estimates = {
        "/".join(section.key(*column)): statistics.record_of(row.worlds(*column))
        for column in (section.columns if row.results else ())
    }
    return {
        "section": section.title,
        "family": section.family.label,
        "support": section.support,
        "method": row.method,
        "seeds": list(row.results),
        "runs": [result["run_id"] for result in results],
        "split_sha256": [result["split_sha256"] for result in results],
        "training_seconds": [result.get("training_seconds", 0.0) for result in results],
        "recomputed_by": row.recomputed_by,
        "problems": {str(seed): problem for seed, problem in row.problems.items()},
        "estimates": estimates,
    }
