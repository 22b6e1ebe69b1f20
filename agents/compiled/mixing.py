"""From a task's fast parameters to the coefficients that mix templates, with backward pass and derivative along a direction.

The linear hypernetwork's fast parameters are the coefficients of every layer and an output bias; each layer's are scaled to
the norm of their number's root. The nonlinear one's are scaled alike and pass through blocks of [linear, layer norm, ELU]
(formulas: :mod:`compworld.agents.networks.embedding`), of which the linear hypernetwork has none.

Axes of array names: F fast parameters, L layers, C templates, E width of the blocks (equal to C), A outputs.
"""

from typing import NamedTuple

import numpy as np

from compworld.agents.compiled.compiler import compiled
from compworld.agents.networks.embedding import LAYER_NORM_EPSILON


class Embedding(NamedTuple):
    """Parameters of the blocks, or their gradients."""

    weights: np.ndarray
    """[F + (blocks - 1) * E, E]; one block's matrix below the other's."""
    biases: np.ndarray
    """[blocks, E]"""
    gains: np.ndarray
    shifts: np.ndarray
    bias_head: np.ndarray
    """[E, A]; makes the output bias from the last block's output."""


class Blocks(NamedTuple):
    """What the blocks leave, or its derivatives along a direction; the first axis numbers passes, the second blocks."""

    scales: np.ndarray
    """[passes, L], or one of them for the nonlinear hypernetwork."""
    inputs: np.ndarray
    """[passes, blocks, most inputs]"""
    inverse: np.ndarray
    """[passes, blocks]; one over the standard deviation."""
    normalised: np.ndarray
    """[passes, blocks, E], as all that follow."""
    outputs: np.ndarray
    of_outputs: np.ndarray
    of_affine: np.ndarray
    of_normalised: np.ndarray
    of_linear: np.ndarray
    of_bias: np.ndarray
    """[passes, A]; gradient of the output bias."""


@compiled
def blocks(passes, layers, fast, embedding):
    """Arrays for as many passes."""
    dtype, (count, width) = embedding.biases.dtype, embedding.biases.shape
    shape = (passes, count, width)
    return Blocks(
        np.empty((passes, layers), dtype),
        np.empty((passes, count, max(width, fast)), dtype),
        np.empty((passes, count), dtype),
        np.empty(shape, dtype),
        np.empty(shape, dtype),
        np.empty(shape, dtype),
        np.empty(shape, dtype),
        np.empty(shape, dtype),
        np.empty(shape, dtype),
        np.empty((passes, embedding.bias_head.shape[1]), dtype),
    )


@compiled
def mix(fast_F, number, blocks, embedding, mixtures_LC, bias_A):
    """Mixtures and output bias; pass ``number`` of the blocks."""
    layers, templates = mixtures_LC.shape
    scales = blocks.scales[number]
    if not len(embedding.biases):
        for layer in range(layers):
            _rescale(fast_F[layer * templates : (layer + 1) * templates], mixtures_LC[layer], scales[layer : layer + 1])
        bias_A[:] = fast_F[layers * templates :]
        return
    value = blocks.inputs[number, 0, : len(fast_F)]
    _rescale(fast_F, value, scales[:1])
    for block in range(len(embedding.biases)):
        inputs = blocks.inputs[number, block, : len(value)]
        inputs[:] = value
        normalised, outputs = blocks.normalised[number, block], blocks.outputs[number, block]
        np.dot(inputs, _matrix(embedding.weights, block, len(fast_F)), normalised)
        blocks.inverse[number, block] = _normalise(normalised, embedding.biases[block])
        gains, shifts = embedding.gains[block], embedding.shifts[block]
        for e in range(len(outputs)):
            affine = shifts[e] + normalised[e] * gains[e]
            outputs[e] = affine if affine > 0 else np.expm1(affine)
        value = outputs
    for layer in range(layers):
        mixtures_LC[layer] = value
    np.dot(value, embedding.bias_head, bias_A)


