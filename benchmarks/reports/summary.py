"""A finished run's scores at a glance."""

from typing import Any

import numpy as np

from compworld.benchmarks.reports.table import Table
from compworld.benchmarks.scores.names import COMBINATION, title_of_score
from compworld.benchmarks.scores.statistics import lower_fifths, scored
from compworld.benchmarks.scores.trials import LOWER_FIFTH


def table_of(result: dict[str, Any]) -> Table:
    """Means over tasks of every score on every set, but for the lower fifth, which is one number of all tasks."""
    scores = result["scores"]
    table = Table(["mean over tasks", *scores], title=result["run_id"])
    for name in next(iter(scores.values())):
        if name != COMBINATION:
            of_sets = [np.asarray(of_set[name], dtype=float) for of_set in scores.values()]
            found = lower_fifths(of_sets) if name == LOWER_FIFTH else scored(of_sets)
            table.rows.append((title_of_score(name), *(tasks.mean for tasks in found)))
    return table
