"""Adapting all weights of a ReLU network; query loss and meta-gradient.

Axes of array names: K inner steps, N samples of a task, T tasks, R active rows, V rows of the first layer's table, U different
rows that a task's support set uses (all of dense observations), L hidden layers, H width, A outputs, S shared parameters (all
behind the first layer's rows), P = S + U * H fast parameters of a task, B twice N.
"""

from typing import NamedTuple

import numpy as np

from compworld.agents.compiled import adamw, perceptron, rows
from compworld.agents.compiled.compiler import compiled, entry_point
from compworld.agents.compiled.layers import add
from compworld.agents.compiled.tasks import longest


class Slow(NamedTuple):
    """What is meta-learned, or its gradients."""

    shared: np.ndarray
    """[S]; all parameters but the first layer's rows, in the order of :class:`.Parameters`."""
    table: np.ndarray
    """[V, H]; the first layer."""


class Layout(NamedTuple):
    """What does not change in training."""

    layers: int
    """L"""
    sizes: np.ndarray
    """[V]; how many inputs a row of the table stands for."""


class Room(NamedTuple):
    """For one task after the other. Passes 0 to K - 1 are inner steps, K is the query set's."""

    fast: np.ndarray
    """[K + 1, most P]"""
    history: adamw.History
    activations: np.ndarray
    """[K + 1, L * B * H], as the next"""
    deltas: np.ndarray
    output_deltas: np.ndarray
    """[K + 1, B, A]"""
    probabilities: np.ndarray
    """[K + 1, N, A]"""
    used_rows: np.ndarray
    """int64 [most U]; the first U are those of the task."""
    place_of_row: np.ndarray
    """int64 [V]; -1 for rows that the task does not use."""
    support_places: np.ndarray
    """int64 [N, R], as the next"""
    query_places: np.ndarray
    ones: np.ndarray
    """[most U]"""
    first_moment: np.ndarray
    """[most P], as all that follow"""
    second_moment: np.ndarray
    direction: np.ndarray
    change: np.ndarray
    adjoint: np.ndarray


class Adapted(NamedTuple):
    """Where adapted parameters go; without rows, if nobody wants them."""

    shared: np.ndarray
    """[T, S]"""
    table: np.ndarray
    """[T, V, H]; a row that stands for several inputs is their mean."""


@entry_point
def run(part, sets, inner, layout, slow, of_slow, adapted, score):
    """Adapt to the support sets of a part of the tasks and, if asked to, score on their query sets.

    Args:
        part: :class:`compworld.agents.compiled.tasks.Part`.
        sets: :class:`compworld.agents.compiled.tasks.Sets`.
        inner: :class:`compworld.agents.compiled.tasks.Inner`.
        layout: :class:`Layout`.
        slow: :class:`Slow`.
        of_slow: added to are the gradients of the query losses.
        adapted: :class:`Adapted`.
        score: whether to score.

    Returns:
        Sum of the query losses.
    """
    samples = max(longest(sets.support.starts), longest(sets.query.starts))
    room = _room(sets.support, samples, inner, layout, slow)
    total = 0.0
    for task in range(part.first, part.last):
        used = _adapt_to(task, sets.support, inner, layout, slow, room)
        if len(adapted.shared):
            _note(task, used, inner, layout, slow, room, adapted)
        if score:
            total += _score(task, sets.query, used, inner, layout, slow, of_slow, room)
            _back(task, sets.support, used, inner, layout, of_slow, room)
        room.place_of_row[used] = -1
    return total


@compiled
def _note(task, used, inner, layout, slow, room, adapted):
    """A task's adapted parameters: rows that it does not use have only decayed."""
    steps, shared, width = len(inner.rates.moves), len(slow.shared), slow.table.shape[1]
    fast, decay = room.fast[steps], adamw.decay(inner.rates)
    adapted.shared[task] = fast[:shared]
    for v in range(len(slow.table)):
        adapted.table[task, v] = slow.table[v] * (decay / max(layout.sizes[v], inner.rates.constants[-1]))
    for u in range(len(used)):
        adapted.table[task, used[u]] = fast[shared + u * width : shared + (u + 1) * width]


@compiled
def _room(support, samples, inner, layout, slow):
    dtype, steps, (table_rows, width) = slow.shared.dtype, len(inner.rates.moves), slow.table.shape
    active, dense, outputs = support.rows.shape[1], support.inputs.shape[1], support.targets.shape[1]
    most = dense if dense else min(table_rows, longest(support.starts) * active)
    fast = np.empty((steps + 1, len(slow.shared) + most * width), dtype)
    activations = np.empty((steps + 1, layout.layers * 2 * samples * width), dtype)
    return Room(
        fast,
        adamw.history(steps, fast[0]),
        activations,
        np.empty_like(activations),
        np.empty((steps + 1, 2 * samples, outputs), dtype),
        np.empty((steps + 1, samples, outputs), dtype),
        np.empty(most, np.int64),
        np.full(table_rows, -1),
        np.empty((samples, active), np.int64),
        np.empty((samples, active), np.int64),
        np.ones(most, dtype),
        np.empty_like(fast[0]),
        np.empty_like(fast[0]),
        np.empty_like(fast[0]),
        np.empty_like(fast[0]),
        np.empty_like(fast[0]),
    )


