"""Adapting a linear head to fixed features; query loss and meta-gradient.

Features are those of rectified units, of which some are silent on a whole support set. Weights behind a silent unit have no
gradient and only decay, and the rectifier lets no gradient through to it: the inner loop leaves such units out.

Axes of array names: K inner steps, N samples of a task, B those of a minibatch, S samples of all tasks, T tasks, A outputs, H
features, H' those and a constant one behind them, whose weights are the biases; P = A * H'; U units that a support set uses
and the constant, Q = A * U fast parameters of a task.
"""

from typing import NamedTuple

import numpy as np

from compworld.agents.compiled import adamw
from compworld.agents.compiled.compiler import compiled, entry_point
from compworld.agents.compiled.gemm import gemm
from compworld.agents.compiled.layers import add
from compworld.agents.compiled.losses import curvature, loss_and_gradient
from compworld.agents.compiled.tasks import is_partial
from compworld.agents.compiled.units import put_units, take_units, used_places

STEPS_AT_ONCE = 10
"""Inner steps whose shares in the features' derivative make two products; larger ones were no faster."""


class Gradients(NamedTuple):
    """Where the gradients go."""

    start: np.ndarray
    """[P]; added to is the gradient with respect to the start."""
    support: np.ndarray
    """[S, H]; filled with the gradients with respect to the features, 0 for silent units of a support set."""
    query: np.ndarray
    """[S, H]; filled."""


class Samples(NamedTuple):
    """A task's samples in an inner step."""

    numbers: np.ndarray
    """int64 [B]; which of the task's samples, where a step sees a part of them."""
    features: np.ndarray
    """[B, U]"""
    targets: np.ndarray
    """[B, A]"""
    weights: np.ndarray
    """[B]"""


class Gathered(NamedTuple):
    """Room for the samples that a step sees, where it sees a part of them."""

    numbers: np.ndarray
    """int64 [N]"""
    features: np.ndarray
    """[N * U]"""
    targets: np.ndarray
    """[N, A]"""
    weights: np.ndarray
    """[N]"""


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
    gathered: Gathered
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
        Gathered(
            np.empty(samples, np.int64),
            np.empty(samples * columns, dtype),
            np.empty((samples, outputs), dtype),
            np.empty(samples, dtype),
        ),
        np.empty_like(start_P),
        np.empty_like(start_P),
        np.empty_like(start_P),
        np.empty_like(start_P),
        np.empty_like(start_P),
        np.empty_like(start_P),
    )


@entry_point
def run(part, sets, inner, start_P, gradients, room, heads_TP, score):
    """Adapt to the support sets of a part of the tasks and, if asked to, score on their query sets.

    Args:
        part: :class:`compworld.agents.compiled.tasks.Part`.
        sets: :class:`compworld.agents.compiled.tasks.Sets`, with the features of rectified units as inputs.
        inner: :class:`compworld.agents.compiled.tasks.Inner`.
        start_P: the head's weights and biases, [A, H'].
        gradients: :class:`Gradients`.
        room: for these sizes.
        heads_TP: filled with the tasks' adapted heads; without rows, if nobody wants them.
        score: whether to score.

    Returns:
        Sum of the query losses.
    """
    total = 0.0
    for task in range(part.first, part.last):
        places = _adapt_to(task, sets.support, inner, start_P, room)
        if len(heads_TP):
            _adapted_head(places, inner.rates, start_P, room, heads_TP[task])
        if score:
            total += _score(task, sets.query, places, inner, start_P, gradients, room)
            _back(task, sets.support, places, inner, gradients, room)
    return total


