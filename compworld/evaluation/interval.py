"""Intervals of means by Student's t, over worlds and over the tasks of one world; the package goes without SciPy.

Why these, and how often they hold the truth: docs/decisions/0020-intervals-over-worlds.md. Axis: T tasks.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any, Self

import numpy as np

CONFIDENCE = 0.95
BISECTIONS = 60

SCORE, DIFFERENCE = (0.0, 1.0), (-1.0, 1.0)
"""Scales: of a score, from random play or nothing to the optimum, and of what one score has above another."""


@dataclass(frozen=True)
class Numbers:
    """Numbers by name, some of which may be NaN."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data; None for numbers that are none."""
        return {name: value if math.isfinite(value) else None for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Inverse of :meth:`as_dict`; further entries are left alone."""
        return cls(*(math.nan if data[field.name] is None else data[field.name] for field in fields(cls)))


@dataclass(frozen=True)
class Tasks(Numbers):
    """What a world's tasks say of its mean score.

    Attributes:
        number: of the tasks.
        mean: of their scores.
        deviation: theirs, with one degree of freedom taken off; 0 of a single task.
        lowest, highest: ends of the scale, or scores beyond them.
    """

    number: int
    mean: float
    deviation: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, scores_T: np.ndarray, scale: tuple[float, float] = SCORE) -> "Tasks":
        """Of the score of each task.

        Raises:
            ValueError: there is no task.
        """
        scores_T = np.asarray(scores_T, dtype=np.float64)
        if not scores_T.size:
            raise ValueError("scores are of 0 tasks; allowed: at least 1")
        deviation = scores_T.std(ddof=1) if scores_T.size > 1 else 0.0
        low, high = min(scale[0], scores_T.min()), max(scale[1], scores_T.max())
        return cls(scores_T.size, float(scores_T.mean()), float(deviation), float(low), float(high))

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Of the mean over further tasks of this world; it says nothing of other worlds.

        Student's t on the scores and four more, two at either end of the scale: what Agresti and Coull (1998) add to
        successes and failures. Without them a score that hardly ever fails, or hardly ever succeeds, has an interval that is
        too short, or none.
        """
        added = np.asarray([self.lowest, self.lowest, self.highest, self.highest])
        number = self.number + len(added)
        mean = (self.number * self.mean + added.sum()) / number
        squares = (self.number - 1) * self.deviation**2 + self.number * (self.mean - mean) ** 2 + ((added - mean) ** 2).sum()
        half = half_width(math.sqrt(squares / (number - 1)), number, confidence)
        return mean - half, mean + half


def half_width(deviation: float, number: int, confidence: float = CONFIDENCE) -> float:
    """How far the interval of a mean of independent values reaches on either side of it; NaN for a single value."""
    return quantile_of_t(confidence, number - 1) * deviation / math.sqrt(number) if number > 1 else math.nan


@cache
def quantile_of_t(confidence: float, degrees: int) -> float:
    """What a t-distributed variable exceeds in absolute value with probability ``1 - confidence``.

    For whole degrees of freedom the distribution function is a finite sum in the angle whose tangent is ``t / sqrt(degrees)``
    (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4); it is inverted by bisection.
    """
    odd = degrees % 2 == 1
    k = np.arange(1, (degrees + 1) // 2)
    coefficients = np.cumprod((2 * k - 2 + (k == 1)) / (2 * k - 1) if odd else (2 * k - 1) / (2 * k))
    exponents = 2 * k - odd

    def probability(angle: float) -> float:
        series = float(coefficients @ math.cos(angle) ** exponents)
        return 2 / math.pi * (angle + math.sin(angle) * series) if odd else math.sin(angle) * (1 + series)

    low, high = 0.0, math.pi / 2
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if probability(middle) < confidence else (low, middle)
    return math.sqrt(degrees) * math.tan(low)
