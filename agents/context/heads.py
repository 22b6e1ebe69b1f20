"""Policies of a scene, given a context.

Axes of tensor names: S steps, R active rows, H width, L layers, C templates, A actions.
"""

import math

import torch
from torch import Tensor, nn

from compworld.agents.examples import Problem
from compworld.agents.networks.initialisers import check_sizes, truncated_normal

DEVIATION = 0.1
"""Of the first weights of rows. Smaller than would keep the scale of what goes in: what is random in rows that are seldom seen
takes long to be unlearned (decision 16)."""


class Rows(nn.EmbeddingBag):
    """A linear map of a scene: the sum of the weight rows of what is there, [S, R] to [S, width].

    Args:
        problem: gives the rows; the last one stands for nothing.
        width: of the result.
    """

    def __init__(self, problem: Problem, width: int) -> None:
        super().__init__(problem.inputs + 1, width, mode="sum", padding_idx=problem.inputs)
        with torch.no_grad():
            self.weight[:-1] = truncated_normal(problem.inputs, width, deviation=DEVIATION)


class PlainHead(nn.Module):
    """One network for all: scene and context together go through two hidden layers.

    Args:
        problem: gives rows and actions.
        context: length of the context.
        width: of the hidden layers.
        outputs: number of outputs.
    """

    def __init__(self, problem: Problem, context: int, width: int, outputs: int) -> None:
        super().__init__()
        check_sizes(width=width)
        self.rows = Rows(problem, width)
        self.context = nn.Linear(context, width)
        self.hidden = nn.Linear(width, width)
        self.output = nn.Linear(width, outputs)

    def forward(self, context_SH: Tensor, rows_SR: Tensor) -> Tensor:
        """Outputs [S, A]."""
        hidden = torch.relu(self.rows(rows_SR) + self.context(context_SH))
        return self.output(torch.relu(self.hidden(hidden)))


class MixedHead(nn.Module):
    """A network of the scene whose weights are mixed from templates; the context gives the coefficients.

    As in Beck et al. (arXiv 2309.14970) the last layer of the hypernetwork starts with zero weights, and with biases that make
    a network of the usual initial size, the same for all contexts.

    Args:
        problem: gives rows and actions.
        context: length of the context.
        width: of the two hidden layers.
        outputs: number of outputs.
        templates: C.
    """

    def __init__(self, problem: Problem, context: int, width: int, outputs: int, templates: int) -> None:
        super().__init__()
        check_sizes(width=width, templates=templates)
        self.templates, self.layers = templates, 3
        self.mixing = nn.Linear(context, self.layers * templates + outputs)
        self.rows = Rows(problem, templates * width)
        self.hidden = truncated_normal(width, templates * width, deviation=1 / math.sqrt(width))
        self.output = truncated_normal(width, templates * outputs, deviation=1 / math.sqrt(width))
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(width)) for _ in range(2))
        with torch.no_grad():
            self.mixing.weight.zero_()
            self.mixing.bias.zero_()
            start = torch.randn(self.layers, templates)
            self.mixing.bias[: start.numel()] = (start / start.norm(dim=1, keepdim=True)).flatten()

    def forward(self, context_SH: Tensor, rows_SR: Tensor) -> Tensor:
        """Outputs [S, A]."""
        mixing = self.mixing(context_SH)
        number = self.layers * self.templates
        first, second, third = mixing[:, :number].view(-1, self.layers, 1, self.templates).unbind(1)
        hidden = torch.relu(self._mixed(self.rows(rows_SR), first) + self.biases[0])
        hidden = torch.relu(self._mixed(hidden @ self.hidden, second) + self.biases[1])
        return self._mixed(hidden @ self.output, third) + mixing[:, number:]

    def _mixed(self, parts: Tensor, coefficients_S1C: Tensor) -> Tensor:
        """The templates' results [S, C * H] added up."""
        return torch.bmm(coefficients_S1C, parts.view(len(parts), self.templates, -1))[:, 0]