@compiled
def _adapt_to(task, support, inner, layout, slow, room):
    """All inner steps of a task; returns the rows that it uses, int64 [U]. Their places stay noted in ``room``."""
    rates, history, (_, width), outputs = inner.rates, room.history, slow.table.shape, support.targets.shape[1]
    begin, end = support.starts[task], support.starts[task + 1]
    count, active_rows, targets = end - begin, support.rows[begin:end], support.targets[begin:end]
    used = room.used_rows[: rows.number_rows(active_rows, support.inputs.shape[1], room.place_of_row, room.used_rows)]
    sizes_U = layout.sizes[used]
    rows.places(active_rows, room.place_of_row, room.support_places)
    layer = rows.FirstLayer(room.support_places[:count], support.inputs[begin:end])
    size = len(slow.shared) + len(used) * width
    first_moment, second_moment = room.first_moment[:size], room.second_moment[:size]
    first_moment[:] = 0
    second_moment[:] = 0
    rows.initial(slow.shared, slow.table, used, sizes_U, room.fast[0])
    for k in range(len(rates.moves)):
        at = _pass(k, count, layout, width, room)
        parameters = perceptron.parameters(room.fast[k, :size], layout.layers, width, outputs)
        gradient = perceptron.parameters(history.gradients[k, :size], layout.layers, width, outputs)
        weights = support.weights[k % len(support.weights), begin:end]
        rows.read(layer, parameters.rows, sizes_U, at.activations[0, :count])
        perceptron.forward_and_back(at, parameters, targets, weights, inner.kind, gradient)
        # Every wall of a maze has the gradient of the row that stands for them, whatever their number.
        rows.pull(layer, at.deltas[0, count:], gradient.rows)
        adamw.step(rates, k, room.fast[k, :size], room.fast[k + 1, :size], first_moment, second_moment, history)
    return used


@compiled
def _score(task, query, used, inner, layout, slow, of_slow, room):
    """The query loss; ``room.adjoint`` becomes its gradient with respect to the adapted parameters."""
    steps, width, outputs = len(inner.rates.moves), slow.table.shape[1], query.targets.shape[1]
    begin, end = query.starts[task], query.starts[task + 1]
    count, active_rows, sizes_U = end - begin, query.rows[begin:end], layout.sizes[used]
    decay, size = adamw.decay(inner.rates), len(slow.shared) + len(used) * width
    rows.places(active_rows, room.place_of_row, room.query_places)
    layer = rows.FirstLayer(room.query_places[:count], query.inputs[begin:end])
    at = _pass(steps, count, layout, width, room)
    parameters = perceptron.parameters(room.fast[steps, :size], layout.layers, width, outputs)
    gradient = perceptron.parameters(room.adjoint[:size], layout.layers, width, outputs)
    rows.read(layer, parameters.rows, sizes_U, at.activations[0, :count])
    rows.read_decayed(slow.table, decay, active_rows, room.query_places, at.activations[0, :count])
    weights, targets = query.weights[0, begin:end], query.targets[begin:end]
    loss = perceptron.forward_and_back(at, parameters, targets, weights, inner.kind, gradient)
    rows.pull(layer, at.deltas[0, count:], gradient.rows)
    rows.scale(gradient.rows, sizes_U)
    rows.pull_decayed(of_slow.table, decay, active_rows, room.query_places, at.deltas[0, count:])
    return loss


@compiled
def _back(task, support, used, inner, layout, of_slow, room):
    """The way back through the inner steps, from ``room.adjoint``."""
    rates, history, width, outputs = inner.rates, room.history, of_slow.table.shape[1], support.targets.shape[1]
    begin, end = support.starts[task], support.starts[task + 1]
    count, sizes_U, size = end - begin, layout.sizes[used], len(of_slow.shared) + len(used) * width
    layer = rows.FirstLayer(room.support_places[:count], support.inputs[begin:end])
    first_moment, second_moment = room.first_moment[:size], room.second_moment[:size]
    first_moment[:] = 0
    second_moment[:] = 0
    adjoint, direction, change = room.adjoint[:size], room.direction[:size], room.change[:size]
    along = perceptron.parameters(direction, layout.layers, width, outputs)
    gradient = perceptron.parameters(change, layout.layers, width, outputs)
    for k in range(len(rates.moves) - 1, -1, -1):
        adamw.step_back(rates, k, adjoint, first_moment, second_moment, history, direction)
        at = _pass(k, count, layout, width, room)
        parameters = perceptron.parameters(room.fast[k, :size], layout.layers, width, outputs)
        weights = support.weights[k % len(support.weights), begin:end]
        # A gradient of the sum that a row stands for, taken at its mean: the sizes change sides in the adjoint.
        rows.read(layer, along.rows, room.ones, at.activations[0, count:])
        perceptron.along_direction(at, parameters, along, weights, inner.kind, gradient)
        rows.pull(layer, at.deltas[0, :count], gradient.rows)
        rows.scale(gradient.rows, sizes_U)
        add(adjoint, change)
    rows.initial_back(adjoint, used, sizes_U, of_slow.shared, of_slow.table)


@compiled
def _pass(number, count, layout, width, room):
    """One of the passes, for a task of so many samples."""
    size = layout.layers * 2 * count * width
    return perceptron.Pass(
        room.activations[number, :size].reshape(layout.layers, 2 * count, width),
        room.deltas[number, :size].reshape(layout.layers, 2 * count, width),
        room.output_deltas[number, : 2 * count],
        room.probabilities[number, :count],
    )
