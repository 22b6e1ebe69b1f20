"""A task's network whose weights are mixed from templates: its passes, and their derivative along a direction.

Formulas are those of :mod:`agents.perceptron` and :mod:`agents.templates`. A support set's first layer is projected on every
template once, so that an inner step only mixes projections; dense observations have their weights mixed instead.

Axes of array names: N samples of a task, R active rows, D inputs, C templates, L layers, G = L - 2 generated layers between two
hidden ones, H width, A outputs, V rows of a table, Z what the first layer mixes: N * H, or D * H of dense observations;
U uses of the templates: two for each inner step, and one by the query set.
"""

from typing import NamedTuple

import numpy as np

from agents.compiled.compiler import compiled
from agents.compiled.gemm import gemm
from agents.compiled.layers import add, mask, rectify
from agents.compiled.losses import curvature, loss_and_gradient


class Banks(NamedTuple):
    """Templates of all layers, or their gradients."""

    first: np.ndarray
    """[V, C * H] for sparse observations, [C, D * H] for dense ones."""
    hidden: np.ndarray
    """[B, C, H * H]; B is 1 where the hidden layers share one bank, else G."""
    output: np.ndarray
    """[C, A * H]"""


class Pass(NamedTuple):
    """Values of one forward and backward pass, or their derivatives along a direction; or, with one more axis, of several."""

    mixtures: np.ndarray
    """[L, C]"""
    hidden: np.ndarray
    """[G, H, H]; generated weights."""
    output: np.ndarray
    """[A, H]; generated weights."""
    activations: np.ndarray
    """[L - 1, longest N, H]"""
    deltas: np.ndarray
    """[L - 1, longest N, H]; gradients with respect to the pre-activations."""
    output_delta: np.ndarray
    """[N, A]"""
    probabilities: np.ndarray
    """[N, A]"""


class Uses(NamedTuple):
    """Coefficients and gradients of generated weights whose products, summed, are the templates' gradients."""

    first: np.ndarray
    """[U, C]; coefficients, as the next two."""
    hidden: np.ndarray
    """[B, U, S, C]; S layers share each of B banks."""
    output: np.ndarray
    """[U, C]"""
    of_first: np.ndarray
    """[(U - 1) * Z]; of the support set, whose first layer the query set does not share."""
    of_hidden: np.ndarray
    """[B, U, S, H * H]"""
    of_output: np.ndarray
    """[U, A * H]"""


@compiled
def room(passes, layers, samples, width, outputs, banks):
    """Arrays for as many passes of a task."""
    dtype, templates = banks.output.dtype, banks.output.shape[0]
    return Pass(
        np.empty((passes, layers, templates), dtype),
        np.empty((passes, layers - 2, width, width), dtype),
        np.empty((passes, outputs, width), dtype),
        np.empty((passes, layers - 1, samples, width), dtype),
        np.empty((passes, layers - 1, samples, width), dtype),
        np.empty((passes, samples, outputs), dtype),
        np.empty((passes, samples, outputs), dtype),
    )


@compiled
def uses(count, layers, first, width, outputs, banks):
    """Arrays for as many uses."""
    dtype, templates = banks.output.dtype, banks.output.shape[0]
    banks_of_hidden = len(banks.hidden)
    sharing = (layers - 2) // max(banks_of_hidden, 1)
    return Uses(
        np.empty((count, templates), dtype),
        np.empty((banks_of_hidden, count, sharing, templates), dtype),
        np.empty((count, templates), dtype),
        np.empty((count - 1) * first, dtype),
        np.empty((banks_of_hidden, count, sharing, width * width), dtype),
        np.empty((count, outputs * width), dtype),
    )


@compiled
def pass_number(number, samples, passes):
    """One of the passes, for a task of so many samples."""
    return Pass(
        passes.mixtures[number],
        passes.hidden[number],
        passes.output[number],
        passes.activations[number],
        passes.deltas[number],
        passes.output_delta[number, :samples],
        passes.probabilities[number, :samples],
    )


# The first layer ------------------------------------------------------------------------------------------------------


