"""Query loss and meta-gradient of adapting a linear head to fixed features.

Features are those of rectified units, of which some are silent on a whole support set. Weights behind a silent unit have no
gradient and only decay, and the rectifier lets no gradient through to it: the inner loop leaves such units out.

Axes of array names: K inner steps, N samples of a task, S samples of all tasks, A outputs, H features, H' those and a constant
one behind them, whose weights are the biases; P = A * H'; U units that a support set uses and the constant, Q = A * U fast
parameters of a task.
"""

from typing import NamedTuple

import numpy as np

from agents.compiled import adamw
from agents.compiled.compiler import compiled, entry_point
from agents.compiled.gemm import gemm
from agents.compiled.layers import add
from agents.compiled.losses import curvature, loss_and_gradient

STEPS_AT_ONCE = 10
"""Inner steps whose shares in the features' derivative make two products; larger ones were no faster."""


class Room(NamedTuple):
    """For one task after the other, and tasks of which all units are used."""

    places: np.ndarray
    """int64 [Q]; where a task's fast parameters lie among all P; the first U are the units that its support set uses."""
    heads: np.ndarray
    """[(K + 1) * Q]"""
    history: adamw.History
    deltas: np.ndarray
    """[K, N, A]: gradients with respect to the outputs; as the next"""
    probabilities: np.ndarray
    along: np.ndarray
    """[STEPS_AT_ONCE, N, A]: derivatives of ``deltas`` along the adjoint's direction."""
    directions: np.ndarray
    """[STEPS_AT_ONCE * Q]"""
    query_delta: np.ndarray
    """[N, A], as the next"""
    query_probabilities: np.ndarray
    asked: np.ndarray
    """[N, H'], as the next"""
    of_asked: np.ndarray
    features: np.ndarray
    """[N * U], as the next"""
    of_features: np.ndarray
    asked_head: np.ndarray
    """[P], as the next"""
    of_asked_head: np.ndarray
    first_moment: np.ndarray
    """[Q], as all that follow"""
    second_moment: np.ndarray
    change: np.ndarray
    adjoint: np.ndarray


