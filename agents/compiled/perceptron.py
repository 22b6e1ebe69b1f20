"""A ReLU network of which all weights adapt: its passes, and their derivative along a direction.

Axes of array names: N samples of a task, B twice N, L hidden layers, G = L - 1 matrices between them, H width, A outputs, U
rows of the first layer, P all parameters.
"""

from typing import NamedTuple

import numpy as np

from compworld.agents.compiled.compiler import compiled
from compworld.agents.compiled.gemm import gemm
from compworld.agents.compiled.layers import add_bias, mask, rectify, sum_samples
from compworld.agents.compiled.losses import curvature, loss_and_gradient


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


@compiled
def parameters(flat_P, layers, width, outputs):
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
def forward_and_back(at, parameters, targets_NA, weights_N, kind, gradient):
    """Passes from the first layer's product with the inputs on; fills the gradient, the first layer's rows apart.

    Returns:
        The loss.
    """
    samples, hidden = len(targets_NA), len(parameters.hidden)
    for g in range(hidden + 1):
        if g > 0:
            np.dot(at.activations[g - 1, :samples], parameters.hidden[g - 1], at.activations[g, :samples])
        add_bias(at.activations[g, :samples], parameters.biases[g])
        rectify(at.activations[g, :samples])
    last, output_delta = at.activations[hidden, :samples], at.output_deltas[samples:]
    np.dot(last, parameters.output.T, output_delta)
    add_bias(output_delta, parameters.output_bias)
    loss = loss_and_gradient(output_delta, targets_NA, weights_N, kind, at.probabilities)
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
def along_direction(at, parameters, direction, weights_N, kind, gradient):
    """Derivative of :func:`forward_and_back` along a direction of the parameters."""
    samples, hidden = len(weights_N), len(parameters.hidden)
    for g in range(hidden + 1):
        moved = at.activations[g, samples:]
        if g > 0:
            np.dot(at.activations[g - 1, samples:], parameters.hidden[g - 1], moved)
            gemm(at.activations[g - 1, :samples], direction.hidden[g - 1], 1, moved)
        add_bias(moved, direction.biases[g])
        mask(moved, at.activations[g, :samples])
    last, moved_delta = at.activations[hidden], at.output_deltas[:samples]
    np.dot(last[samples:], parameters.output.T, moved_delta)
    gemm(last[:samples], direction.output.T, 1, moved_delta)
    add_bias(moved_delta, direction.output_bias)
    curvature(moved_delta, weights_N, kind, at.probabilities)
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
