"""Query loss and meta-gradient of adapting a linear head to fixed features.

Axes of array names: K inner steps, N samples of a task, S samples of all tasks, A outputs, H features, H' those and a constant
one behind them, whose weights are the biases; P = A * H' fast parameters.
"""

from typing import NamedTuple

import numpy as np

from agents.compiled import adamw
from agents.compiled.compiler import compiled, entry_point
from agents.compiled.losses import curvature, loss_and_gradient

STEPS_AT_ONCE = 10
"""Inner steps whose shares in the features' derivative make two products; larger ones were no faster."""


class Room(NamedTuple):
    """For one task after the other."""

    heads: np.ndarray
    """[K + 1, P]"""
    history: adamw.History
    deltas: np.ndarray
    """[K, N, A]: gradients with respect to the outputs; as the next"""
    probabilities: np.ndarray
    along: np.ndarray
    """[STEPS_AT_ONCE, N, A]: derivatives of ``deltas`` along the adjoint's direction."""
    directions: np.ndarray
    """[STEPS_AT_ONCE, P]"""
    query_delta: np.ndarray
    """[N, A], as the next"""
    query_probabilities: np.ndarray
    features: np.ndarray
    """[N, H'], as the next three"""
    asked: np.ndarray
    of_features: np.ndarray
    product: np.ndarray
    first_moment: np.ndarray
    """[P], as all that follow"""
    second_moment: np.ndarray
    change: np.ndarray
    adjoint: np.ndarray


@entry_point
def room(steps, samples, outputs, start_P):
    """Room for tasks of at most so many samples."""
    dtype, columns = start_P.dtype, len(start_P) // outputs
    return Room(
        np.empty((steps + 1, len(start_P)), dtype),
        adamw.history(steps, start_P),
        np.empty((steps, samples, outputs), dtype),
        np.empty((steps, samples, outputs), dtype),
        np.empty((STEPS_AT_ONCE, samples, outputs), dtype),
        np.empty((STEPS_AT_ONCE, len(start_P)), dtype),
        np.empty((samples, outputs), dtype),
        np.empty((samples, outputs), dtype),
        np.ones((samples, columns), dtype),
        np.ones((samples, columns), dtype),
        np.empty((samples, columns), dtype),
        np.empty((samples, columns), dtype),
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
        start_P: the head's weights and biases, [A, H'].
        of_start_P: added to is the gradient with respect to the start.
        of_support_SH, of_query_SH: filled with the gradients with respect to the features.
        room: for these sizes.

    Returns:
        Sum of the query losses.
    """
    steps, width = len(rates.moves), support.inputs.shape[1]
    heads, history, adjoint = room.heads, room.history, room.adjoint
    first_moment, second_moment, change = room.first_moment, room.second_moment, room.change
    total = 0.0
    for task in range(first, last):
        begin, end = support.starts[task], support.starts[task + 1]
        n = end - begin
        features, targets = room.features[:n], support.targets[begin:end]
        features[:, :width] = support.inputs[begin:end]
        heads[0] = start_P
        first_moment[:] = 0
        second_moment[:] = 0
        for k in range(steps):
            weights, delta = support.weights[k % len(support.weights), begin:end], room.deltas[k, :n]
            _outputs(features, heads[k], delta)
            loss_and_gradient(delta, targets, weights, classes, room.probabilities[k, :n])
            _gradient(features, delta, history.gradients[k])
            adamw.step(rates, k, heads[k], heads[k + 1], first_moment, second_moment, history)

        begin_query, end_query = query.starts[task], query.starts[task + 1]
        m = end_query - begin_query
        asked, delta, product = room.asked[:m], room.query_delta[:m], room.product[:m]
        asked[:, :width] = query.inputs[begin_query:end_query]
        _outputs(asked, heads[steps], delta)
        weights, targets = query.weights[0, begin_query:end_query], query.targets[begin_query:end_query]
        total += loss_and_gradient(delta, targets, weights, classes, room.query_probabilities[:m])
        _gradient(asked, delta, adjoint)
        np.dot(delta, heads[steps].reshape(delta.shape[1], -1), product)
        of_query_SH[begin_query:end_query] = product[:, :width]

        first_moment[:] = 0
        second_moment[:] = 0
        of_features = room.of_features[:n]
        of_features[:] = 0
        for k in range(steps - 1, -1, -1):
            slot = k % STEPS_AT_ONCE
            direction, along = room.directions[slot], room.along[slot, :n]
            adamw.step_back(rates, k, adjoint, first_moment, second_moment, history, direction)
            _outputs(features, direction, along)
            weights = support.weights[k % len(support.weights), begin:end]
            curvature(along, weights, classes, room.probabilities[k, :n])
            _gradient(features, along, change)
            for i in range(len(adjoint)):
                adjoint[i] += change[i]
            if slot == 0:
                # The features' derivative is a sum of outer products over all steps: matrix products of some steps together.
                behind = min(k + STEPS_AT_ONCE, steps)
                _add_products(room.deltas[k:behind, :n], room.directions[: behind - k], room.product[:n], of_features)
                _add_products(room.along[: behind - k, :n], heads[k:behind], room.product[:n], of_features)
        of_support_SH[begin:end] = of_features[:, :width]
        for i in range(len(adjoint)):
            of_start_P[i] += adjoint[i]
    return total


@compiled
def _add_products(left_JNA, right_JP, product_NH, of_features_NH):
    """Adds the sum over J of the products of [N, A] with [A, H']."""
    steps, samples, count = left_JNA.shape
    left = np.empty((steps, count, samples), left_JNA.dtype)
    for j in range(steps):
        for n in range(samples):
            for a in range(count):
                left[j, a, n] = left_JNA[j, n, a]
    np.dot(left.reshape(steps * count, samples).T, right_JP.reshape(steps * count, -1), product_NH)
    of_features_NH += product_NH


@compiled
def _outputs(features_NH, head_P, outputs_NA):
    np.dot(features_NH, head_P.reshape(outputs_NA.shape[1], -1).T, outputs_NA)


@compiled
def _gradient(features_NH, delta_NA, gradient_P):
    np.dot(delta_NA.T, features_NH, gradient_P.reshape(delta_NA.shape[1], -1))
