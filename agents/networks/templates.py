"""A network whose weights and biases are mixed from templates, the core of every hypernetwork here.

Axes of tensor names: T tasks, N samples, R active rows, C templates, L layers, H width, A outputs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from compworld.agents.examples import Problem
from compworld.agents.networks.first_layer import GeneratedInput, MixedInput, ProjectedInput
from compworld.agents.networks.initialisers import check_sizes, truncated_normal
from compworld.agents.networks.inputs import input_layer

GENERATED_ROWS_PER_SAMPLE = 8
"""Of a table, about as many rows are generated in the time in which one sample's projections are read (measured on CPUs)."""


@dataclass(frozen=True)
class Encoding:
    """A set of observations for a template network, and its scaled template banks."""

    first: MixedInput
    banks: tuple[Tensor, ...]
    """Of the layers behind the first, see :meth:`TemplateNetwork.banks`."""

    def __len__(self) -> int:
        """Number of tasks."""
        return self.first.tasks


class TemplateNetwork(nn.Module):
    """ReLU network; weights and bias of layer l are ``sum over c of coefficient[l, c] * template[l, c]``.

    Generated weights are divided by the square root of the fan-in, generated biases are not. All layers between the first and
    the last share one bank of templates (each has its own coefficients).

    Args:
        problem: gives inputs and outputs.
        width: H.
        hidden_layers: number of hidden layers.
        templates: C.
        hidden_biases: whether those of hidden layers are generated, too; if not, they are 0.
    """

    def __init__(self, problem: Problem, width: int, hidden_layers: int, templates: int, hidden_biases: bool) -> None:
        super().__init__()
        check_sizes(width=width, hidden_layers=hidden_layers, templates=templates)
        self.problem, self.width, self.templates = problem, width, templates
        self.layers = hidden_layers + 1
        deviation, shared = 1 / math.sqrt(templates), min(1, hidden_layers - 1)
        self.input_layer = input_layer(problem, constant=True)
        self.input = truncated_normal(problem.inputs, templates * width, deviation=deviation)
        self.hidden = nn.ParameterList(truncated_normal(templates, width * width, deviation=deviation) for _ in range(shared))
        self.output = truncated_normal(templates, width * problem.outputs, deviation=deviation)
        generated = 1 + shared if hidden_biases else 0
        self.hidden_biases = nn.ParameterList(truncated_normal(templates, width, deviation=deviation) for _ in range(generated))
        self.output_bias = truncated_normal(templates, problem.outputs, deviation=deviation)

    @property
    def bank_of_layer(self) -> tuple[int, ...]:
        """Number of the bank that each layer is mixed from."""
        return (0, *[1] * (self.layers - 2), len(self.hidden) + 1)

    @property
    def biases(self) -> list[Tensor]:
        """Templates of biases of every bank, [C, H] or [C, A]."""
        none = self.output_bias.new_zeros(self.templates, self.width)
        return [*(self.hidden_biases or [none] * (len(self.hidden) + 1)), self.output_bias]

    def encode(self, inputs_TNR: Tensor) -> Encoding:
        """The first layer for these observations, the cheaper way."""
        tasks, samples, _ = inputs_TNR.shape
        table = self.table()
        first: MixedInput
        if samples * GENERATED_ROWS_PER_SAMPLE < len(table):
            split = self.input_layer(table, inputs_TNR).view(tasks, samples, self.templates, self.width)
            first = ProjectedInput(split.transpose(1, 2).reshape(tasks, self.templates, samples * self.width), self.width)
        else:
            first = GeneratedInput(self.by_template(table), self.input_layer.incidence(inputs_TNR), tasks, self.width)
        return Encoding(first, self.banks())

    def forward(self, mixtures: Sequence[Tensor], encoded: Encoding) -> Tensor:
        """Outputs [T, N, A] for coefficients [T, C] of every layer."""
        hidden, width = torch.relu(encoded.first.mix(mixtures[0])), self.width
        for mixture in mixtures[1:-1]:
            generated = mixture @ encoded.banks[0]
            weights_THH = generated[:, : width * width].view(-1, width, width)
            hidden = torch.relu(torch.baddbmm(generated[:, None, width * width :], hidden, weights_THH))
        generated, outputs = mixtures[-1] @ encoded.banks[-1], self.problem.outputs
        weights_TAH = generated[:, : outputs * width].view(-1, outputs, width)
        return torch.baddbmm(generated[:, outputs * width :, None], weights_TAH, hidden.mT).mT

    def table(self) -> Tensor:
        """The first layer's scaled templates as a table of rows, [V, C * H]."""
        return self.input_layer.table(torch.cat([self.input / math.sqrt(self.problem.inputs), self.biases[0].view(1, -1)]))

    def by_template(self, table: Tensor) -> Tensor:
        """A first layer's table [V, C * H] as [C, V * H]."""
        return table.view(-1, self.templates, self.width).transpose(0, 1).reshape(self.templates, -1)

    def banks(self) -> tuple[Tensor, ...]:
        """Scaled banks behind the first: that of hidden layers, [C, (H + 1) * H], if there are any, and [C, A * (H + 1)].

        Biases lie behind weights.
        """
        output = self.output.view(self.templates, self.width, -1).mT.reshape(self.templates, -1)
        weights = (*self.hidden, output)
        return tuple(torch.cat([w / math.sqrt(self.width), b], 1) for w, b in zip(weights, self.biases[1:], strict=True))
