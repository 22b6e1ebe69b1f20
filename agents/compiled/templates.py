"""A task's network whose weights are mixed from templates: its passes, and their derivative along a direction.

The network is that of :mod:`compworld.agents.networks.templates`.

Axes of array names: N samples of a task, D inputs, C templates, L layers, G = L - 2 generated layers between two hidden ones, H
width, A outputs, V rows of a table, Z what the first layer mixes: N * H, or D * H of dense observations, of whose D inputs the
last is always 1. Generated biases lie behind their layer's weights.
"""

from typing import NamedTuple

import numpy as np

from compworld.agents.compiled.compiler import compiled
from compworld.agents.compiled.gemm import gemm
from compworld.agents.compiled.layers import add_bias, mask, rectify, sum_samples
from compworld.agents.compiled.losses import Kind, curvature, loss_and_gradient


class Banks(NamedTuple):
    """Templates of all layers, or their gradients."""

    first: np.ndarray
    """[V, C * H] for sparse observations, [C, D * H] for dense ones."""
    hidden: np.ndarray
    """[C, (H + 1) * H]; without rows if G is 0."""
    output: np.ndarray
    """[C, A * (H + 1)]"""


class Pass(NamedTuple):
    """Values of one forward and backward pass, or their derivatives along a direction; or, with one more axis, of several."""

    mixtures: np.ndarray
    """[L, C]"""
    hidden: np.ndarray
    """[G, (H + 1) * H]; what is generated."""
    output: np.ndarray
    """[A * (H + 1)]; what is generated."""
    activations: np.ndarray
    """[L - 1, longest N, H]"""
    deltas: np.ndarray
    """[L - 1, longest N, H]; gradients with respect to the pre-activations."""
    output_delta: np.ndarray
    """[N, A]"""
    probabilities: np.ndarray
    """[N, A]"""


class Network(NamedTuple):
    """What is mixed.

    Flat, as what is passed in inner loops should be: compiled code counts the references to every array of a group that it
    takes out of another, which made a meta-gradient 6 % slower.
    """

    first: np.ndarray
    """[C, Z]"""
    hidden: np.ndarray
    """[C, (H + 1) * H], as of :class:`Banks`."""
    output: np.ndarray
    """[C, A * (H + 1)]"""


class Samples(NamedTuple):
    """A task's samples."""

    inputs: np.ndarray
    """[N, D]; D is 0 for sparse observations."""
    targets: np.ndarray
    """[N, A]"""
    kind: Kind


class Scratch(NamedTuple):
    """Room for intermediate values of a pass."""

    mixed: np.ndarray
    """[Z]; the first layer's weights for dense observations."""
    transposed: np.ndarray
    """[H, H]; generated weights."""


