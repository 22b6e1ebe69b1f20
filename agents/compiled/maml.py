"""Query loss and meta-gradient of adapting all weights of a ReLU network.

Formulas are those of :mod:`agents.perceptron`, and of :mod:`agents.maml` for the first layer, of which a task adapts the rows
that its support set uses.

Axes of array names: K inner steps, N samples of a task, R active rows, D inputs, V rows of the first layer's table, U different
rows that a task's support set uses (all D of dense observations), L hidden layers, G = L - 1 matrices between them, H width,
A outputs, S shared parameters (all behind the first layer's rows), P = S + U * H fast parameters of a task, B twice N.
"""

from typing import NamedTuple

import numpy as np

from agents.compiled import adamw
from agents.compiled.compiler import compiled, entry_point
from agents.compiled.gemm import gemm
from agents.compiled.layers import add, mask, rectify, sum_samples
from agents.compiled.losses import curvature, loss_and_gradient
from agents.compiled.tasks import longest


class Parameters(NamedTuple):
    """Parts of a flat array of parameters [P], in its order; or of their gradients, or of a direction."""

    biases: np.ndarray
    """[L, H]"""
    hidden: np.ndarray
    """[G, H, H]"""
    output: np.ndarray
    """[A, H]"""
    output_bias: np.ndarray
    """[A]"""
    rows: np.ndarray
    """[U, H]"""


class Pass(NamedTuple):
    """Values of a forward and backward pass, and beside them their derivatives along a direction.

    Lying in one array, values and derivatives give both terms of a weight gradient's derivative in one product.
    """

    activations: np.ndarray
    """[L, B, H]; values first, derivatives behind them."""
    deltas: np.ndarray
    """[L, B, H]; derivatives first, behind them the values: gradients with respect to the pre-activations."""
    output_deltas: np.ndarray
    """[B, A]; in the order of ``deltas``."""
    probabilities: np.ndarray
    """[N, A]"""


class FirstLayer(NamedTuple):
    """How samples read a task's rows."""

    places: np.ndarray
    """int64 [N, R]; which of the U rows, -1 for others. R is 0 for dense observations."""
    inputs: np.ndarray
    """[N, D]; dense observations, else D is 0."""


