"""A ReLU perceptron for each task, with its backward pass and the derivative of both along a direction written out.

The latter is Pearlmutter's R-operator ("Fast exact multiplication by the Hessian", Neural Computation 1994): the derivative of
every quantity of the forward and backward pass along a direction of the weights. It gives the Hessian's product with that
direction for about twice the cost of a gradient, and nothing larger than the weights is ever formed.

Axes of tensor names: T tasks, N samples, H width, A outputs. Outputs are [T, A, N] and output weights [T, A, H] (see
:mod:`agents.losses`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from agents.losses import Loss


@dataclass(frozen=True)
class Weights:
    """Weights of all layers behind the first, or a direction in their space."""

    hidden: Sequence[Tensor]
    """[T, H, H'] each."""
    output_TAH: Tensor
    hidden_biases: Sequence[Tensor | None]
    """[T, H'] each."""
    output_bias_TA: Tensor


@dataclass(frozen=True)
class Passes:
    """What the forward and backward pass leave, or its derivative along a direction."""

    activations: list[Tensor]
    """[T, N, H] of each hidden layer, the first included."""
    deltas: list[Tensor]
    """[T, N, H]: gradients with respect to each hidden layer's pre-activations."""
    output_delta_TAN: Tensor
    """Gradient with respect to the outputs."""
    curvature: Any = None
    """What the loss needs for its second derivative."""

    def weight_gradients(self) -> list[Tensor]:
        """Gradient of each hidden layer's weights behind the first, [T, H, H'], then of the output weights, [T, A, H]."""
        gradients = [torch.bmm(self.activations[i].mT, self.deltas[i + 1]) for i in range(len(self.deltas) - 1)]
        return [*gradients, torch.bmm(self.output_delta_TAN, self.activations[-1])]


def forward(first_TNH: Tensor, weights: Weights) -> tuple[list[Tensor], Tensor]:
    """Hidden activations of every layer, and outputs [T, A, N], from the first layer's pre-activations on; differentiable."""
    activations = [torch.relu(first_TNH)]
    for weight, bias in zip(weights.hidden, weights.hidden_biases, strict=True):
        value = torch.bmm(activations[-1], weight) if bias is None else torch.baddbmm(bias[:, None], activations[-1], weight)
        activations.append(torch.relu(value))
    return activations, torch.baddbmm(weights.output_bias_TA[..., None], weights.output_TAH, activations[-1].mT)


def passes(first_TNH: Tensor, weights: Weights, loss: Loss, targets_TAN: Tensor, sample_weights_TN: Tensor) -> Passes:
    """Forward and backward pass of each task's loss."""
    activations, outputs = forward(first_TNH, weights)
    output_delta, curvature = loss.gradient(outputs, targets_TAN, sample_weights_TN)
    deltas = [_through_relu(torch.bmm(output_delta.mT, weights.output_TAH), activations[-1])]
    for activation, weight in zip(reversed(activations[:-1]), reversed(weights.hidden), strict=True):
        deltas.append(_through_relu(torch.bmm(deltas[-1], weight.mT), activation))
    return Passes(activations, deltas[::-1], output_delta, curvature)


def directional(at: Passes, weights: Weights, first_TNH: Tensor, direction: Weights, loss: Loss) -> Passes:
    """Derivative of :func:`passes` along a direction of the first pre-activations and of the weights.

    The second derivative of ReLU is 0 almost everywhere, so its masks count as constants.
    """
    activations = [_through_relu(first_TNH, at.activations[0])]
    for i, (weight, moved, bias) in enumerate(zip(weights.hidden, direction.hidden, direction.hidden_biases, strict=True)):
        value = torch.bmm(activations[-1], weight).baddbmm_(at.activations[i], moved)
        if bias is not None:
            value += bias[:, None]
        activations.append(_through_relu(value, at.activations[i + 1]))
    outputs = torch.baddbmm(direction.output_bias_TA[..., None], weights.output_TAH, activations[-1].mT)
    outputs.baddbmm_(direction.output_TAH, at.activations[-1].mT)
    output_delta = loss.curvature(at.curvature, outputs)
    value = torch.bmm(output_delta.mT, weights.output_TAH).baddbmm_(at.output_delta_TAN.mT, direction.output_TAH)
    deltas = [_through_relu(value, at.activations[-1])]
    for i in reversed(range(len(weights.hidden))):
        value = torch.bmm(deltas[-1], weights.hidden[i].mT).baddbmm_(at.deltas[i + 1], direction.hidden[i].mT)
        deltas.append(_through_relu(value, at.activations[i]))
    return Passes(activations, deltas[::-1], output_delta)


def weight_gradients_along(at: Passes, along: Passes) -> list[Tensor]:
    """Derivative of :meth:`Passes.weight_gradients` along the direction of ``along``."""
    gradients = [
        torch.bmm(along.activations[i].mT, at.deltas[i + 1]).baddbmm_(at.activations[i].mT, along.deltas[i + 1])
        for i in range(len(at.deltas) - 1)
    ]
    of_output = torch.bmm(along.output_delta_TAN, at.activations[-1]).baddbmm_(at.output_delta_TAN, along.activations[-1])
    return [*gradients, of_output]


def _through_relu(gradient: Tensor, activation: Tensor) -> Tensor:
    """The gradient where the activation is positive, else 0; in one operation, without a mask in between."""
    return torch.ops.aten.threshold_backward(gradient, activation, 0)