@compiled
def mix_back(number, blocks, embedding, of_mixtures_LC, gradient_F):
    """Gradient with respect to the fast parameters, given those of mixtures and, in ``blocks``, of the output bias."""
    if not len(embedding.biases):
        _scaled_back(blocks.scales[number], of_mixtures_LC, blocks.of_bias[number], gradient_F)
        return
    gradient = _of_last_block(embedding, of_mixtures_LC, blocks.of_bias[number])
    for block in range(len(embedding.biases) - 1, -1, -1):
        of_outputs, of_affine = blocks.of_outputs[number, block], blocks.of_affine[number, block]
        of_normalised, of_linear = blocks.of_normalised[number, block], blocks.of_linear[number, block]
        of_outputs[:] = gradient
        outputs, gains = blocks.outputs[number, block], embedding.gains[block]
        for e in range(len(gradient)):
            of_affine[e] = gradient[e] if outputs[e] > 0 else gradient[e] * outputs[e] + gradient[e]
            of_normalised[e] = of_affine[e] * gains[e]
        _through_normalisation(of_normalised, blocks.normalised[number, block], blocks.inverse[number, block], of_linear)
        gradient = np.dot(_matrix(embedding.weights, block, len(gradient_F)), of_linear)
    for i in range(len(gradient_F)):
        gradient_F[i] = gradient[i] * blocks.scales[number, 0]


@compiled
def mix_along(direction_F, number, moved, blocks, embedding, mixtures_LC, bias_A):
    """Derivative of :func:`mix` in pass ``number`` along a direction; becomes pass ``moved``."""
    layers, templates = mixtures_LC.shape
    scales = blocks.scales[number]
    if not len(embedding.biases):
        for layer in range(layers):
            for c in range(templates):
                mixtures_LC[layer, c] = direction_F[layer * templates + c] * scales[layer]
        bias_A[:] = direction_F[layers * templates :]
        return
    value = direction_F * scales[0]
    for block in range(len(embedding.biases)):
        inputs = blocks.inputs[moved, block, : len(value)]
        inputs[:] = value
        linear = np.dot(inputs, _matrix(embedding.weights, block, len(direction_F)))
        normalised, inverse = blocks.normalised[number, block], blocks.inverse[number, block]
        along, outputs = blocks.normalised[moved, block], blocks.outputs[number, block]
        # Normalisation's matrix of derivatives is symmetric.
        _through_normalisation(linear, normalised, inverse, along)
        # d(1 / deviation) = - mean(normalised * d linear) / deviation^2
        blocks.inverse[moved, block] = -_mean_product(normalised, linear) * inverse * inverse
        value = blocks.outputs[moved, block]
        gains = embedding.gains[block]
        for e in range(len(value)):
            affine = along[e] * gains[e]
            value[e] = affine if outputs[e] > 0 else affine * outputs[e] + affine
    for layer in range(layers):
        mixtures_LC[layer] = value
    np.dot(value, embedding.bias_head, bias_A)


@compiled
def mix_back_along(number, moved, blocks, embedding, of_mixtures_LC, gradient_F):
    """Derivative of :func:`mix_back` in pass ``number`` along the same direction; becomes pass ``moved``."""
    if not len(embedding.biases):
        _scaled_back(blocks.scales[number], of_mixtures_LC, blocks.of_bias[moved], gradient_F)
        return
    gradient = _of_last_block(embedding, of_mixtures_LC, blocks.of_bias[moved])
    zero = gradient.dtype.type(0)
    for block in range(len(embedding.biases) - 1, -1, -1):
        normalised, inverse = blocks.normalised[number, block], blocks.inverse[number, block]
        outputs, back = blocks.outputs[number, block], blocks.of_normalised[number, block]
        of_linear, along = blocks.of_linear[moved, block], blocks.normalised[moved, block]
        of_affine, of_normalised = blocks.of_affine[moved, block], blocks.of_normalised[moved, block]
        gains = embedding.gains[block]
        for e in range(len(gradient)):
            # ELU's slope is output + 1 where the output is negative, and moves with it; elsewhere it is the constant 1.
            bend = blocks.of_outputs[number, block, e] * blocks.outputs[moved, block, e] if outputs[e] < 0 else zero
            of_affine[e] = (gradient[e] if outputs[e] > 0 else gradient[e] * outputs[e] + gradient[e]) + bend
            of_normalised[e] = of_affine[e] * gains[e]
        _through_normalisation(of_normalised, normalised, inverse, of_linear)
        ratio = blocks.inverse[moved, block] / inverse
        correlation, shift = _mean_product(back, normalised), _mean_product(back, along)
        for e in range(len(gradient)):
            of_linear[e] += ratio * blocks.of_linear[number, block, e]
            of_linear[e] -= inverse * (along[e] * correlation + normalised[e] * shift)
        gradient = np.dot(_matrix(embedding.weights, block, len(gradient_F)), of_linear)
    for i in range(len(gradient_F)):
        gradient_F[i] = gradient[i] * blocks.scales[number, 0]


