"""Quantiles of Student's t, for a package that goes without SciPy."""

import math
from functools import cache

import numpy as np

BISECTIONS = 60


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
