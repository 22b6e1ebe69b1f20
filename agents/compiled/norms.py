"""Layer norm of one vector (without gain and shift) and its derivatives. Axes of array names: E values."""

import numpy as np

from compworld.agents.compiled.compiler import compiled
from compworld.agents.networks.embedding import LAYER_NORM_EPSILON


@compiled
def normalise(values_E):
    """Layer norm of values in their place; returns one over the standard deviation."""
    count = values_E.dtype.type(len(values_E))
    mean = values_E.dtype.type(0)
    for e in range(len(values_E)):
        mean += values_E[e] / count
    variance = values_E.dtype.type(LAYER_NORM_EPSILON)
    for e in range(len(values_E)):
        values_E[e] -= mean
        variance += values_E[e] * values_E[e] / count
    inverse = values_E.dtype.type(1) / np.sqrt(variance)
    for e in range(len(values_E)):
        values_E[e] *= inverse
    return inverse


@compiled
def mean_product(left_E, right_E):
    total = left_E.dtype.type(0)
    for e in range(len(left_E)):
        total += left_E[e] * right_E[e]
    return total / left_E.dtype.type(len(left_E))


@compiled
def through_normalisation(gradient_E, normalised_E, inverse, out_E):
    """``(g - mean(g) - n mean(g n)) / deviation``."""
    count = gradient_E.dtype.type(len(gradient_E))
    mean = gradient_E.dtype.type(0)
    for e in range(len(gradient_E)):
        mean += gradient_E[e] / count
    correlation = mean_product(gradient_E, normalised_E)
    for e in range(len(gradient_E)):
        out_E[e] = (gradient_E[e] - mean - normalised_E[e] * correlation) * inverse