@entry_point
def query_losses(first, last, support, query, rates, classes, layers, sizes_V, shared_S, table_VH, of_shared_S, of_table_VH):
    """Adapt to the support sets of tasks ``first`` to ``last - 1`` and score on their query sets.

    Args:
        first, last: which tasks.
        support, query: :class:`agents.compiled.tasks.TaskSet`.
        rates: of the inner AdamW.
        classes: see :mod:`agents.compiled.losses`.
        layers: L.
        sizes_V: how many inputs a row stands for.
        shared_S: start of the shared parameters, ordered as in :class:`Parameters`.
        table_VH: the first layer.
        of_shared_S, of_table_VH: added to are the gradients.

    Returns:
        Sum of the query losses.
    """
    dtype, steps, shared = shared_S.dtype, len(rates.moves), len(shared_S)
    width, outputs = table_VH.shape[1], support.targets.shape[1]
    samples = max(longest(support.starts), longest(query.starts))
    active, dense = support.rows.shape[1], support.inputs.shape[1]
    most = dense if dense else min(len(table_VH), longest(support.starts) * active)
    most_parameters = shared + most * width
    fast = np.empty((steps + 1, most_parameters), dtype)
    history = adamw.history(steps, fast[0])
    first_moments, second_moments = np.empty_like(fast[0]), np.empty_like(fast[0])
    directions, changes, adjoints = np.empty_like(fast[0]), np.empty_like(fast[0]), np.empty_like(fast[0])
    # Passes 0 to K - 1 are inner steps, K is the query set's.
    activations = np.empty((steps + 1, layers * 2 * samples * width), dtype)
    deltas = np.empty_like(activations)
    output_deltas = np.empty((steps + 1, 2 * samples, outputs), dtype)
    probabilities = np.empty((steps + 1, samples, outputs), dtype)
    used_rows, place_of_row = np.empty(most, np.int64), np.full(len(table_VH), -1)
    support_places, query_places = np.empty((samples, active), np.int64), np.empty((samples, active), np.int64)
    ones, decay = np.ones(most, dtype), dtype.type(1)
    for _ in range(steps):
        decay *= rates.constants[0]
    total = 0.0
    for task in range(first, last):
        begin, end = support.starts[task], support.starts[task + 1]
        n = end - begin
        rows, targets = support.rows[begin:end], support.targets[begin:end]
        used_U = used_rows[: _number_rows(rows, dense, place_of_row, used_rows)]
        sizes_U = sizes_V[used_U]
        _places(rows, place_of_row, support_places)
        layer = FirstLayer(support_places[:n], support.inputs[begin:end])
        size = shared + len(used_U) * width
        first_moment, second_moment = first_moments[:size], second_moments[:size]
        first_moment[:] = 0
        second_moment[:] = 0
        _start(shared_S, table_VH, used_U, sizes_U, fast[0])
        for k in range(steps):
            at = _pass(k, n, layers, width, activations, deltas, output_deltas, probabilities)
            parameters = _parameters(fast[k, :size], layers, width, outputs)
            gradient = _parameters(history.gradients[k, :size], layers, width, outputs)
            weights = support.weights[k % len(support.weights), begin:end]
            _read(layer, parameters.rows, sizes_U, at.activations[0, :n])
            _forward_and_back(at, parameters, targets, weights, classes, gradient)
            # Every wall of a maze has the gradient of the row that stands for them, whatever their number.
            _pull(layer, at.deltas[0, n:], gradient.rows)
            adamw.step(rates, k, fast[k, :size], fast[k + 1, :size], first_moment, second_moment, history)

        begin, end = query.starts[task], query.starts[task + 1]
        q = end - begin
        query_rows = query.rows[begin:end]
        _places(query_rows, place_of_row, query_places)
        query_layer = FirstLayer(query_places[:q], query.inputs[begin:end])
        at = _pass(steps, q, layers, width, activations, deltas, output_deltas, probabilities)
        parameters = _parameters(fast[steps, :size], layers, width, outputs)
        adjoint = adjoints[:size]
        gradient = _parameters(adjoint, layers, width, outputs)
        _read(query_layer, parameters.rows, sizes_U, at.activations[0, :q])
        _read_decayed(table_VH, decay, query_rows, query_places, at.activations[0, :q])
        weights = query.weights[0, begin:end]
        total += _forward_and_back(at, parameters, query.targets[begin:end], weights, classes, gradient)
        _pull(query_layer, at.deltas[0, q:], gradient.rows)
        _scale(gradient.rows, sizes_U)
        _pull_decayed(of_table_VH, decay, query_rows, query_places, at.deltas[0, q:])

        first_moment[:] = 0
        second_moment[:] = 0
        begin, end = support.starts[task], support.starts[task + 1]
        direction, change = directions[:size], changes[:size]
        along = _parameters(direction, layers, width, outputs)
        gradient = _parameters(change, layers, width, outputs)
        for k in range(steps - 1, -1, -1):
            adamw.step_back(rates, k, adjoint, first_moment, second_moment, history, direction)
            at = _pass(k, n, layers, width, activations, deltas, output_deltas, probabilities)
            parameters = _parameters(fast[k, :size], layers, width, outputs)
            weights = support.weights[k % len(support.weights), begin:end]
            # A gradient of the sum that a row stands for, taken at its mean: the sizes change sides in the adjoint.
            _read(layer, along.rows, ones, at.activations[0, n:])
            _along_direction(at, parameters, along, weights, classes, gradient)
            _pull(layer, at.deltas[0, :n], gradient.rows)
            _scale(gradient.rows, sizes_U)
            add(adjoint, change)
        _start_back(adjoint, used_U, sizes_U, of_shared_S, of_table_VH)
        place_of_row[used_U] = -1
    return total


