"""From a task's fast parameters to the coefficients that mix templates, with backward pass and derivative along a direction.

The linear hypernetwork's fast parameters are the coefficients of every layer and an output bias; each layer's are scaled to
the norm of their number's root. The nonlinear one's are scaled alike and pass through layer norm and blocks of [linear, layer
norm, ELU] (formulas: :mod:`compworld.agents.networks.embedding`), of which the linear hypernetwork has none.

Stage 0 is the first layer norm, stage s the s-th block; what stages hold lies one behind the other.

Axes of array names: F fast parameters, L layers, C coefficients of a layer, E width of the blocks, R banks (input, hidden,
output), S = C + blocks * E values of all stages, A outputs.
"""

from typing import NamedTuple

import numpy as np

from compworld.agents.compiled.compiler import compiled
from compworld.agents.compiled.layers import add
from compworld.agents.compiled.norms import mean_product, normalise, through_normalisation


class Embeddings(NamedTuple):
    """Parameters of each bank's stages, or their gradients."""

    gains: np.ndarray
    """[R, S], as the next; [0, C] for the linear hypernetwork."""
    shifts: np.ndarray
    weights: np.ndarray
    """[R, S - E, E]; one block's matrix below the other's."""
    biases: np.ndarray
    """[R, S - C]"""


class Stages(NamedTuple):
    """What the stages leave, or its derivatives along a direction; the first axis numbers passes."""

    scales: np.ndarray
    """[passes, L]"""
    inverse: np.ndarray
    """[passes, L, stages]; one over the standard deviation."""
    normalised: np.ndarray
    """[passes, L, S], as all that follow."""
    outputs: np.ndarray
    of_outputs: np.ndarray
    of_affine: np.ndarray
    of_normalised: np.ndarray
    of_linear: np.ndarray