@compiled
def project(table_VCH, rows_NR, projected_CZ, unmoved_CH):
    """Sum of each sample's active rows, by template.

    That of all rows but the moving one is kept from sample to sample, from the last one back: before an object was collected,
    it was there too.
    """
    samples, active = rows_NR.shape
    templates, width = len(projected_CZ), len(unmoved_CH) // len(projected_CZ)
    nothing = len(table_VCH) - 1
    for n in range(samples - 1, -1, -1):
        last = _is_last(rows_NR, n, nothing)
        if last:
            unmoved_CH[:] = 0
        for r in range(active):
            if _appears(rows_NR, n, r, last, nothing):
                add(unmoved_CH, table_VCH[rows_NR[n, r]])
        agent = table_VCH[rows_NR[n, _moving(active)]]
        for c in range(templates):
            out = projected_CZ[c, n * width : (n + 1) * width]
            one, other = unmoved_CH[c * width : (c + 1) * width], agent[c * width : (c + 1) * width]
            for h in range(width):
                out[h] = one[h] + other[h]


@compiled
def project_back(of_projected_CZ, rows_NR, of_table_VCH, of_unmoved_CH):
    """Adds the transpose of :func:`project`. The row of nothing is no template: what is added to it has no meaning."""
    samples, active = rows_NR.shape
    templates, width = len(of_projected_CZ), len(of_unmoved_CH) // len(of_projected_CZ)
    nothing = len(of_table_VCH) - 1
    of_unmoved_CH[:] = 0
    for n in range(samples):
        of_agent = of_table_VCH[rows_NR[n, _moving(active)]]
        for c in range(templates):
            value = of_projected_CZ[c, n * width : (n + 1) * width]
            one, other = of_unmoved_CH[c * width : (c + 1) * width], of_agent[c * width : (c + 1) * width]
            for h in range(width):
                one[h] += value[h]
                other[h] += value[h]
        last = _is_last(rows_NR, n, nothing)
        for r in range(active):
            if _appears(rows_NR, n, r, last, nothing):
                add(of_table_VCH[rows_NR[n, r]], of_unmoved_CH)
        if last:
            of_unmoved_CH[:] = 0


@compiled
def _moving(active):
    """Which of an observation's active rows changes most often: that of the agent, see :meth:`GridFamily.active_rows`."""
    return max(active - 2, 0)


@compiled
def _is_last(rows_NR, n, nothing):
    """Whether no sample is behind ``n``, or one with something, the agent apart, that ``n`` lacks: another episode's."""
    if n == len(rows_NR) - 1:
        return True
    for r in range(rows_NR.shape[1]):
        after = rows_NR[n + 1, r]
        if r != _moving(rows_NR.shape[1]) and after != rows_NR[n, r] and after != nothing:
            return True
    return False


@compiled
def _appears(rows_NR, n, r, last, nothing):
    """Whether row ``r`` is something, the agent apart, that sample ``n`` shows and the one behind it does not."""
    row = rows_NR[n, r]
    return r != _moving(rows_NR.shape[1]) and row != nothing and (last or rows_NR[n + 1, r] != row)


@compiled
def add_first(of_slow_CZ, rows_NR, of_banks, of_unmoved_CH):
    """Adds the gradient of what a first layer mixed to that of its templates."""
    if rows_NR.shape[1]:
        project_back(of_slow_CZ, rows_NR, of_banks.first, of_unmoved_CH)
    else:
        add(of_banks.first, of_slow_CZ)


@compiled
def _mix_first(mixture_C, first_CZ, inputs_ND, mixed_Z, values_NH):
    """Pre-activations of the first layer."""
    if inputs_ND.shape[1]:
        np.dot(mixture_C, first_CZ, mixed_Z)
        np.dot(inputs_ND, mixed_Z.reshape(inputs_ND.shape[1], values_NH.shape[1]), values_NH)
    else:
        np.dot(mixture_C, first_CZ, values_NH.reshape(-1))


@compiled
def _pull_first(delta_NH, inputs_ND, of_first_Z):
    """Gradient with respect to what :func:`_mix_first` mixed."""
    if inputs_ND.shape[1]:
        np.dot(inputs_ND.T, delta_NH, of_first_Z.reshape(inputs_ND.shape[1], delta_NH.shape[1]))
    else:
        of_first_Z[:] = delta_NH.reshape(-1)


