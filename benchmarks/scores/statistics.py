"""Aggregates and intervals: pure functions of scores (seeds x tasks) and a generator.

After Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice": interquartile mean, and
percentile intervals from a stratified bootstrap.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

Scores = Sequence[np.ndarray]
"""One array of per-task scores for each seed; seeds may have different numbers of tasks."""

RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A point estimate with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_finite(self) -> bool:
        """Whether there is anything to draw."""
        return math.isfinite(self.value) and math.isfinite(self.low) and math.isfinite(self.high)

    def as_dict(self) -> dict[str, float | None]:
        """Plain data; None for numbers that are none."""
        return {name: value if math.isfinite(value) else None for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Estimate":
        """Inverse of :meth:`as_dict`; further entries are left alone."""
        return cls(*(math.nan if data[name] is None else data[name] for name in ("value", "low", "high")))


def interquartile_mean(values: np.ndarray) -> np.ndarray:
    """Mean of the middle half of the values along the last axis; values on the border count in part.

    For 4 values it is the mean of the middle two; for 3, the weights are (1/6, 2/3, 1/6).
    """
    count = values.shape[-1]
    edges = np.arange(count + 1) / count
    weights = np.clip(np.minimum(edges[1:], 0.75) - np.maximum(edges[:-1], 0.25), 0, None) * 2
    return np.asarray(np.sort(values, axis=-1) @ weights)


def aggregate(scores: Scores) -> float:
    """Interquartile mean over seeds of the mean over tasks."""
    return float(interquartile_mean(np.asarray([np.mean(tasks) for tasks in scores])))


def lower_fifth(values: np.ndarray, axis: int | None = None) -> np.ndarray:
    """20th percentile: what four of five tasks reach."""
    return np.asarray(np.percentile(values, 20, axis=axis))


def estimate(scores: Scores, rng: np.random.Generator, of_tasks: Callable[..., np.ndarray] = np.mean) -> Estimate:
    """Aggregate with its interval: seeds are resampled, and within each chosen seed its tasks.

    Args:
        scores: of each seed.
        rng: source of randomness.
        of_tasks: what is taken of the tasks of a seed, along ``axis``.
    """
    return _bootstrap([scores], lambda means: interquartile_mean(means[0]), rng, of_tasks)


def difference(scores: Scores, others: Scores, rng: np.random.Generator) -> Estimate:
    """Aggregate of ``scores - others`` for two sets of tasks of the same seeds (same worlds), paired by seed.

    Raises:
        ValueError: the numbers of seeds differ.
    """
    if len(scores) != len(others):
        raise ValueError(f"numbers of seeds are {len(scores)} and {len(others)}; allowed: equal numbers, paired by seed")
    return _bootstrap([scores, others], lambda means: interquartile_mean(means[0] - means[1]), rng)


def _bootstrap(
    groups: Sequence[Scores],
    statistic: Callable[[np.ndarray], np.ndarray],
    rng: np.random.Generator,
    of_tasks: Callable[..., np.ndarray] = np.mean,
) -> Estimate:
    """Percentile interval of a statistic of the task means [groups, seeds]."""
    seeds = len(groups[0])
    point = statistic(np.asarray([[of_tasks(tasks) for tasks in scores] for scores in groups]))
    # Means of resampled tasks for every resample and seed; which seeds a resample takes is the same for all groups.
    chosen = rng.integers(seeds, size=(RESAMPLES, seeds))
    means = np.empty((len(groups), RESAMPLES, seeds))
    for group, scores in enumerate(groups):
        for seed, tasks in enumerate(scores):
            values = np.asarray(tasks, dtype=np.float64)
            resampled = of_tasks(values[rng.integers(len(values), size=(RESAMPLES, seeds, len(values)))], axis=2)
            means[group] = np.where(chosen == seed, resampled, means[group])
    low, high = np.percentile(statistic(means), [2.5, 97.5])
    return Estimate(float(point), float(low), float(high))
