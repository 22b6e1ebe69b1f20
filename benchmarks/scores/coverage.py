"""How often an interval holds the truth: tables made again and again, of worlds, seeds and tasks as nested random effects.

A world's mean score is the truth, plus what the world adds, plus what the seed of its run adds, plus the mean of what its
tasks add; all normal, with spreads as measured. The same for differences of two methods, which are paired by world. Axes: W
worlds, S seeds in each, T tasks, R resamples.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compworld.benchmarks.scores import statistics
from compworld.evaluation.interval import Tasks, half_width

RESAMPLES = 500


@dataclass(frozen=True)
class Spread:
    """Standard deviations: between worlds, between seeds in one world, between tasks of one run; and the number of these."""

    worlds: float
    seeds: float
    tasks: float
    number: int

    @classmethod
    def measured(cls, runs_WS: Sequence[Sequence[Tasks]]) -> "Spread":
        """By moments: of each variance what the variance below it makes by itself is taken off, 0 at least.

        Args:
            runs_WS: of each world the same number of seeds, two at least, with the same number of tasks.
        """
        means_WS = np.asarray([[run.mean for run in world] for world in runs_WS])
        tasks = float(np.mean([run.deviation**2 for world in runs_WS for run in world]))
        number, seeds = runs_WS[0][0].number, means_WS.shape[1]
        within = float(means_WS.var(1, ddof=1).mean())
        between = float(means_WS.mean(1).var(ddof=1))
        return cls(
            math.sqrt(max(0.0, between - within / seeds)),
            math.sqrt(max(0.0, within - tasks / number)),
            math.sqrt(tasks),
            number,
        )

    def drawn(self, worlds: int, rng: np.random.Generator) -> list[Tasks]:
        """New worlds with a seed each, around a truth of 0 in the middle of the scale."""
        error = self.tasks / math.sqrt(self.number)
        means_W = math.hypot(self.worlds, self.seeds, error) * rng.normal(size=worlds)
        free = self.number - 1
        deviations_W = self.tasks * np.sqrt(rng.chisquare(free, size=worlds) / free)
        return [
            Tasks(self.number, mean, deviation, -0.5, 0.5)
            for mean, deviation in zip(means_W.tolist(), deviations_W.tolist(), strict=True)
        ]


Interval = Callable[[Sequence[Tasks], np.random.Generator], tuple[float, float]]


def of_tables(worlds: Sequence[Tasks], rng: np.random.Generator) -> tuple[float, float]:
    """What tables have."""
    found = statistics.estimate(worlds)
    return found.low, found.high


def students_t(worlds: Sequence[Tasks], rng: np.random.Generator) -> tuple[float, float]:
    """Over worlds alone."""
    return plain_t(np.asarray([world.mean for world in worlds]), rng)


def bootstrap(worlds: Sequence[Tasks], rng: np.random.Generator) -> tuple[float, float]:
    """Percentiles of the mean when worlds, and in each of them tasks, are resampled."""
    return _percentiles(_resampled(worlds, rng).mean(1))


def bootstrap_of_interquartile_mean(worlds: Sequence[Tasks], rng: np.random.Generator) -> tuple[float, float]:
    """The same for the mean of the middle half of the worlds, where those on its border count in part.

    After Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice".
    """
    edges = np.arange(len(worlds) + 1) / len(worlds)
    weights_W = 2 * np.clip(np.minimum(edges[1:], 0.75) - np.maximum(edges[:-1], 0.25), 0, None)
    return _percentiles(np.sort(_resampled(worlds, rng), axis=1) @ weights_W)


OVER_WORLDS: Mapping[str, Interval] = {
    "Student's t over worlds, at least over tasks": of_tables,
    "Student's t over worlds": students_t,
    "bootstrap, mean": bootstrap,
    "bootstrap, interquartile mean": bootstrap_of_interquartile_mean,
}
"""Intervals to choose from, the chosen one first."""


def coverage(interval: Interval, spread: Spread, worlds: int, repetitions: int, rng: np.random.Generator) -> float:
    """In which share of repetitions the interval holds the truth."""
    held = 0
    for _ in range(repetitions):
        low, high = interval(spread.drawn(worlds, rng), rng)
        held += low <= 0 <= high
    return held / repetitions


def ends_added(scores_T: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """What tables of one world, and evaluations, have."""
    return Tasks.of(scores_T).interval()


def plain_t(scores_T: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Student's t over values as they are."""
    half = half_width(float(scores_T.std(ddof=1)), len(scores_T))
    return float(scores_T.mean()) - half, float(scores_T.mean()) + half


def bootstrap_of_tasks(scores_T: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Percentiles of the mean of resampled tasks."""
    return _percentiles(scores_T[rng.integers(len(scores_T), size=(RESAMPLES, len(scores_T)))].mean(1))


OVER_TASKS: Mapping[str, Callable[[np.ndarray, np.random.Generator], tuple[float, float]]] = {
    "Student's t, ends of the scale added": ends_added,
    "Student's t": plain_t,
    "bootstrap": bootstrap_of_tasks,
}
"""The same where there is one world, and its tasks are the sample."""


def coverage_of_tasks(name: str, population_T: np.ndarray, tasks: int, repetitions: int, rng: np.random.Generator) -> float:
    """In which share of repetitions the interval of so many scores drawn from a population holds the population's mean."""
    truth, held = population_T.mean(), 0
    for _ in range(repetitions):
        low, high = OVER_TASKS[name](population_T[rng.integers(len(population_T), size=tasks)], rng)
        held += low <= truth <= high
    return held / repetitions


def _resampled(worlds: Sequence[Tasks], rng: np.random.Generator) -> np.ndarray:
    """Means [R, W] of resampled tasks in resampled worlds; the former normal, for there are many of them."""
    means_W, errors_W = np.transpose([(world.mean, world.deviation / math.sqrt(world.number)) for world in worlds])
    chosen = rng.integers(len(worlds), size=(RESAMPLES, len(worlds)))
    return np.asarray(means_W[chosen] + errors_W[chosen] * rng.normal(size=chosen.shape))


def _percentiles(means_R: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(means_R, [2.5, 97.5])
    return float(low), float(high)