@compiled
def _adapt_to(task, support, inner, start_P, room):
    """All inner steps of a task; returns the places of its fast parameters."""
    rates, history, deltas, probabilities = inner.rates, room.history, room.deltas, room.probabilities
    begin, end = support.starts[task], support.starts[task + 1]
    inputs_NH, targets, outputs = support.inputs[begin:end], support.targets[begin:end], support.targets.shape[1]
    weights_WS, gathered, kind = support.weights, room.gathered, inner.kind
    places = used_places(inputs_NH, outputs, room.places)
    size = len(places)
    features = room.features[: len(inputs_NH) * (size // outputs)].reshape(len(inputs_NH), size // outputs)
    heads = room.heads[: (len(rates.moves) + 1) * size].reshape(len(rates.moves) + 1, size)
    take_units(inputs_NH, places, features)
    heads[0] = start_P[places]
    first_moment, second_moment = room.first_moment[:size], room.second_moment[:size]
    first_moment[:] = 0
    second_moment[:] = 0
    partial = is_partial(task, support)
    for k in range(len(rates.moves)):
        samples = _samples(features, targets, weights_WS[k % len(weights_WS), begin:end], partial, gathered)
        count = len(samples.weights)
        delta = deltas[k, :count]
        _outputs(samples.features, heads[k], delta)
        loss_and_gradient(delta, samples.targets, samples.weights, kind, probabilities[k, :count])
        _gradient(samples.features, delta, history.gradients[k, :size])
        adamw.step(rates, k, heads[k], heads[k + 1], first_moment, second_moment, history)
    return places


@compiled
def _score(task, query, places, inner, start_P, gradients, room):
    """The query loss; ``room.of_asked_head`` becomes its gradient with respect to the adapted head."""
    outputs, width = query.targets.shape[1], query.inputs.shape[1]
    begin, end = query.starts[task], query.starts[task + 1]
    count = end - begin
    asked, delta, of_asked = room.asked[:count], room.query_delta[:count], room.of_asked[:count]
    asked[:, :width] = query.inputs[begin:end]
    _adapted_head(places, inner.rates, start_P, room, room.asked_head)
    _outputs(asked, room.asked_head, delta)
    weights, targets = query.weights[0, begin:end], query.targets[begin:end]
    loss = loss_and_gradient(delta, targets, weights, inner.kind, room.query_probabilities[:count])
    _gradient(asked, delta, room.of_asked_head)
    np.dot(delta, room.asked_head.reshape(outputs, width + 1), of_asked)
    gradients.query[begin:end] = of_asked[:, :width]
    return loss


@compiled
def _back(task, support, places, inner, gradients, room):
    """The way back through the inner steps, from ``room.of_asked_head``."""
    rates, size, outputs = inner.rates, len(places), support.targets.shape[1]
    steps, units = len(rates.moves), size // outputs
    history, deltas, probabilities, along_JNA = room.history, room.deltas, room.probabilities, room.along
    weights_WS, gathered, kind = support.weights, room.gathered, inner.kind
    begin, end = support.starts[task], support.starts[task + 1]
    targets = support.targets[begin:end]
    features = room.features[: (end - begin) * units].reshape(end - begin, units)
    of_features = room.of_features[: (end - begin) * units].reshape(end - begin, units)
    heads = room.heads[: (steps + 1) * size].reshape(steps + 1, size)
    directions = room.directions[: STEPS_AT_ONCE * size].reshape(STEPS_AT_ONCE, size)
    first_moment, second_moment = room.first_moment[:size], room.second_moment[:size]
    adjoint, change = room.adjoint[:size], room.change[:size]
    adjoint[:] = room.of_asked_head[places]
    first_moment[:] = 0
    second_moment[:] = 0
    of_features[:] = 0
    partial = is_partial(task, support)
    for k in range(steps - 1, -1, -1):
        slot = k % STEPS_AT_ONCE
        samples = _samples(features, targets, weights_WS[k % len(weights_WS), begin:end], partial, gathered)
        count = len(samples.weights)
        direction, along = directions[slot], along_JNA[slot, :count]
        adamw.step_back(rates, k, adjoint, first_moment, second_moment, history, direction)
        _outputs(samples.features, direction, along)
        curvature(along, samples.weights, kind, probabilities[k, :count])
        _gradient(samples.features, along, change)
        add(adjoint, change)
        # The features' derivative is a sum of outer products over all steps.
        if partial:
            products = samples.features  # which are no longer needed
            if count:
                gemm(deltas[k, :count], direction.reshape(outputs, units), 0, products)
                gemm(along, heads[k].reshape(outputs, units), 1, products)
            for b in range(count):
                add(of_features[samples.numbers[b]], products[b])
        elif slot == 0:  # where every step has the same samples, matrix products of some steps together
            behind = min(k + STEPS_AT_ONCE, steps)
            _add_products(deltas[k:behind, : end - begin], directions[: behind - k], of_features)
            _add_products(along_JNA[: behind - k, : end - begin], heads[k:behind], of_features)
    put_units(of_features, places, gradients.support[begin:end])
    of_start = room.of_asked_head
    of_start *= adamw.decay(rates)
    of_start[places] = adjoint
    add(gradients.start, of_start)


@compiled
def _adapted_head(places, rates, start_P, room, out_P):
    """The head after all steps: weights behind silent units have only decayed."""
    size = len(places)
    out_P[:] = adamw.decay(rates) * start_P
    out_P[places] = room.heads[len(rates.moves) * size : (len(rates.moves) + 1) * size]


@compiled
def _samples(features_NU, targets_NA, weights_N, partial, gathered):
    """A task's samples in an inner step: those that have weight, where some step leaves samples out."""
    if not partial:
        return Samples(gathered.numbers, features_NU, targets_NA, weights_N)
    units, count = features_NU.shape[1], 0
    for n in range(len(weights_N)):
        if weights_N[n] != 0:
            gathered.numbers[count], gathered.weights[count] = n, weights_N[n]
            gathered.targets[count] = targets_NA[n]
            count += 1
    features = gathered.features[: count * units].reshape(count, units)
    for b in range(count):
        features[b] = features_NU[gathered.numbers[b]]
    return Samples(gathered.numbers[:count], features, gathered.targets[:count], gathered.weights[:count])


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