@compiled
def _mix_hidden(mixtures_LC, banks, hidden_GHH):
    """Weights of the hidden layers; those of layers that share a bank in one product, which reads it once."""
    sharing = len(hidden_GHH) // max(len(banks.hidden), 1)
    for b in range(len(banks.hidden)):
        first, last = b * sharing, (b + 1) * sharing
        if sharing == 1:
            np.dot(mixtures_LC[1 + b], banks.hidden[b], hidden_GHH[b].reshape(-1))
        else:
            np.dot(mixtures_LC[1 + first : 1 + last], banks.hidden[b], hidden_GHH[first:last].reshape(sharing, -1))


@compiled
def _of_hidden(uses, layer, use):
    """Gradient of a hidden layer's weights in a use, [H * H]."""
    sharing = uses.of_hidden.shape[2]
    return uses.of_hidden[layer // sharing, use, layer % sharing]


# Passes ---------------------------------------------------------------------------------------------------------------


@compiled
def forward_and_back(
    at, use, uses, of_first_Z, bias_A, first_CZ, inputs_ND, banks, targets_NA, weights_N, classes, mixed_Z, transposed_HH
):
    """Passes of the network with mixtures ``at.mixtures``; gradients of its generated weights become use ``use``.

    Returns:
        The loss.
    """
    samples, hidden = len(targets_NA), len(at.hidden)
    _mix_first(at.mixtures[0], first_CZ, inputs_ND, mixed_Z, at.activations[0, :samples])
    rectify(at.activations[0, :samples])
    _mix_hidden(at.mixtures, banks, at.hidden)
    for g in range(hidden):
        np.dot(at.activations[g, :samples], at.hidden[g], at.activations[g + 1, :samples])
        rectify(at.activations[g + 1, :samples])
    np.dot(at.mixtures[hidden + 1], banks.output, at.output.reshape(-1))
    last = at.activations[hidden, :samples]
    np.dot(last, at.output.T, at.output_delta)
    for n in range(samples):
        for a in range(len(bias_A)):
            at.output_delta[n, a] += bias_A[a]
    loss = loss_and_gradient(at.output_delta, targets_NA, weights_N, classes, at.probabilities)
    np.dot(at.output_delta, at.output, at.deltas[hidden, :samples])
    mask(at.deltas[hidden, :samples], last)
    for g in range(hidden - 1, -1, -1):
        _transpose(at.hidden[g], transposed_HH)
        np.dot(at.deltas[g + 1, :samples], transposed_HH, at.deltas[g, :samples])
        mask(at.deltas[g, :samples], at.activations[g, :samples])
    width = last.shape[1]
    for g in range(hidden):
        of_weights = _of_hidden(uses, g, use).reshape(width, width)
        np.dot(at.activations[g, :samples].T, at.deltas[g + 1, :samples], of_weights)
    np.dot(at.output_delta.T, last, uses.of_output[use].reshape(len(bias_A), width))
    _pull_first(at.deltas[0, :samples], inputs_ND, of_first_Z)
    return loss


@compiled
def along_direction(
    at, moved, use, uses, of_first_Z, of_bias_A, first_CZ, inputs_ND, banks, weights_N, classes, mixed_Z, transposed_HH
):
    """Derivative of :func:`forward_and_back` at ``at`` along the mixtures ``moved.mixtures`` and the bias ``of_bias_A``."""
    samples, hidden, outputs = len(weights_N), len(at.hidden), len(of_bias_A)
    _mix_first(moved.mixtures[0], first_CZ, inputs_ND, mixed_Z, moved.activations[0, :samples])
    mask(moved.activations[0, :samples], at.activations[0, :samples])
    _mix_hidden(moved.mixtures, banks, moved.hidden)
    for g in range(hidden):
        np.dot(moved.activations[g, :samples], at.hidden[g], moved.activations[g + 1, :samples])
        gemm(at.activations[g, :samples], moved.hidden[g], 1, moved.activations[g + 1, :samples])
        mask(moved.activations[g + 1, :samples], at.activations[g + 1, :samples])
    np.dot(moved.mixtures[hidden + 1], banks.output, moved.output.reshape(-1))
    last, moved_last = at.activations[hidden, :samples], moved.activations[hidden, :samples]
    delta, moved_delta = at.output_delta, moved.output_delta
    np.dot(moved_last, at.output.T, moved_delta)
    gemm(last, moved.output.T, 1, moved_delta)
    for n in range(samples):
        for a in range(outputs):
            moved_delta[n, a] += of_bias_A[a]
    curvature(moved_delta, weights_N, classes, at.probabilities)
    np.dot(moved_delta, at.output, moved.deltas[hidden, :samples])
    gemm(delta, moved.output, 1, moved.deltas[hidden, :samples])
    mask(moved.deltas[hidden, :samples], last)
    for g in range(hidden - 1, -1, -1):
        _transpose(at.hidden[g], transposed_HH)
        np.dot(moved.deltas[g + 1, :samples], transposed_HH, moved.deltas[g, :samples])
        _transpose(moved.hidden[g], transposed_HH)
        gemm(at.deltas[g + 1, :samples], transposed_HH, 1, moved.deltas[g, :samples])
        mask(moved.deltas[g, :samples], at.activations[g, :samples])
    width = last.shape[1]
    for g in range(hidden):
        of_weights = _of_hidden(uses, g, use).reshape(width, width)
        np.dot(moved.activations[g, :samples].T, at.deltas[g + 1, :samples], of_weights)
        gemm(at.activations[g, :samples].T, moved.deltas[g + 1, :samples], 1, of_weights)
    of_output = uses.of_output[use].reshape(outputs, width)
    np.dot(moved_delta.T, last, of_output)
    gemm(delta.T, moved_last, 1, of_output)
    _pull_first(moved.deltas[0, :samples], inputs_ND, of_first_Z)


@compiled
def _transpose(weights_HH, out_HH):
    """For 64 x 64 weights a product with the transpose itself takes longer than one with this copy, for OpenBLAS then copies
    both factors; for 32 x 32 as long."""
    for i in range(len(out_HH)):
        for j in range(len(out_HH)):
            out_HH[i, j] = weights_HH[j, i]


@compiled
def onto_templates(use, uses, of_first_Z, first_CZ, banks, of_mixtures_LC):
    """Gradients of the generated weights as gradients with respect to the mixtures."""
    np.dot(banks.output, uses.of_output[use], of_mixtures_LC[-1])
    # The first layer last, as passes mix it first: what was read last is still in the cache.
    sharing = uses.hidden.shape[2]
    for b in range(len(banks.hidden)):
        if sharing == 1:  # a matrix with a vector, which is faster than with a matrix of one row
            np.dot(banks.hidden[b], uses.of_hidden[b, use, 0], of_mixtures_LC[1 + b])
        else:
            np.dot(uses.of_hidden[b, use], banks.hidden[b].T, of_mixtures_LC[1 + b * sharing : 1 + (b + 1) * sharing])
    np.dot(first_CZ, of_first_Z, of_mixtures_LC[0])


@compiled
def note_coefficients(use, uses, mixtures_LC):
    """Coefficients of a use."""
    uses.first[use], uses.output[use] = mixtures_LC[0], mixtures_LC[-1]
    sharing = uses.hidden.shape[2]
    for b in range(len(uses.hidden)):
        uses.hidden[b, use] = mixtures_LC[1 + b * sharing : 1 + (b + 1) * sharing]


@compiled
def sum_of_uses(uses, of_first_CZ, of_banks):
    """Adds a task's gradients of the templates behind the first layer, and fills those of what the first layer mixes.

    The query set's use is the last one. It has a first layer of its own.
    """
    count, templates = uses.first.shape
    size = of_first_CZ.shape[1]
    support = count - 1
    gemm(uses.first[:support].T, uses.of_first[: support * size].reshape(support, size), 0, of_first_CZ)
    for b in range(len(of_banks.hidden)):
        coefficients = uses.hidden[b].reshape(-1, templates)
        gemm(coefficients.T, uses.of_hidden[b].reshape(len(coefficients), -1), 1, of_banks.hidden[b])
    gemm(uses.output.T, uses.of_output, 1, of_banks.output)
