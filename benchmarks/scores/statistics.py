"""Means over worlds and their intervals: pure functions of what the tasks of each world say.

Worlds are the sample: each has its own mazes, preferences and split, and one run. The interval of a mean is Student's t over
worlds, and never narrower than one over all their tasks; that of one world alone is over its tasks. How often they hold the
truth is simulated in :mod:`compworld.benchmarks.scores.coverage`; why they were chosen:
docs/decisions/0020-intervals-over-worlds.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compworld.evaluation.interval import CONFIDENCE, DIFFERENCE, SCORE, Numbers, Tasks, half_width

INTERVALS = "95 % intervals over worlds (of a single world over its tasks, which says nothing of others)"
"""How tables and pictures call them."""


def counted(worlds: int) -> str:
    """The number of worlds, and where there is one, what its intervals are over."""
    return "1 (its tasks)" if worlds == 1 else str(worlds)


@dataclass(frozen=True)
class Estimate(Numbers):
    """A mean with its interval; NaN for the ends of one that cannot be had."""

    value: float
    low: float
    high: float

    @property
    def is_finite(self) -> bool:
        """Whether there is anything to draw."""
        return math.isfinite(self.value) and math.isfinite(self.low) and math.isfinite(self.high)


def estimate(worlds: Sequence[Tasks], confidence: float = CONFIDENCE) -> Estimate:
    """Mean over worlds of their means over tasks, with the wider of two intervals: over worlds, and over all their tasks.

    The latter is all that one world has. Of several it bounds from below what worlds that agree by chance would claim.

    Args:
        worlds: each with as much weight, however many tasks it has.
        confidence: of the interval.
    """
    means = np.asarray([world.mean for world in worlds])
    value = float(means.mean())
    half = half_width(float(means.std(ddof=min(1, len(means) - 1))), len(means), confidence)
    low, high = _all_tasks(worlds, value).interval(confidence)
    # Either may be missing, and is NaN then.
    return Estimate(value, float(np.fmin(value - half, low)), float(np.fmax(value + half, high)))


def _all_tasks(worlds: Sequence[Tasks], mean: float) -> Tasks:
    """Of all worlds together, with the deviation that tasks have within worlds."""
    number = sum(world.number for world in worlds)
    squares = sum((world.number - 1) * world.deviation**2 for world in worlds)
    lowest, highest = min(world.lowest for world in worlds), max(world.highest for world in worlds)
    return Tasks(number, mean, math.sqrt(squares / max(1, number - len(worlds))), lowest, highest)


def record_of(worlds: Sequence[Tasks], confidence: float = CONFIDENCE) -> dict[str, Any]:
    """An estimate as plain data, with all that it is made of."""
    found = estimate(worlds, confidence)
    return {**found.as_dict(), "confidence": confidence, "worlds": [world.as_dict() for world in worlds]}


def recomputed(record: Mapping[str, Any]) -> Estimate:
    """The estimate of a :func:`record_of`, from what each world says alone."""
    return estimate([Tasks.from_dict(world) for world in record["worlds"]], record["confidence"])


def scored(scores: Sequence[np.ndarray], scale: tuple[float, float] = SCORE) -> list[Tasks]:
    """Scores of each world's tasks, for :func:`estimate`."""
    return [Tasks.of(tasks, scale) for tasks in scores]


