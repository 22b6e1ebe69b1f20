"""A finished run's scores at a glance."""

from typing import Any

from compworld.benchmarks.reports.table import Table
from compworld.benchmarks.scores.names import COMBINATION, title_of_score


def table_of(result: dict[str, Any]) -> Table:
    """Means over tasks of every score on every set."""
    scores = result["scores"]
    table = Table(["mean over tasks", *scores], title=result["run_id"])
    for name in next(iter(scores.values())):
        if name != COMBINATION:
            values = (of_set[name] for of_set in scores.values())
            table.rows.append((title_of_score(name), *(sum(value) / len(value) for value in values)))
    return table