@entry_point
def room(steps, samples, outputs, start_P):
    """Room for tasks of at most so many samples."""
    dtype, columns = start_P.dtype, len(start_P) // outputs
    return Room(
        np.empty(len(start_P), np.int64),
        np.empty((steps + 1) * len(start_P), dtype),
        adamw.history(steps, start_P),
        np.empty((steps, samples, outputs), dtype),
        np.empty((steps, samples, outputs), dtype),
        np.empty((STEPS_AT_ONCE, samples, outputs), dtype),
        np.empty(STEPS_AT_ONCE * len(start_P), dtype),
        np.empty((samples, outputs), dtype),
        np.empty((samples, outputs), dtype),
        np.ones((samples, columns), dtype),
        np.empty((samples, columns), dtype),
        np.empty(samples * columns, dtype),
        np.empty(samples * columns, dtype),
        np.empty_like(start_P),
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
        support, query: :class:`agents.compiled.tasks.TaskSet`, with the features of rectified units as inputs.
        rates: of the inner AdamW.
        classes: see :mod:`agents.compiled.losses`.
        start_P: the head's weights and biases, [A, H'].
        of_start_P: added to is the gradient with respect to the start.
        of_support_SH, of_query_SH: filled with the gradients with respect to the features, 0 for silent units of a support set.
        room: for these sizes.

    Returns:
        Sum of the query losses.
    """
    steps, width, outputs = len(rates.moves), support.inputs.shape[1], support.targets.shape[1]
    history, asked_head, of_asked_head = room.history, room.asked_head, room.of_asked_head
    decay = start_P.dtype.type(1)
    for _ in range(steps):
        decay *= rates.constants[0]
    total = 0.0
    for task in range(first, last):
        begin, end = support.starts[task], support.starts[task + 1]
        n, targets = end - begin, support.targets[begin:end]
        places = _used_places(support.inputs[begin:end], outputs, room.places)
        size, units = len(places), len(places) // outputs
        features = room.features[: n * units].reshape(n, units)
        heads = room.heads[: (steps + 1) * size].reshape(steps + 1, size)
        directions = room.directions[: STEPS_AT_ONCE * size].reshape(STEPS_AT_ONCE, size)
        first_moment, second_moment = room.first_moment[:size], room.second_moment[:size]
        adjoint, change = room.adjoint[:size], room.change[:size]
        _take_units(support.inputs[begin:end], places, features)
        heads[0] = start_P[places]
        first_moment[:] = 0
        second_moment[:] = 0
        for k in range(steps):
            weights, delta = support.weights[k % len(support.weights), begin:end], room.deltas[k, :n]
            _outputs(features, heads[k], delta)
            loss_and_gradient(delta, targets, weights, classes, room.probabilities[k, :n])
            _gradient(features, delta, history.gradients[k, :size])
            adamw.step(rates, k, heads[k], heads[k + 1], first_moment, second_moment, history)

        begin_query, end_query = query.starts[task], query.starts[task + 1]
        m = end_query - begin_query
        asked, delta, of_asked = room.asked[:m], room.query_delta[:m], room.of_asked[:m]
        asked[:, :width] = query.inputs[begin_query:end_query]
        asked_head[:] = decay * start_P
        asked_head[places] = heads[steps]
        _outputs(asked, asked_head, delta)
        weights, targets = query.weights[0, begin_query:end_query], query.targets[begin_query:end_query]
        total += loss_and_gradient(delta, targets, weights, classes, room.query_probabilities[:m])
        _gradient(asked, delta, of_asked_head)
        np.dot(delta, asked_head.reshape(outputs, width + 1), of_asked)
        of_query_SH[begin_query:end_query] = of_asked[:, :width]

        adjoint[:] = of_asked_head[places]
        first_moment[:] = 0
        second_moment[:] = 0
        of_features = room.of_features[: n * units].reshape(n, units)
        of_features[:] = 0
        for k in range(steps - 1, -1, -1):
            slot = k % STEPS_AT_ONCE
            direction, along = directions[slot], room.along[slot, :n]
            adamw.step_back(rates, k, adjoint, first_moment, second_moment, history, direction)
            _outputs(features, direction, along)
            weights = support.weights[k % len(support.weights), begin:end]
            curvature(along, weights, classes, room.probabilities[k, :n])
            _gradient(features, along, change)
            add(adjoint, change)
            if slot == 0:
                # The features' derivative is a sum of outer products over all steps: matrix products of some steps together.
                behind = min(k + STEPS_AT_ONCE, steps)
                _add_products(room.deltas[k:behind, :n], directions[: behind - k], of_features)
                _add_products(room.along[: behind - k, :n], heads[k:behind], of_features)
        _put_units(of_features, places, of_support_SH[begin:end])
        of_asked_head *= decay
        of_asked_head[places] = adjoint
        add(of_start_P, of_asked_head)
    return total


@compiled
def _used_places(features_NH, outputs, places_P):
    """Places of the weights behind units that some sample activates, and behind the constant."""
    width, units = features_NH.shape[1], 0
    active = np.zeros(width, np.bool_)
    for n in range(len(features_NH)):
        for h in range(width):
            active[h] |= features_NH[n, h] != 0  # true for NaN, which must be seen
    for h in range(width):
        if active[h]:
            places_P[units] = h
            units += 1
    places_P[units] = width
    units += 1
    for a in range(1, outputs):
        for u in range(units):
            places_P[a * units + u] = a * (width + 1) + places_P[u]
    return places_P[: outputs * units]


@compiled
def _take_units(features_NH, places_Q, out_NU):
    last = out_NU.shape[1] - 1
    for n in range(len(features_NH)):
        for u in range(last):
            out_NU[n, u] = features_NH[n, places_Q[u]]
        out_NU[n, last] = 1


@compiled
def _put_units(values_NU, places_Q, out_NH):
    """The transpose of :func:`_take_units`."""
    out_NH[:] = 0
    for n in range(len(values_NU)):
        for u in range(values_NU.shape[1] - 1):
            out_NH[n, places_Q[u]] = values_NU[n, u]


@compiled
def _add_products(left_JNA, right_JQ, of_features_NU):
    """Adds the sum over J of the products of [N, A] with [A, U]."""
    steps, samples, count = left_JNA.shape
    left = np.empty((steps, count, samples), left_JNA.dtype)
    for j in range(steps):
        for n in range(samples):
            for a in range(count):
                left[j, a, n] = left_JNA[j, n, a]
    gemm(left.reshape(steps * count, samples).T, right_JQ.reshape(steps * count, -1), 1, of_features_NU)


@compiled
def _outputs(features_NH, head_P, outputs_NA):
    np.dot(features_NH, head_P.reshape(outputs_NA.shape[1], -1).T, outputs_NA)


@compiled
def _gradient(features_NH, delta_NA, gradient_P):
    np.dot(delta_NA.T, features_NH, gradient_P.reshape(delta_NA.shape[1], -1))
