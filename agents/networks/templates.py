"""A network whose weights are mixed from templates, the core of every hypernetwork here.

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
    """ReLU network without hidden biases; the weights of layer l are ``sum over c of coefficient[l, c] * template[l, c]``.

    Generated weights are divided by the square root of the fan-in.

    Args:
        problem: gives inputs and outputs.
        width: H.
        hidden_layers: number of hidden layers.
        templates: C.
        shared: whether the hidden layers share one bank of templates (each has its own coefficients).
    """

    def __init__(self, problem: Problem, width: int, hidden_layers: int, templates: int, shared: bool) -> None:
        super().__init__()
        check_sizes(width=width, hidden_layers=hidden_layers, templates=templates)
        self.problem, self.width, self.templates = problem, width, templates
        self.layers = hidden_layers + 1
        deviation = 1 / math.sqrt(templates)
        self.input_layer = input_layer(problem)
        self.input = truncated_normal(problem.inputs, templates * width, deviation=deviation)
        self.hidden = nn.ParameterList(
            truncated_normal(templates, width * width, deviation=deviation)
            for _ in range(min(1, hidden_layers - 1) if shared else hidden_layers - 1)
        )
        self.output = truncated_normal(templates, width * problem.outputs, deviation=deviation)
        self.shared = shared

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

    def forward(self, mixtures: Sequence[Tensor], bias_TA: Tensor, encoded: Encoding) -> Tensor:
        """Outputs [T, N, A] for coefficients [T, C] of every layer."""
        hidden = torch.relu(encoded.first.mix(mixtures[0]))
        shared = [encoded.banks[0]] * (self.layers - 2) if self.shared else encoded.banks[:-1]
        for mixture, bank in zip(mixtures[1:-1], shared, strict=True):
            hidden = torch.relu(torch.bmm(hidden, (mixture @ bank).view(len(mixture), self.width, self.width)))
        output_TAH = (mixtures[-1] @ encoded.banks[-1]).view(len(bias_TA), -1, self.width)
        return torch.baddbmm(bias_TA[..., None], output_TAH, hidden.mT).mT

    def table(self) -> Tensor:
        """The first layer's scaled templates as a table of rows, [V, C * H]."""
        return self.input_layer.table(self.input / math.sqrt(self.problem.inputs))

    def by_template(self, table: Tensor) -> Tensor:
        """A first layer's table [V, C * H] as [C, V * H]."""
        return table.view(-1, self.templates, self.width).transpose(0, 1).reshape(self.templates, -1)

    def banks(self) -> tuple[Tensor, ...]:
        """Scaled banks of the layers behind the first, [C, H * H'] each and [C, A * H] for the outputs; a shared one once."""
        scale = 1 / math.sqrt(self.width)
        output = self.output.view(self.templates, self.width, -1).mT.reshape(self.templates, -1)
        return tuple(bank * scale for bank in (*self.hidden, output))


def rescaled(coefficients_TLC: Tensor) -> Tensor:
    """Coefficients scaled to norm sqrt(C); the scale counts as a constant for every gradient."""
    templates = coefficients_TLC.shape[-1]
    return coefficients_TLC * (math.sqrt(templates) / coefficients_TLC.detach().norm(dim=-1, keepdim=True).clamp_min(1e-12))
