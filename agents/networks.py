"""Pieces of networks: sparse input layers, networks shared by all tasks, initialisers.

Axes of tensor names: T tasks, N samples, R active rows, D inputs, V rows that can
be active, A outputs, H width.
"""

import math

import torch
from torch import Tensor, nn

from agents.base import Problem
from agents.first_layer import DenseIncidence, Incidence, gather


def truncated_normal(*shape: int, deviation: float) -> nn.Parameter:
    """Normal entries of the given standard deviation, cut off at two of them (without correcting for the cut)."""
    return nn.Parameter(nn.init.trunc_normal_(torch.empty(*shape), std=deviation, a=-2 * deviation, b=2 * deviation))


def lecun_normal(fan_in: int, *shape: int) -> nn.Parameter:
    """Truncated normal entries of variance 1 / fan_in (LeCun et al. 1998); 0.8796 is the deviation that the cut leaves of 1."""
    return truncated_normal(*shape, deviation=1 / math.sqrt(fan_in) / 0.87962566103423978)


def check_sizes(**sizes: int) -> None:
    """Raise ValueError for a size below 1."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} {size} of a network; allowed: at least 1")


class SparseInput(nn.Module):
    """Product of sparse observations with a weight matrix: gather the active rows and add them up."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        assert problem.wall_rows is not None
        assert problem.possible_rows is not None
        rows = problem.inputs + len(problem.wall_rows) + 1
        self.rows = len(problem.possible_rows)
        place = torch.full((rows,), -1)
        place[problem.possible_rows] = torch.arange(len(problem.possible_rows))
        self.register_buffer("wall_rows", problem.wall_rows, persistent=False)
        self.register_buffer("place", place, persistent=False)
        self.register_buffer("inputs", problem.possible_rows[problem.possible_rows < problem.inputs], persistent=False)

    def compact(self, inputs_TNR: Tensor) -> Tensor:
        """Numbers of active rows among the possible ones."""
        return self.get_buffer("place")[inputs_TNR]

    def table(self, weight_DH: Tensor) -> Tensor:
        """The possible rows of the weight matrix, behind them one for each maze's walls and one of zeros, [V, H]."""
        walls = self.get_buffer("wall_rows").to(weight_DH.dtype) @ weight_DH
        return torch.cat([weight_DH.index_select(0, self.get_buffer("inputs")), walls, torch.zeros_like(weight_DH[:1])])

    def incidence(self, inputs_TNR: Tensor, rows: int) -> Incidence:
        """For tables of ``rows`` rows, one for each task."""
        inputs = self.compact(inputs_TNR)
        shift = torch.arange(len(inputs), device=inputs.device)[:, None, None] * rows
        return Incidence((inputs + shift).flatten(0, 1), len(inputs) * rows)

    def forward(self, table_VH: Tensor, inputs_TNR: Tensor) -> Tensor:
        """Sum of the active rows of each sample, [T, N, H]."""
        tasks, samples, _ = inputs_TNR.shape
        incidence = Incidence(self.compact(inputs_TNR).flatten(0, 1), len(table_VH))
        return gather(table_VH, incidence).view(tasks, samples, -1)


class DenseInput(nn.Module):
    """The same for dense observations, float [T, N, D]."""

    def compact(self, inputs_TND: Tensor) -> Tensor:
        return inputs_TND

    def table(self, weight_DH: Tensor) -> Tensor:
        return weight_DH

    def incidence(self, inputs_TND: Tensor, rows: int) -> DenseIncidence:
        return DenseIncidence(inputs_TND)

    def forward(self, table_DH: Tensor, inputs_TND: Tensor) -> Tensor:
        return inputs_TND @ table_DH


def input_layer(problem: Problem) -> SparseInput | DenseInput:
    """The first layer's product for a family's observations."""
    return DenseInput() if problem.possible_rows is None else SparseInput(problem)


class SharedNetwork(nn.Module):
    """A ReLU network with one set of weights for all tasks.

    Args:
        problem: gives the inputs.
        width: of every layer, the last one included.
        hidden_layers: number of layers, each followed by ReLU.
    """

    def __init__(self, problem: Problem, width: int, hidden_layers: int) -> None:
        super().__init__()
        check_sizes(width=width, hidden_layers=hidden_layers)
        self.input_layer = input_layer(problem)
        self.first = lecun_normal(problem.inputs, problem.inputs, width)
        self.weights = nn.ParameterList(lecun_normal(width, width, width) for _ in range(hidden_layers - 1))
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(width)) for _ in range(hidden_layers))

    def forward(self, inputs_TNR: Tensor) -> Tensor:
        """Activations of the last hidden layer, [T, N, H]."""
        hidden = torch.relu_(self.input_layer(self.input_layer.table(self.first), inputs_TNR) + self.biases[0])
        for weight, bias in zip(self.weights, list(self.biases)[1:], strict=True):
            hidden = torch.relu_(nn.functional.linear(hidden, weight.mT, bias))
        return hidden
