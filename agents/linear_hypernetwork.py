"""Linear hypernetwork: a task is a set of coefficients with which learned weight templates are mixed (ICLR 2024, section 2).

Axes of tensor names: T tasks, N samples, L layers, C templates, F fast parameters.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from agents.base import Examples, Fast, Learner, Problem
from agents.explicit import InnerProblem
from agents.networks import truncated_normal
from agents.templates import Encoding, MixtureKept, MixtureProblem, TemplateNetwork, rescaled

if TYPE_CHECKING:
    from agents.adaptation import InnerLoop


class LinearHypernetwork(Learner):
    """Adapts the template coefficients of each layer and one output bias; everything else is meta-learned.

    Args:
        problem: inputs, outputs and loss.
        width: units of each hidden layer.
        hidden_layers: number of hidden layers; those between the first and the output share one template bank.
        templates: number of templates per bank.
        normalised_start: adapt from coefficients of norm sqrt(templates), instead of from as large ones as were learned. The
            weights do not depend on the norm, but the inner learning rate counts relative to it, and in the paper's form it
            can shrink until the inner loop diverges.
    """

    def __init__(
        self,
        problem: Problem,
        width: int = 64,
        hidden_layers: int = 3,
        templates: int = 32,
        normalised_start: bool = False,
    ) -> None:
        super().__init__(problem)
        self.normalised_start = normalised_start
        self.network = TemplateNetwork(problem, width, hidden_layers, templates, shared=True)
        self.coefficients = truncated_normal(self.network.layers * templates, deviation=1.0)
        self.bias = torch.nn.Parameter(torch.zeros(problem.outputs))

    def encode(self, examples: Examples, support: Encoding | None = None) -> Encoding:
        return self.network.encode(examples.inputs, support)

    def initial_fast(self, support: Encoding) -> Fast:
        return {"coefficients_and_bias": self._start().expand(len(support), -1)}

    def predict(self, fast: Fast, encoded: Encoding) -> Tensor:
        flat, bias = self.split(fast["coefficients_and_bias"])
        return self.network(rescaled(flat)[0].unbind(1), bias, encoded)

    def readings(self, fast: Fast, encoded: Encoding) -> dict[str, Tensor]:
        coefficients, bias = self.split(fast["coefficients_and_bias"])
        by_layer = {f"coefficients of layer {number}": values for number, values in enumerate(coefficients.unbind(1), 1)}
        return {**by_layer, "output bias": bias}

    def inner_problem(self, encoded: Encoding, support: Examples) -> InnerProblem:
        return _CoefficientProblem(self, encoded, support)

    def compiled_query_loss(self, inner: "InnerLoop", support: Examples, query: Examples, weights_WTN: Tensor) -> Tensor:
        return self.network.compiled_query_loss(inner, self.loss, support, query, weights_WTN, self._start())

    def _start(self) -> Tensor:
        """Coefficients and bias from which every task adapts, [F]."""
        coefficients: Tensor = self.coefficients
        if self.normalised_start:
            by_layer = coefficients.view(self.network.layers, self.network.templates)
            # Differentiated through, unlike the scale within the inner loop: only directions get a gradient.
            coefficients = math.sqrt(self.network.templates) * torch.nn.functional.normalize(by_layer, dim=1).flatten()
        return torch.cat([coefficients, self.bias])

    def split(self, fast_TF: Tensor) -> tuple[Tensor, Tensor]:
        """Coefficients [T, L, C] and bias [T, A]."""
        size = self.network.layers * self.network.templates
        return fast_TF[:, :size].view(-1, self.network.layers, self.network.templates), fast_TF[:, size:]


@dataclass(frozen=True)
class _Kept:
    scale_TL1: Tensor
    mixture: MixtureKept


class _CoefficientProblem(InnerProblem):
    def __init__(self, learner: LinearHypernetwork, encoded: Encoding, support: Examples) -> None:
        self.split = learner.split
        self.mixture = MixtureProblem(learner.network, encoded, learner.loss, support.targets)
        self.slow = self.mixture.slow
        self.slow_adjoints = self.mixture.slow_adjoints  # type: ignore[method-assign]

    def gradient(self, fast: Tensor, weights_TN: Tensor) -> tuple[Tensor, _Kept]:
        coefficients, bias = self.split(fast)
        mixtures, scale = rescaled(coefficients)
        gradients, of_bias, kept = self.mixture.gradient(mixtures.unbind(1), bias, weights_TN)
        return self._joined(gradients, of_bias, scale), _Kept(scale, kept)

    def adjoint(self, kept: _Kept, direction: Tensor) -> Tensor:
        of_coefficients, of_bias = self.split(direction)
        directions = (of_coefficients * kept.scale_TL1).unbind(1)
        return self._joined(*self.mixture.adjoint(kept.mixture, directions, of_bias), kept.scale_TL1)

    def _joined(self, of_mixtures: list[Tensor], of_bias_TA: Tensor, scale_TL1: Tensor) -> Tensor:
        flat = torch.cat([*of_mixtures, of_bias_TA], 1)
        self.split(flat)[0].mul_(scale_TL1)
        return flat
