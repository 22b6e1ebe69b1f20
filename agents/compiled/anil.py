"""Query loss and meta-gradient of adapting a linear head to fixed features.

Axes of array names: K inner steps, N samples of a task, S samples of all tasks, A outputs, H features, P = A * H + A fast
parameters.
"""

from typing import NamedTuple

import numpy as np

from agents.compiled import adamw
from agents.compiled.compiler import compiled, entry_point
from agents.compiled.losses import curvature, loss_and_gradient

STEPS_AT_ONCE = 5
"""Inner steps whose shares in the features' derivative make one product; larger ones were slower."""


class Room(NamedTuple):
    """For one task after the other."""

    heads: np.ndarray
    """[K + 1, P]"""
    history: adamw.History
    deltas: np.ndarray
    """[K, N * A]"""
    probabilities: np.ndarray
    """[K, N, A]"""
    query_delta: np.ndarray
    """[N, A], as the next two"""
    query_probabilities: np.ndarray
    along: np.ndarray
    left: np.ndarray
    """[2 * STEPS_AT_ONCE, N * A]"""
    right: np.ndarray
    """[2 * STEPS_AT_ONCE, A, H]"""
    of_features: np.ndarray
    """[N, H]"""
    first_moment: np.ndarray
    """[P], as all that follow"""
    second_moment: np.ndarray
    direction: np.ndarray
    change: np.ndarray
    adjoint: np.ndarray


@entry_point
def room(steps, samples, width, outputs, start_P):
    """Room for tasks of at most so many samples."""
    dtype = start_P.dtype
    return Room(
        np.empty((steps + 1, len(start_P)), dtype),
        adamw.history(steps, start_P),
        np.empty((steps, samples * outputs), dtype),
        np.empty((steps, samples, outputs), dtype),
        np.empty((samples, outputs), dtype),
        np.empty((samples, outputs), dtype),
        np.empty((samples, outputs), dtype),
        np.empty((2 * STEPS_AT_ONCE, samples * outputs), dtype),
        np.empty((2 * STEPS_AT_ONCE, outputs, width), dtype),
        np.empty((samples, width), dtype),
        np.empty_like(start_P),
        np.empty_like(start_P),
        np.empty_like(start_P),
        np.empty_like(start_P),
        np.empty_like(start_P),
    )


@entry_point
def query_losses(first, last, support, query, rates, classes, start_P, of_start_P, of_support_SH, of_query_SH, room):
    """Adapt to the support sets of tasks ``first`` to ``last - 1`` and score on their query sets.

    Args:
        first, last: which tasks.
        support, query: :class:`agents.compiled.tasks.TaskSet`, with features as inputs.
        rates: of the inner AdamW.
        classes: see :mod:`agents.compiled.losses`.
        start_P: the head's weights [A, H] and biases [A].
        of_start_P: added to is the gradient with respect to the start.
        of_support_SH, of_query_SH: filled with the gradients with respect to the features.
        room: for these sizes.

    Returns:
        Sum of the query losses.
    """
    steps, width, count = len(rates.moves), support.inputs.shape[1], support.targets.shape[1]
    heads, history, deltas, probabilities = room.heads, room.history, room.deltas, room.probabilities
    query_delta, query_probabilities, along = room.query_delta, room.query_probabilities, room.along
    left, right, of_features = room.left, room.right, room.of_features
    first_moment, second_moment = room.first_moment, room.second_moment
    direction, change, adjoint = room.direction, room.change, room.adjoint
    total = 0.0
    for task in range(first, last):
        begin, end = support.starts[task], support.starts[task + 1]
        features, targets = support.inputs[begin:end], support.targets[begin:end]
        n = end - begin
        heads[0] = start_P
        first_moment[:] = 0
        second_moment[:] = 0
        for k in range(steps):
            weights = support.weights[k % len(support.weights), begin:end]
            delta = deltas[k, : n * count].reshape(n, count)
            _outputs(features, heads[k], delta)
            loss_and_gradient(delta, targets, weights, classes, probabilities[k, :n])
            _gradient(features, delta, history.gradients[k])
            adamw.step(rates, k, heads[k], heads[k + 1], first_moment, second_moment, history)

        begin_query, end_query = query.starts[task], query.starts[task + 1]
        asked, targets = query.inputs[begin_query:end_query], query.targets[begin_query:end_query]
        delta = query_delta[: len(asked)]
        _outputs(asked, heads[steps], delta)
        weights = query.weights[0, begin_query:end_query]
        total += loss_and_gradient(delta, targets, weights, classes, query_probabilities[: len(asked)])
        _gradient(asked, delta, adjoint)
        np.dot(delta, _matrix(heads[steps], count, width), of_query_SH[begin_query:end_query])

        first_moment[:] = 0
        second_moment[:] = 0
        of_support_SH[begin:end] = 0
        noted = 0
        for k in range(steps - 1, -1, -1):
            adamw.step_back(rates, k, adjoint, first_moment, second_moment, history, direction)
            weights = support.weights[k % len(support.weights), begin:end]
            _outputs(features, direction, along[:n])
            curvature(along[:n], weights, classes, probabilities[k, :n])
            _gradient(features, along[:n], change)
            for i in range(len(adjoint)):
                adjoint[i] += change[i]
            # The features' derivative is a sum of outer products over all steps: matrix products of some steps together.
            left[noted, : n * count] = deltas[k, : n * count]
            left[noted + 1, : n * count] = along[:n].reshape(-1)
            right[noted] = _matrix(direction, count, width)
            right[noted + 1] = _matrix(heads[k], count, width)
            noted += 2
            if noted == len(left) or k == 0:
                _features(left[:noted], right[:noted], of_features[:n], of_support_SH[begin:end])
                noted = 0
        for i in range(len(adjoint)):
            of_start_P[i] += adjoint[i]
    return total


@compiled
def _matrix(head_P, count, width):
    return head_P[: count * width].reshape(count, width)


@compiled
def _features(left_JNA, right_JAH, product_NH, of_features_NH):
    """Adds the sum over J of the outer products."""
    noted, count, width = right_JAH.shape
    left = np.empty((noted, count, len(product_NH)), left_JNA.dtype)
    for j in range(noted):
        for n in range(len(product_NH)):
            for a in range(count):
                left[j, a, n] = left_JNA[j, n * count + a]
    np.dot(left.reshape(noted * count, -1).T, right_JAH.reshape(noted * count, width), product_NH)
    of_features_NH += product_NH


@compiled
def _outputs(features_NH, head_P, outputs_NA):
    count, width = outputs_NA.shape[1], features_NH.shape[1]
    np.dot(features_NH, _matrix(head_P, count, width).T, outputs_NA)
    for n in range(len(outputs_NA)):
        for a in range(count):
            outputs_NA[n, a] += head_P[count * width + a]


@compiled
def _gradient(features_NH, delta_NA, gradient_P):
    count, width = delta_NA.shape[1], features_NH.shape[1]
    np.dot(delta_NA.T, features_NH, _matrix(gradient_P, count, width))
    gradient_P[count * width :] = 0
    for n in range(len(delta_NA)):
        for a in range(count):
            gradient_P[count * width + a] += delta_NA[n, a]
