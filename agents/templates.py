"""A network whose weights are mixed from templates, the core of every hypernetwork here.

Axes of tensor names: T tasks, N samples, C templates, H width, A outputs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from agents.base import Problem
from agents.networks import SparseInput, perceptron, perceptron_gradients, truncated_normal
from agents.projection import Projection


@dataclass(frozen=True)
class Activity:
    """What :meth:`TemplateNetwork.forward` leaves for :meth:`TemplateNetwork.gradients`."""

    hidden: list[Tensor]
    weights: list[Tensor]


class TemplateNetwork(nn.Module):
    """ReLU network without hidden biases; the weights of layer l are ``sum over c of coefficient[l, c] * template[l, c]``.

    Generated weights are divided by the square root of the fan-in. The first layer is never generated: its pre-activations are
    linear in the coefficients too, so the inputs are projected on all templates once, by :meth:`encode`.

    Args:
        problem: gives inputs and outputs.
        width: H.
        hidden_layers: number of hidden layers.
        templates: C.
        shared: whether the hidden layers share one bank of templates (each has its own coefficients).
    """

    def __init__(self, problem: Problem, width: int, hidden_layers: int, templates: int, shared: bool) -> None:
        super().__init__()
        if min(width, hidden_layers, templates) < 1:
            raise ValueError(f"width {width}, hidden_layers {hidden_layers}, templates {templates}; allowed: at least 1 each")
        self.problem, self.width, self.templates = problem, width, templates
        self.layers = hidden_layers + 1
        deviation = 1 / math.sqrt(templates)
        self.sparse_input = SparseInput(problem)
        self.input = truncated_normal(problem.inputs, templates * width, deviation=deviation)
        self.hidden = nn.ParameterList(
            truncated_normal(templates, width * width, deviation=deviation)
            for _ in range(min(1, hidden_layers - 1) if shared else hidden_layers - 1)
        )
        self.output = truncated_normal(templates, width * problem.outputs, deviation=deviation)
        self.shared = shared

    def encode(self, inputs_TNR: Tensor) -> Projection:
        """Projection of the inputs on every template of the first layer: a matrix [C, N * H] per task."""
        tasks, samples, _ = inputs_TNR.shape
        projected = self.sparse_input(self.sparse_input.table(self.input / math.sqrt(self.problem.inputs)), inputs_TNR)
        split = projected.view(tasks, samples, self.templates, self.width)
        return Projection(split.transpose(1, 2).reshape(tasks, self.templates, samples * self.width))

    def forward(self, coefficients: Sequence[Tensor], bias_TA: Tensor, encoded: Projection) -> tuple[Tensor, Activity]:
        """Outputs [T, N, A] for coefficients [T, C] of each layer."""
        tasks = len(encoded)
        first = encoded.mix(coefficients[0]).view(tasks, -1, self.width)
        scale = 1 / math.sqrt(self.width)
        weights = [
            (coefficient @ bank * scale).view(tasks, self.width, -1)
            for coefficient, bank in zip(coefficients[1:], self._banks(), strict=True)
        ]
        hidden, outputs = perceptron(first, weights, [*[None] * (self.layers - 2), bias_TA])
        return outputs, Activity(hidden, weights)

    def gradients(self, encoded: Projection, activity: Activity, output_gradient: Tensor) -> tuple[list[Tensor], Tensor]:
        """Gradients with respect to each layer's coefficients [T, C] and the output bias [T, A]; differentiable."""
        of_weights, deltas = perceptron_gradients(activity.hidden, activity.weights, output_gradient)
        scale = 1 / math.sqrt(self.width)
        first = encoded.correlate(deltas[0].reshape(len(encoded), -1))
        later = [
            gradient.reshape(len(encoded), -1) @ bank.T * scale
            for gradient, bank in zip(of_weights, self._banks(), strict=True)
        ]
        return [first, *later], output_gradient.sum(1)

    def _banks(self) -> list[Tensor]:
        hidden = list(self.hidden) * (self.layers - 2) if self.shared else list(self.hidden)
        return [*hidden, self.output]


def rescaled(coefficients_TLC: Tensor) -> tuple[Tensor, Tensor]:
    """Coefficients scaled to norm sqrt(C), and the scale; the scale counts as a constant for every gradient."""
    templates = coefficients_TLC.shape[-1]
    scale = math.sqrt(templates) / coefficients_TLC.detach().norm(dim=-1, keepdim=True).clamp_min(1e-12)
    return coefficients_TLC * scale, scale