@compiled
def add_gradients(values, gradients, blocks, fast, of_embedding):
    """Adds the gradients of the blocks' weights that values of one pass and gradients of the same or another one make."""
    for block in range(len(of_embedding.biases)):
        of_linear, of_affine = blocks.of_linear[gradients, block], blocks.of_affine[gradients, block]
        _add_product(_matrix(of_embedding.weights, block, fast), blocks.inputs[values, block], of_linear)
        for e in range(len(of_linear)):
            of_embedding.gains[block, e] += of_affine[e] * blocks.normalised[values, block, e]
    if len(of_embedding.biases):
        _add_product(of_embedding.bias_head, blocks.outputs[values, -1], blocks.of_bias[gradients])


@compiled
def add_constant_gradients(gradients, blocks, of_embedding):
    """Adds the gradients of the blocks' biases and shifts, which no values multiply."""
    for block in range(len(of_embedding.biases)):
        for e in range(of_embedding.biases.shape[1]):
            of_embedding.biases[block, e] += blocks.of_linear[gradients, block, e]
            of_embedding.shifts[block, e] += blocks.of_affine[gradients, block, e]


@compiled
def _of_last_block(embedding, of_mixtures_LC, of_bias_A):
    """Gradient of the last block's output, which mixes every layer and makes the output bias."""
    gradient = np.dot(embedding.bias_head, of_bias_A)
    for layer in range(len(of_mixtures_LC)):
        gradient += of_mixtures_LC[layer]
    return gradient


@compiled
def _matrix(weights, block, fast):
    """Weights of a block: rows below each other, of which the first block has one for each fast parameter."""
    width = weights.shape[1]
    return weights[:fast] if block == 0 else weights[fast + (block - 1) * width : fast + block * width]


@compiled
def _add_product(total, left, right):
    """Adds an outer product."""
    for i in range(len(total)):
        for j in range(len(right)):
            total[i, j] += left[i] * right[j]


@compiled
def _rescale(coefficients_C, scaled_C, scale):
    """Coefficients scaled to norm sqrt(C); the scale counts as a constant for every gradient."""
    square = coefficients_C.dtype.type(0)
    for c in range(len(coefficients_C)):
        square += coefficients_C[c] * coefficients_C[c]
    scale[0] = np.sqrt(len(coefficients_C)) / max(np.sqrt(square), 1e-12)
    for c in range(len(coefficients_C)):
        scaled_C[c] = coefficients_C[c] * scale[0]


@compiled
def _scaled_back(scales_L, of_mixtures_LC, of_bias_A, gradient_F):
    layers, templates = of_mixtures_LC.shape
    for layer in range(layers):
        for c in range(templates):
            gradient_F[layer * templates + c] = of_mixtures_LC[layer, c] * scales_L[layer]
    gradient_F[layers * templates :] = of_bias_A


@compiled
def _normalise(values_E, bias_E):
    """Layer norm of values plus bias, in their place; returns one over the standard deviation."""
    count = values_E.dtype.type(len(values_E))
    mean = values_E.dtype.type(0)
    for e in range(len(values_E)):
        values_E[e] += bias_E[e]
        mean += values_E[e] / count
    variance = values_E.dtype.type(LAYER_NORM_EPSILON)
    for e in range(len(values_E)):
        values_E[e] -= mean
        variance += values_E[e] * values_E[e] / count
    inverse = values_E.dtype.type(1) / np.sqrt(variance)
    for e in range(len(values_E)):
        values_E[e] *= inverse
    return inverse


@compiled
def _mean_product(left_E, right_E):
    total = left_E.dtype.type(0)
    for e in range(len(left_E)):
        total += left_E[e] * right_E[e]
    return total / left_E.dtype.type(len(left_E))


@compiled
def _through_normalisation(gradient_E, normalised_E, inverse, out_E):
    """``(g - mean(g) - n mean(g n)) / deviation``."""
    count = gradient_E.dtype.type(len(gradient_E))
    mean = gradient_E.dtype.type(0)
    for e in range(len(gradient_E)):
        mean += gradient_E[e] / count
    correlation = _mean_product(gradient_E, normalised_E)
    for e in range(len(gradient_E)):
        out_E[e] = (gradient_E[e] - mean - normalised_E[e] * correlation) * inverse