@compiled
def room(passes, layers, samples, width, outputs, banks):
    """Arrays for as many passes of a task."""
    dtype, templates = banks.output.dtype, banks.output.shape[0]
    return Pass(
        np.empty((passes, layers, templates), dtype),
        np.empty((passes, layers - 2, (width + 1) * width), dtype),
        np.empty((passes, outputs * (width + 1)), dtype),
        np.empty((passes, layers - 1, samples, width), dtype),
        np.empty((passes, layers - 1, samples, width), dtype),
        np.empty((passes, samples, outputs), dtype),
        np.empty((passes, samples, outputs), dtype),
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
def _mix_hidden(mixtures_LC, bank_CZ, hidden_GZ):
    """What is generated of the hidden layers, in one product, which reads their bank once."""
    if len(hidden_GZ) == 1:  # a vector with a matrix, which is faster than a matrix of one row
        np.dot(mixtures_LC[1], bank_CZ, hidden_GZ[0])
    elif len(hidden_GZ):
        np.dot(mixtures_LC[1:-1], bank_CZ, hidden_GZ)


@compiled
def _weights(generated_Z, width):
    """Of what is generated of a layer: its weights, one row for each of ``width`` units."""
    return generated_Z[: len(generated_Z) // (width + 1) * width].reshape(-1, width)


@compiled
def _biases(generated_Z, width):
    """Of what is generated of a layer: its biases."""
    return generated_Z[len(generated_Z) // (width + 1) * width :]


@compiled
def forward_and_back(at, use, network, bias_A, samples, weights_N, scratch):
    """Passes of the network with mixtures ``at.mixtures``; gradients of what is generated go to ``use``.

    Returns:
        The loss.
    """
    count, hidden, width = len(samples.targets), len(at.hidden), at.activations.shape[2]
    _mix_first(at.mixtures[0], network.first, samples.inputs, scratch.mixed, at.activations[0, :count])
    rectify(at.activations[0, :count])
    _mix_hidden(at.mixtures, network.hidden, at.hidden)
    for g in range(hidden):
        np.dot(at.activations[g, :count], _weights(at.hidden[g], width), at.activations[g + 1, :count])
        add_bias(at.activations[g + 1, :count], _biases(at.hidden[g], width))
        rectify(at.activations[g + 1, :count])
    np.dot(at.mixtures[hidden + 1], network.output, at.output)
    last, output = at.activations[hidden, :count], _weights(at.output, width)
    np.dot(last, output.T, at.output_delta)
    add_bias(at.output_delta, _biases(at.output, width))
    add_bias(at.output_delta, bias_A)
    loss = loss_and_gradient(at.output_delta, samples.targets, weights_N, samples.kind, at.probabilities)
    np.dot(at.output_delta, output, at.deltas[hidden, :count])
    mask(at.deltas[hidden, :count], last)
    for g in range(hidden - 1, -1, -1):
        _transpose(_weights(at.hidden[g], width), scratch.transposed)
        np.dot(at.deltas[g + 1, :count], scratch.transposed, at.deltas[g, :count])
        mask(at.deltas[g, :count], at.activations[g, :count])
    for g in range(hidden):
        of_hidden = use.of_hidden[use.number, g]
        np.dot(at.activations[g, :count].T, at.deltas[g + 1, :count], _weights(of_hidden, width))
        sum_samples(at.deltas[g + 1, :count], _biases(of_hidden, width))
    of_output = use.of_output[use.number]
    np.dot(at.output_delta.T, last, _weights(of_output, width))
    sum_samples(at.output_delta, _biases(of_output, width))
    _pull_first(at.deltas[0, :count], samples.inputs, use.of_first)
    return loss


@compiled
def along_direction(at, moved, use, network, of_bias_A, samples, weights_N, scratch):
    """Derivative of :func:`forward_and_back` at ``at`` along the mixtures ``moved.mixtures`` and the bias ``of_bias_A``."""
    count, hidden, width = len(weights_N), len(at.hidden), at.activations.shape[2]
    _mix_first(moved.mixtures[0], network.first, samples.inputs, scratch.mixed, moved.activations[0, :count])
    mask(moved.activations[0, :count], at.activations[0, :count])
    _mix_hidden(moved.mixtures, network.hidden, moved.hidden)
    for g in range(hidden):
        np.dot(moved.activations[g, :count], _weights(at.hidden[g], width), moved.activations[g + 1, :count])
        gemm(at.activations[g, :count], _weights(moved.hidden[g], width), 1, moved.activations[g + 1, :count])
        add_bias(moved.activations[g + 1, :count], _biases(moved.hidden[g], width))
        mask(moved.activations[g + 1, :count], at.activations[g + 1, :count])
    np.dot(moved.mixtures[hidden + 1], network.output, moved.output)
    output, moved_output = _weights(at.output, width), _weights(moved.output, width)
    last, moved_last = at.activations[hidden, :count], moved.activations[hidden, :count]
    delta, moved_delta = at.output_delta, moved.output_delta
    np.dot(moved_last, output.T, moved_delta)
    gemm(last, moved_output.T, 1, moved_delta)
    add_bias(moved_delta, _biases(moved.output, width))
    add_bias(moved_delta, of_bias_A)
    curvature(moved_delta, weights_N, samples.kind, at.probabilities)
    np.dot(moved_delta, output, moved.deltas[hidden, :count])
    gemm(delta, moved_output, 1, moved.deltas[hidden, :count])
    mask(moved.deltas[hidden, :count], last)
    for g in range(hidden - 1, -1, -1):
        _transpose(_weights(at.hidden[g], width), scratch.transposed)
        np.dot(moved.deltas[g + 1, :count], scratch.transposed, moved.deltas[g, :count])
        _transpose(_weights(moved.hidden[g], width), scratch.transposed)
        gemm(at.deltas[g + 1, :count], scratch.transposed, 1, moved.deltas[g, :count])
        mask(moved.deltas[g, :count], at.activations[g, :count])
    for g in range(hidden):
        of_hidden = use.of_hidden[use.number, g]
        np.dot(moved.activations[g, :count].T, at.deltas[g + 1, :count], _weights(of_hidden, width))
        gemm(at.activations[g, :count].T, moved.deltas[g + 1, :count], 1, _weights(of_hidden, width))
        sum_samples(moved.deltas[g + 1, :count], _biases(of_hidden, width))
    of_output = use.of_output[use.number]
    np.dot(moved_delta.T, last, _weights(of_output, width))
    gemm(delta.T, moved_last, 1, _weights(of_output, width))
    sum_samples(moved_delta, _biases(of_output, width))
    _pull_first(moved.deltas[0, :count], samples.inputs, use.of_first)


@compiled
def _transpose(weights_HH, out_HH):
    """For 64 x 64 weights a product with the transpose itself takes longer than one with this copy, for OpenBLAS then copies
    both factors; for 32 x 32 as long."""
    for i in range(len(out_HH)):
        for j in range(len(out_HH)):
            out_HH[i, j] = weights_HH[j, i]


@compiled
def onto_templates(use, network, of_mixtures_LC):
    """Gradients of what is generated as gradients with respect to the mixtures."""
    number = use.number
    np.dot(network.output, use.of_output[number], of_mixtures_LC[-1])
    # The first layer last, as passes mix it first: what was read last is still in the cache.
    hidden = len(of_mixtures_LC) - 2
    if hidden == 1:
        np.dot(network.hidden, use.of_hidden[number, 0], of_mixtures_LC[1])
    elif hidden:
        np.dot(use.of_hidden[number], network.hidden.T, of_mixtures_LC[1:-1])
    np.dot(network.first, use.of_first, of_mixtures_LC[0])