@compiled
def stages(passes, layers, embeddings):
    """Arrays for as many passes."""
    dtype, width, values = embeddings.gains.dtype, embeddings.weights.shape[2], embeddings.gains.shape[1]
    shape = (passes, layers, values)
    return Stages(
        np.empty((passes, layers), dtype),
        np.empty((passes, layers, 1 + embeddings.biases.shape[1] // width), dtype),
        np.empty(shape, dtype),
        np.empty(shape, dtype),
        np.empty(shape, dtype),
        np.empty(shape, dtype),
        np.empty(shape, dtype),
        np.empty(shape, dtype),
    )


@compiled
def mix(fast_F, number, stages, embeddings, mixtures_LE, bias_A):
    """Mixtures and what adapts of the output bias; pass ``number`` of the stages."""
    layers, coefficients = len(mixtures_LE), _coefficients(embeddings)
    for layer in range(layers):
        given = fast_F[layer * coefficients : (layer + 1) * coefficients]
        scales = stages.scales[number, layer : layer + 1]
        if not len(embeddings.gains):
            _rescale(given, mixtures_LE[layer], scales)
            continue
        normalised_S, outputs_S = stages.normalised[number, layer], stages.outputs[number, layer]
        bank = _bank(layer, layers, embeddings)
        _rescale(given, normalised_S[:coefficients], scales)
        for stage in range(stages.inverse.shape[2]):
            first, last = _span(stage, embeddings)
            normalised, outputs = normalised_S[first:last], outputs_S[first:last]
            if stage:
                before, _ = _span(stage - 1, embeddings)
                np.dot(outputs_S[before:first], embeddings.weights[bank, before:first], normalised)
                add(normalised, embeddings.biases[bank, first - coefficients : last - coefficients])
            stages.inverse[number, layer, stage] = normalise(normalised)
            gains, shifts = embeddings.gains[bank, first:last], embeddings.shifts[bank, first:last]
            for e in range(len(outputs)):
                affine = shifts[e] + normalised[e] * gains[e]
                outputs[e] = affine if stage == 0 or affine > 0 else np.expm1(affine)
        mixtures_LE[layer] = outputs_S[-mixtures_LE.shape[1] :]
    _take_bias(fast_F, layers * coefficients, bias_A)


@compiled
def mix_back(number, stages, embeddings, of_mixtures_LE, of_bias_A, gradient_F):
    """Gradient with respect to the fast parameters."""
    layers, coefficients = len(of_mixtures_LE), _coefficients(embeddings)
    for layer in range(layers):
        gradient = of_mixtures_LE[layer]
        if len(embeddings.gains):
            outputs_S, normalised_S = stages.outputs[number, layer], stages.normalised[number, layer]
            bank = _bank(layer, layers, embeddings)
            for stage in range(stages.inverse.shape[2] - 1, -1, -1):
                first, last = _span(stage, embeddings)
                of_outputs = stages.of_outputs[number, layer, first:last]
                of_affine = stages.of_affine[number, layer, first:last]
                of_normalised = stages.of_normalised[number, layer, first:last]
                of_linear = stages.of_linear[number, layer, first:last]
                outputs, gains = outputs_S[first:last], embeddings.gains[bank, first:last]
                of_outputs[:] = gradient
                for e in range(len(gradient)):
                    of_affine[e] = _times_slope(gradient[e], stage, outputs[e])
                    of_normalised[e] = of_affine[e] * gains[e]
                inverse = stages.inverse[number, layer, stage]
                through_normalisation(of_normalised, normalised_S[first:last], inverse, of_linear)
                gradient = _onto_inputs(stage, bank, embeddings, of_linear)
        for c in range(coefficients):
            gradient_F[layer * coefficients + c] = gradient[c] * stages.scales[number, layer]
    _put_bias(of_bias_A, layers * coefficients, gradient_F)


@compiled
def mix_along(direction_F, number, moved, stages, embeddings, mixtures_LE, bias_A):
    """Derivative of :func:`mix` in pass ``number`` along a direction; becomes pass ``moved``."""
    layers, coefficients = len(mixtures_LE), _coefficients(embeddings)
    for layer in range(layers):
        value = direction_F[layer * coefficients : (layer + 1) * coefficients] * stages.scales[number, layer]
        if len(embeddings.gains):
            bank = _bank(layer, layers, embeddings)
            for stage in range(stages.inverse.shape[2]):
                first, last = _span(stage, embeddings)
                if stage:
                    before, _ = _span(stage - 1, embeddings)
                    value = np.dot(value, embeddings.weights[bank, before:first])
                normalised, inverse = stages.normalised[number, layer, first:last], stages.inverse[number, layer, stage]
                along, outputs = stages.normalised[moved, layer, first:last], stages.outputs[number, layer, first:last]
                # Normalisation's matrix of derivatives is symmetric.
                through_normalisation(value, normalised, inverse, along)
                # d(1 / deviation) = - mean(normalised * d linear) / deviation^2
                stages.inverse[moved, layer, stage] = -mean_product(normalised, value) * inverse * inverse
                value = stages.outputs[moved, layer, first:last]
                gains = embeddings.gains[bank, first:last]
                for e in range(len(value)):
                    value[e] = _times_slope(along[e] * gains[e], stage, outputs[e])
        mixtures_LE[layer] = value
    _take_bias(direction_F, layers * coefficients, bias_A)


@compiled
def mix_back_along(number, moved, stages, embeddings, of_mixtures_LE, of_bias_A, gradient_F):
    """Derivative of :func:`mix_back` in pass ``number`` along the same direction; becomes pass ``moved``."""
    layers, coefficients = len(of_mixtures_LE), _coefficients(embeddings)
    for layer in range(layers):
        gradient = of_mixtures_LE[layer]
        if len(embeddings.gains):
            bank = _bank(layer, layers, embeddings)
            for stage in range(stages.inverse.shape[2] - 1, -1, -1):
                first, last = _span(stage, embeddings)
                normalised, inverse = stages.normalised[number, layer, first:last], stages.inverse[number, layer, stage]
                outputs, back = stages.outputs[number, layer, first:last], stages.of_normalised[number, layer, first:last]
                of_outputs, moved_outputs = (
                    stages.of_outputs[number, layer, first:last],
                    stages.outputs[moved, layer, first:last],
                )
                of_linear, along = stages.of_linear[moved, layer, first:last], stages.normalised[moved, layer, first:last]
                of_affine = stages.of_affine[moved, layer, first:last]
                of_normalised = stages.of_normalised[moved, layer, first:last]
                gains = embeddings.gains[bank, first:last]
                for e in range(len(gradient)):
                    of_affine[e] = _times_slope(gradient[e], stage, outputs[e])
                    if stage and outputs[e] < 0:
                        # ELU's slope is output + 1 where the output is negative, and moves with it; elsewhere it is constant.
                        of_affine[e] += of_outputs[e] * moved_outputs[e]
                    of_normalised[e] = of_affine[e] * gains[e]
                through_normalisation(of_normalised, normalised, inverse, of_linear)
                ratio = stages.inverse[moved, layer, stage] / inverse
                correlation, shift = mean_product(back, normalised), mean_product(back, along)
                for e in range(len(gradient)):
                    of_linear[e] += ratio * stages.of_linear[number, layer, first + e]
                    of_linear[e] -= inverse * (along[e] * correlation + normalised[e] * shift)
                gradient = _onto_inputs(stage, bank, embeddings, of_linear)
        for c in range(coefficients):
            gradient_F[layer * coefficients + c] = gradient[c] * stages.scales[number, layer]
    _put_bias(of_bias_A, layers * coefficients, gradient_F)


@compiled
def add_gradients(values, gradients, stages, of_embeddings):
    """Adds the gradients of weights and gains that values of one pass and gradients of the same or another one make."""
    if not len(of_embeddings.gains):
        return
    layers, width = stages.scales.shape[1], of_embeddings.weights.shape[2]
    for layer in range(layers):
        bank = _bank(layer, layers, of_embeddings)
        of_gains, of_affine = of_embeddings.gains[bank], stages.of_affine[gradients, layer]
        for s in range(len(of_gains)):
            of_gains[s] += of_affine[s] * stages.normalised[values, layer, s]
        for stage in range(1, stages.inverse.shape[2]):
            before, _ = _span(stage - 1, of_embeddings)
            first, last = _span(stage, of_embeddings)
            inputs, of_linear = stages.outputs[values, layer, before:first], stages.of_linear[gradients, layer, first:last]
            for i in range(len(inputs)):
                for j in range(width):
                    of_embeddings.weights[bank, before + i, j] += inputs[i] * of_linear[j]


@compiled
def add_constant_gradients(gradients, stages, of_embeddings):
    """Adds the gradients of biases and shifts, which no values multiply."""
    if not len(of_embeddings.gains):
        return
    layers, coefficients = stages.scales.shape[1], _coefficients(of_embeddings)
    for layer in range(layers):
        bank = _bank(layer, layers, of_embeddings)
        add(of_embeddings.shifts[bank], stages.of_affine[gradients, layer])
        add(of_embeddings.biases[bank], stages.of_linear[gradients, layer, coefficients:])


@compiled
def _coefficients(embeddings):
    """C"""
    return embeddings.gains.shape[1] - embeddings.biases.shape[1]


@compiled
def _span(stage, embeddings):
    """Where a stage's values begin and end."""
    coefficients, width = _coefficients(embeddings), embeddings.weights.shape[2]
    return (coefficients + (stage - 1) * width if stage else 0), coefficients + stage * width


@compiled
def _bank(layer, layers, embeddings):
    """The bank that a layer is mixed from: all layers between the first and the last share one."""
    return len(embeddings.gains) - 1 if layer == layers - 1 else min(layer, 1)


@compiled
def _times_slope(value, stage, output):
    """Times the derivative of what follows a stage's layer norm: nothing behind stage 0, ELU behind all others."""
    return value if stage == 0 or output > 0 else value * output + value


@compiled
def _onto_inputs(stage, bank, embeddings, of_linear):
    """Gradient with respect to what a stage is given."""
    if stage == 0:
        return of_linear
    before, _ = _span(stage - 1, embeddings)
    first, _ = _span(stage, embeddings)
    return np.dot(embeddings.weights[bank, before:first], of_linear)


@compiled
def _take_bias(fast_F, first, bias_A):
    """What adapts of the output bias, if anything, lies behind the coefficients."""
    bias_A[:] = 0
    for a in range(len(fast_F) - first):
        bias_A[a] = fast_F[first + a]


@compiled
def _put_bias(of_bias_A, first, gradient_F):
    """The transpose of :func:`_take_bias`."""
    for a in range(len(gradient_F) - first):
        gradient_F[first + a] = of_bias_A[a]


@compiled
def _rescale(coefficients_C, scaled_C, scale):
    """Coefficients scaled to norm sqrt(C); the scale counts as a constant for every gradient."""
    square = coefficients_C.dtype.type(0)
    for c in range(len(coefficients_C)):
        square += coefficients_C[c] * coefficients_C[c]
    scale[0] = np.sqrt(len(coefficients_C)) / max(np.sqrt(square), 1e-12)
    for c in range(len(coefficients_C)):
        scaled_C[c] = coefficients_C[c] * scale[0]