def differences(scores: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> list[Tasks]:
    """What one score has above another in each world, for :func:`estimate`; paired by task, too, where both have as many.

    Raises:
        ValueError: the numbers of worlds differ.
    """
    if len(scores) != len(others):
        raise ValueError(f"numbers of worlds are {len(scores)} and {len(others)}; allowed: equal numbers, paired by world")
    return [_difference(np.asarray(ours), np.asarray(theirs)) for ours, theirs in zip(scores, others, strict=True)]


def _difference(ours_T: np.ndarray, theirs_T: np.ndarray) -> Tasks:
    if len(ours_T) == len(theirs_T):
        return Tasks.of(ours_T - theirs_T, DIFFERENCE)
    number = min(len(ours_T), len(theirs_T))
    return without_interval(number, float(np.mean(ours_T) - np.mean(theirs_T)))


def within_worlds(conditions: Sequence[Sequence[float]], confidence: float = CONFIDENCE) -> list[Estimate]:
    """Means of the same worlds under several conditions, with intervals for what changes within worlds.

    How much worlds differ says nothing of that. So each world's own mean over conditions is taken off, that of all is put back,
    and variances are multiplied by K / (K - 1) for K conditions (Cousineau, Tutorials in Quantitative Methods for Psychology 1,
    2005; Morey, the same 4, 2008). Where the intervals of two conditions do not touch, their paired difference is more than
    1.4 times as far from 0 as its own interval reaches.

    Args:
        conditions: of each, the mean of every world [K, W].
        confidence: of the intervals.

    Raises:
        ValueError: fewer than two conditions or worlds, or not as many worlds in each.
    """
    shapes = {len(means) for means in conditions}
    if len(conditions) < 2 or len(shapes) != 1 or min(shapes) < 2:
        found = [len(means) for means in conditions]
        raise ValueError(f"numbers of worlds under each condition are {found}; allowed: at least two of each, as many in all")
    means_KW = np.asarray(conditions, dtype=float)
    number, worlds = means_KW.shape
    change_KW = means_KW - means_KW.mean(0)
    deviations = change_KW.std(1, ddof=1) * math.sqrt(number / (number - 1))
    halves = [half_width(float(deviation), worlds, confidence) for deviation in deviations]
    return [Estimate(value, value - half, value + half) for value, half in zip(means_KW.mean(1).tolist(), halves, strict=True)]


def unpaired(worlds: Sequence[Tasks], others: Sequence[Tasks], confidence: float = CONFIDENCE) -> Estimate:
    """Mean of some worlds above that of others, with the wider of two intervals, as of :func:`estimate`.

    Over worlds it has the spread of either side and the degrees of freedom of the smaller one: Welch's (1947) are never fewer.
    Over tasks, how far either side's interval reaches is added in squares (Zou and Donner, Statistics in Medicine 27, 2008).
    """
    ours, theirs = (np.asarray([world.mean for world in side]) for side in (worlds, others))
    number = min(len(ours), len(theirs))
    variance = sum(one.var(ddof=1) / len(one) for one in (ours, theirs)) if number > 1 else math.nan
    value, half = float(ours.mean() - theirs.mean()), half_width(math.sqrt(number * variance), number, confidence)
    (below, above), (below_theirs, above_theirs) = _reach(worlds, confidence), _reach(others, confidence)
    low, high = value - math.hypot(below, above_theirs), value + math.hypot(above, below_theirs)
    return Estimate(value, float(np.fmin(value - half, low)), float(np.fmax(value + half, high)))


def _reach(worlds: Sequence[Tasks], confidence: float) -> tuple[float, float]:
    """How far the interval over all tasks reaches below their mean and above it."""
    mean = float(np.mean([world.mean for world in worlds]))
    low, high = _all_tasks(worlds, mean).interval(confidence)
    return mean - low, high - mean


def lower_fifths(scores: Sequence[np.ndarray]) -> list[Tasks]:
    """20th percentile of each world's tasks, what four of five reach, for :func:`estimate`; NaN where there is no task."""
    return [without_interval(len(tasks), float(np.percentile(tasks, 20)) if len(tasks) else math.nan) for tasks in scores]


def without_interval(number: int, value: float) -> Tasks:
    """A world's value that is no mean over its tasks: over several worlds it has an interval, in one world none."""
    return Tasks(number, value, math.nan, math.nan, math.nan)


def simultaneous(comparisons: int) -> float:
    """Confidence of each interval, such that all of a table hold together with :data:`CONFIDENCE` at least (Bonferroni)."""
    return 1 - (1 - CONFIDENCE) / max(1, comparisons)


def together(comparisons: int) -> str:
    """What a table says of such intervals."""
    if comparisons == 1:
        return f"1 comparison, paired by world, with an interval at {100 * CONFIDENCE:.0f} %"
    each, all_of_them = (100 * confidence for confidence in (simultaneous(comparisons), CONFIDENCE))
    return (
        f"{comparisons} comparisons, paired by world, each with an interval at {each:.1f} %, so that all hold together in "
        f"{all_of_them:.0f} % of tables (Bonferroni)"
    )
