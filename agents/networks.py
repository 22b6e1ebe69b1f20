"""Pieces of networks: sparse input layers, ReLU perceptrons with their gradient written out, initialisers.

Axes of tensor names: T tasks, N samples, R active rows, D inputs, A outputs, H width.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from agents.base import Problem


def truncated_normal(*shape: int, deviation: float) -> nn.Parameter:
    """Normal entries of the given standard deviation, cut off at two of them (without correcting for the cut)."""
    return nn.Parameter(nn.init.trunc_normal_(torch.empty(*shape), std=deviation, a=-2 * deviation, b=2 * deviation))


def lecun_normal(fan_in: int, *shape: int) -> nn.Parameter:
    """Truncated normal entries of variance 1 / fan_in (LeCun et al. 1998); 0.8796 is the deviation that the cut leaves of 1."""
    return truncated_normal(*shape, deviation=1 / math.sqrt(fan_in) / 0.87962566103423978)


class SparseInput(nn.Module):
    """Product of sparse observations with a weight matrix: gather the active rows and add them up."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.register_buffer("wall_rows", problem.wall_rows, persistent=False)

    def table(self, weight_DH: Tensor) -> Tensor:
        """The weight matrix with a row for each maze's walls and one of zeros behind it, [D + mazes + 1, H]."""
        walls = self.get_buffer("wall_rows").to(weight_DH.dtype) @ weight_DH
        return torch.cat([weight_DH, walls, torch.zeros_like(weight_DH[:1])])

    def forward(self, table: Tensor, inputs_TNR: Tensor) -> Tensor:
        """Sum of the active rows of each sample, [T, N, H]."""
        tasks, samples, rows = inputs_TNR.shape
        return functional.embedding_bag(inputs_TNR.reshape(-1, rows), table, mode="sum").view(tasks, samples, -1)


def perceptron(first_TNH: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor | None]) -> tuple[list[Tensor], Tensor]:
    """ReLU network from its first pre-activation on, with a network of its own for each task.

    Args:
        first_TNH: pre-activation of the first layer.
        weights: of each later layer, [T, H, H'].
        biases: of each later layer, [T, H'] or None.

    Returns:
        The hidden activations of every layer, and the outputs [T, N, A].
    """
    hidden, value = [], first_TNH
    for weight, bias in zip(weights, biases, strict=True):
        hidden.append(torch.relu(value))
        value = torch.bmm(hidden[-1], weight)
        if bias is not None:
            value = value + bias[:, None]
    return hidden, value


def perceptron_gradients(
    hidden: Sequence[Tensor], weights: Sequence[Tensor], output_gradient_TNA: Tensor
) -> tuple[list[Tensor], list[Tensor]]:
    """Backward pass of :func:`perceptron` as ordinary differentiable code.

    Returns:
        Gradient of each layer's weights [T, H, H'], and of each pre-activation (the first one's first, the outputs' last).
    """
    deltas = [output_gradient_TNA]
    gradients = []
    for activation, weight in zip(reversed(hidden), reversed(weights), strict=True):
        gradients.append(torch.bmm(activation.transpose(1, 2), deltas[-1]))
        # The second derivative of ReLU is 0 almost everywhere, so the mask is a constant.
        mask = (activation > 0).to(activation.dtype)
        deltas.append(torch.bmm(deltas[-1], weight.transpose(1, 2)) * mask)
    return gradients[::-1], deltas[::-1]


class SharedNetwork(nn.Module):
    """A ReLU network with one set of weights for all tasks.

    Args:
        problem: gives the inputs.
        width: of every layer, the last one included.
        hidden_layers: number of layers, each followed by ReLU.
    """

    def __init__(self, problem: Problem, width: int, hidden_layers: int) -> None:
        super().__init__()
        self.sparse_input = SparseInput(problem)
        self.first = lecun_normal(problem.inputs, problem.inputs, width)
        self.weights = nn.ParameterList(lecun_normal(width, width, width) for _ in range(hidden_layers - 1))
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(width)) for _ in range(hidden_layers))

    def forward(self, inputs_TNR: Tensor) -> Tensor:
        """Activations of the last hidden layer, [T, N, H]."""
        hidden = torch.relu(self.sparse_input(self.sparse_input.table(self.first), inputs_TNR) + self.biases[0])
        for weight, bias in zip(self.weights, list(self.biases)[1:], strict=True):
            hidden = torch.relu(hidden @ weight + bias)
        return hidden
