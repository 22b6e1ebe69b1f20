"""A run's scores at a glance are those of the tables."""

import math

import numpy as np

from compworld.benchmarks.reports.summary import table_of


def test_every_score_is_its_mean_but_the_lower_fifth() -> None:
    values = list(np.random.default_rng(0).normal(size=50))
    scores = {"episode_1": values, "lower_fifth": values, "combination": [0.0] * 50}
    result = {"run_id": "a run", "scores": {"fresh_episodes": scores, "held_out": {**scores, "lower_fifth": []}}}
    table = table_of(result)
    found = {str(row[0]): row[1:] for row in table.rows}
    assert len(found) == 2
    (first, lower) = found.values()
    np.testing.assert_allclose(np.asarray(first, dtype=float), np.mean(values))
    assert np.isclose(float(lower[0]), np.percentile(values, 20))  # type: ignore[arg-type]
    assert math.isnan(float(lower[1]))  # type: ignore[arg-type]
