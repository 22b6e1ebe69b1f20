"""A task's losses with their first two derivatives (formulas: :mod:`compworld.agents.losses`).

Axes of array names: N samples, A outputs.
"""

from typing import NamedTuple

import numpy as np

from compworld.agents.compiled.compiler import compiled
from compworld.agents.examples import Problem


class Kind(NamedTuple):
    """Which loss."""

    classes: bool
    """Whether it is the cross-entropy of the outputs' softmax with the targets, not their squared error."""
    share: np.floating
    """Of each output in the squared error: one over their number where it is a mean, 1 where it is a sum."""


def kind_of(problem: Problem, dtype: np.dtype) -> Kind:
    """The loss of a problem."""
    share = 1 if problem.loss == "summed_squared_error" else 1 / problem.outputs
    return Kind(problem.loss == "cross_entropy", dtype.type(share))


@compiled
def loss_and_gradient(outputs_NA, targets_NA, weights_N, kind, probabilities_NA):
    """The loss; its gradient takes the place of the outputs. Leaves the softmax in ``probabilities_NA``."""
    samples, count = outputs_NA.shape
    zero = weights_N.dtype.type(0)
    total = zero
    for n in range(samples):
        outputs, targets, weight = outputs_NA[n], targets_NA[n], weights_N[n]
        if kind.classes:
            probabilities = probabilities_NA[n]
            largest = outputs[0]
            for a in range(1, count):
                largest = max(largest, outputs[a])
            partition = zero
            for a in range(count):
                probabilities[a] = np.exp(outputs[a] - largest)
                partition += probabilities[a]
            logarithm = np.log(partition) + largest
            for a in range(count):
                total -= weight * targets[a] * (outputs[a] - logarithm)
                probabilities[a] /= partition
                outputs[a] = weight * (probabilities[a] - targets[a])
        else:
            weight *= kind.share
            for a in range(count):
                error = outputs[a] - targets[a]
                total += weights_N.dtype.type(0.5) * weight * error * error
                outputs[a] = weight * error
    return total


@compiled
def curvature(direction_NA, weights_N, kind, probabilities_NA):
    """Product of the second derivative with a direction, in whose place it comes."""
    samples, count = direction_NA.shape
    for n in range(samples):
        direction, weight = direction_NA[n], weights_N[n]
        if kind.classes:
            probabilities = probabilities_NA[n]
            mean = weights_N.dtype.type(0)
            for a in range(count):
                mean += probabilities[a] * direction[a]
            for a in range(count):
                direction[a] = weight * probabilities[a] * (direction[a] - mean)
        else:
            for a in range(count):
                direction[a] *= weight * kind.share
