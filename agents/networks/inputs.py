"""First layers: products of a family's observations with a weight matrix.

Axes of tensor names: T tasks, N samples, R active rows, D inputs, V rows that can be active, H width.
"""

import torch
from torch import Tensor, nn

from compworld.agents.examples import Problem
from compworld.agents.networks.incidence import DenseIncidence, Incidence, gather


class SparseInput(nn.Module):
    """Sparse observations: gather the active rows and add them up.

    Args:
        problem: gives the rows.
        constant: see :func:`input_layer`.
    """

    def __init__(self, problem: Problem, constant: bool) -> None:
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
        """The possible rows of the weight matrix, behind them one for each maze's walls and one of zeros, [V, H].

        The row of a constant input is added to those of mazes: every observation shows one.
        """
        wall_rows = self.get_buffer("wall_rows").to(weight_DH.dtype)
        inputs = wall_rows.shape[1]
        walls = wall_rows @ weight_DH[:inputs] + weight_DH[inputs:].sum(0)
        return torch.cat([weight_DH.index_select(0, self.get_buffer("inputs")), walls, torch.zeros_like(weight_DH[:1])])

    def sizes(self, like: Tensor) -> Tensor:
        """How many inputs each row of a table stands for: a maze's number of walls, 0 for nothing, else 1; [V]."""
        walls = self.get_buffer("wall_rows").to(like.dtype).sum(1)
        return torch.cat([like.new_ones(self.rows - len(walls) - 1), walls, like.new_zeros(1)])

    def incidence(self, inputs_TNR: Tensor) -> Incidence:
        """For tables of V rows, one for each task, behind each other."""
        inputs = self.compact(inputs_TNR)
        shift = torch.arange(len(inputs), device=inputs.device)[:, None, None] * self.rows
        return Incidence((inputs + shift).flatten(0, 1), len(inputs) * self.rows)

    def forward(self, table_VH: Tensor, inputs_TNR: Tensor) -> Tensor:
        """Sum of the active rows of each sample, [T, N, H]."""
        tasks, samples, _ = inputs_TNR.shape
        incidence = Incidence(self.compact(inputs_TNR).flatten(0, 1), len(table_VH))
        return gather(table_VH, incidence).view(tasks, samples, -1)


class DenseInput(nn.Module):
    """The same for dense observations, float [T, N, D]; V is D, or one more with a constant input."""

    def __init__(self, problem: Problem, constant: bool) -> None:
        super().__init__()
        self.constant, self.rows = constant, problem.inputs + constant

    def compact(self, inputs: Tensor) -> Tensor:
        """Observations [..., D], with the constant input behind them."""
        return torch.cat([inputs, torch.ones_like(inputs[..., :1])], -1) if self.constant else inputs

    def table(self, weight_DH: Tensor) -> Tensor:
        return weight_DH

    def sizes(self, like: Tensor) -> Tensor:
        return like.new_ones(self.rows)

    def incidence(self, inputs_TND: Tensor) -> DenseIncidence:
        return DenseIncidence(self.compact(inputs_TND))

    def forward(self, table_VH: Tensor, inputs_TND: Tensor) -> Tensor:
        return self.compact(inputs_TND) @ table_VH


def input_layer(problem: Problem, constant: bool = False) -> SparseInput | DenseInput:
    """The first layer's product for a family's observations.

    Args:
        problem: the family's observations.
        constant: whether the weight matrix has one more row, for an input that is always 1: biases.
    """
    return DenseInput(problem, constant) if problem.possible_rows is None else SparseInput(problem, constant)