@compiled
def _parameters(flat_P, layers, width, outputs):
    """Views of the parts."""
    hidden = layers * width
    output = hidden + (layers - 1) * width * width
    bias = output + outputs * width
    rows = bias + outputs
    return Parameters(
        flat_P[:hidden].reshape(layers, width),
        flat_P[hidden:output].reshape(layers - 1, width, width),
        flat_P[output:bias].reshape(outputs, width),
        flat_P[bias:rows],
        flat_P[rows:].reshape((len(flat_P) - rows) // width, width),
    )


@compiled
def _pass(number, samples, layers, width, activations, deltas, output_deltas, probabilities):
    """One of the passes, for a task of so many samples."""
    size = layers * 2 * samples * width
    return Pass(
        activations[number, :size].reshape(layers, 2 * samples, width),
        deltas[number, :size].reshape(layers, 2 * samples, width),
        output_deltas[number, : 2 * samples],
        probabilities[number, :samples],
    )


# The first layer ------------------------------------------------------------------------------------------------------


@compiled
def _number_rows(rows_NR, dense, place_of_row_V, used_rows):
    """Gives each row that is used its place, in the order of first use; of dense observations, every row.

    Returns:
        U.
    """
    used = 0
    for n in range(len(rows_NR)):
        for r in range(rows_NR.shape[1]):
            row = rows_NR[n, r]
            if place_of_row_V[row] < 0 and row != len(place_of_row_V) - 1:  # the last row stands for nothing
                place_of_row_V[row] = used
                used_rows[used] = row
                used += 1
    for row in range(dense):
        used_rows[row] = row
    return dense if dense else used


@compiled
def _places(rows_NR, place_of_row_V, places_NR):
    """As in :class:`FirstLayer`."""
    for n in range(len(rows_NR)):
        for r in range(rows_NR.shape[1]):
            places_NR[n, r] = place_of_row_V[rows_NR[n, r]]


@compiled
def _start(shared_S, table_VH, used_U, sizes_U, start_P):
    """Fast parameters before adaptation: a row that stands for several is their mean."""
    start_P[: len(shared_S)] = shared_S
    one, width = sizes_U.dtype.type(1), table_VH.shape[1]
    for u in range(len(used_U)):
        share = one / max(sizes_U[u], one)
        begin = len(shared_S) + u * width
        for h in range(width):
            start_P[begin + h] = share * table_VH[used_U[u], h]


@compiled
def _start_back(adjoint_P, used_U, sizes_U, of_shared_S, of_table_VH):
    """Adds the transpose of :func:`_start`."""
    add(of_shared_S, adjoint_P[: len(of_shared_S)])
    one, width = sizes_U.dtype.type(1), of_table_VH.shape[1]
    for u in range(len(used_U)):
        share = one / max(sizes_U[u], one)
        begin = len(of_shared_S) + u * width
        for h in range(width):
            of_table_VH[used_U[u], h] += share * adjoint_P[begin + h]


@compiled
def _read(layer, rows_UH, sizes_U, values_NH):
    """Sum of each sample's active rows among those used, each times its size."""
    if layer.inputs.shape[1]:
        np.dot(layer.inputs, rows_UH, values_NH)
        return
    values_NH[:] = 0
    for n in range(len(values_NH)):
        for r in range(layer.places.shape[1]):
            u = layer.places[n, r]
            if u >= 0:
                for h in range(values_NH.shape[1]):
                    values_NH[n, h] += sizes_U[u] * rows_UH[u, h]


@compiled
def _pull(layer, deltas_NH, of_rows_UH):
    """The transpose of :func:`_read`, but for the sizes."""
    if layer.inputs.shape[1]:
        np.dot(layer.inputs.T, deltas_NH, of_rows_UH)
        return
    of_rows_UH[:] = 0
    for n in range(len(deltas_NH)):
        for r in range(layer.places.shape[1]):
            u = layer.places[n, r]
            if u >= 0:
                for h in range(deltas_NH.shape[1]):
                    of_rows_UH[u, h] += deltas_NH[n, h]


@compiled
def _scale(rows_UH, sizes_U):
    """Multiplies each row by its size."""
    for u in range(len(rows_UH)):
        for h in range(rows_UH.shape[1]):
            rows_UH[u, h] *= sizes_U[u]


@compiled
def _read_decayed(table_VH, decay, rows_NR, places_NR, values_NH):
    """Adds the rows that the support set does not use: without a gradient, all that changes them is weight decay."""
    for n in range(len(rows_NR)):
        for r in range(rows_NR.shape[1]):
            if places_NR[n, r] < 0:
                for h in range(values_NH.shape[1]):
                    values_NH[n, h] += decay * table_VH[rows_NR[n, r], h]


@compiled
def _pull_decayed(of_table_VH, decay, rows_NR, places_NR, deltas_NH):
    """Adds the transpose of :func:`_read_decayed`."""
    for n in range(len(rows_NR)):
        for r in range(rows_NR.shape[1]):
            if places_NR[n, r] < 0:
                for h in range(deltas_NH.shape[1]):
                    of_table_VH[rows_NR[n, r], h] += decay * deltas_NH[n, h]


# Passes ---------------------------------------------------------------------------------------------------------------


@compiled
def _forward_and_back(at, parameters, targets_NA, weights_N, classes, gradient):
    """Passes from the first layer's product with the inputs on; fills the gradient, the first layer's rows apart.

    Returns:
        The loss.
    """
    samples, hidden = len(targets_NA), len(parameters.hidden)
    for g in range(hidden + 1):
        if g > 0:
            np.dot(at.activations[g - 1, :samples], parameters.hidden[g - 1], at.activations[g, :samples])
        _add_bias(at.activations[g, :samples], parameters.biases[g])
        rectify(at.activations[g, :samples])
    last, output_delta = at.activations[hidden, :samples], at.output_deltas[samples:]
    np.dot(last, parameters.output.T, output_delta)
    _add_bias(output_delta, parameters.output_bias)
    loss = loss_and_gradient(output_delta, targets_NA, weights_N, classes, at.probabilities)
    np.dot(output_delta.T, last, gradient.output)
    sum_samples(output_delta, gradient.output_bias)
    np.dot(output_delta, parameters.output, at.deltas[hidden, samples:])
    for g in range(hidden, -1, -1):
        delta = at.deltas[g, samples:]
        mask(delta, at.activations[g, :samples])
        sum_samples(delta, gradient.biases[g])
        if g > 0:
            np.dot(at.activations[g - 1, :samples].T, delta, gradient.hidden[g - 1])
            np.dot(delta, parameters.hidden[g - 1].T, at.deltas[g - 1, samples:])
    return loss


@compiled
def _along_direction(at, parameters, direction, weights_N, classes, gradient):
    """Derivative of :func:`_forward_and_back` along a direction of the parameters."""
    samples, hidden = len(weights_N), len(parameters.hidden)
    for g in range(hidden + 1):
        moved = at.activations[g, samples:]
        if g > 0:
            np.dot(at.activations[g - 1, samples:], parameters.hidden[g - 1], moved)
            gemm(at.activations[g - 1, :samples], direction.hidden[g - 1], 1, moved)
        _add_bias(moved, direction.biases[g])
        mask(moved, at.activations[g, :samples])
    last, moved_delta = at.activations[hidden], at.output_deltas[:samples]
    np.dot(last[samples:], parameters.output.T, moved_delta)
    gemm(last[:samples], direction.output.T, 1, moved_delta)
    _add_bias(moved_delta, direction.output_bias)
    curvature(moved_delta, weights_N, classes, at.probabilities)
    np.dot(at.output_deltas.T, last, gradient.output)
    sum_samples(moved_delta, gradient.output_bias)
    np.dot(moved_delta, parameters.output, at.deltas[hidden, :samples])
    gemm(at.output_deltas[samples:], direction.output, 1, at.deltas[hidden, :samples])
    for g in range(hidden, -1, -1):
        moved = at.deltas[g, :samples]
        mask(moved, at.activations[g, :samples])
        sum_samples(moved, gradient.biases[g])
        if g > 0:
            np.dot(at.activations[g - 1].T, at.deltas[g], gradient.hidden[g - 1])
            np.dot(moved, parameters.hidden[g - 1].T, at.deltas[g - 1, :samples])
            gemm(at.deltas[g, samples:], direction.hidden[g - 1].T, 1, at.deltas[g - 1, :samples])


@compiled
def _add_bias(values_NH, bias_H):
    for n in range(len(values_NH)):
        for h in range(len(bias_H)):
            values_NH[n, h] += bias_H[h]
