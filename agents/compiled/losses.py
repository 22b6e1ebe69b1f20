"""Both losses of a task with their first two derivatives (formulas: :mod:`compworld.agents.losses`).

Axes of array names: N samples, A outputs. ``classes``: whether the loss is the cross-entropy of the outputs' softmax with the
targets, not their squared error.
"""

import numpy as np

from compworld.agents.compiled.compiler import compiled


@compiled
def loss_and_gradient(outputs_NA, targets_NA, weights_N, classes, probabilities_NA):
    """The loss; its gradient takes the place of the outputs. Leaves the softmax in ``probabilities_NA``."""
    samples, count = outputs_NA.shape
    zero = weights_N.dtype.type(0)
    share = weights_N.dtype.type(1.0 / count)
    total = zero
    for n in range(samples):
        outputs, targets, weight = outputs_NA[n], targets_NA[n], weights_N[n]
        if classes:
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
            weight *= share
            for a in range(count):
                error = outputs[a] - targets[a]
                total += weights_N.dtype.type(0.5) * weight * error * error
                outputs[a] = weight * error
    return total


@compiled
def curvature(direction_NA, weights_N, classes, probabilities_NA):
    """Product of the second derivative with a direction, in whose place it comes."""
    samples, count = direction_NA.shape
    share = weights_N.dtype.type(1.0 / count)
    for n in range(samples):
        direction, weight = direction_NA[n], weights_N[n]
        if classes:
            probabilities = probabilities_NA[n]
            mean = weights_N.dtype.type(0)
            for a in range(count):
                mean += probabilities[a] * direction[a]
            for a in range(count):
                direction[a] = weight * probabilities[a] * (direction[a] - mean)
        else:
            for a in range(count):
                direction[a] *= weight * share
