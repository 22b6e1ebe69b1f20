"""Linear hypernetwork: a task is a set of coefficients with which learned weight templates are mixed (ICLR 2024, section 2)."""

import torch
from torch import Tensor

from agents.base import Examples, Fast, Learner, Problem
from agents.networks import truncated_normal
from agents.projection import Projection
from agents.templates import TemplateNetwork, rescaled


class LinearHypernetwork(Learner):
    """Adapts the template coefficients of each layer and one output bias; everything else is meta-learned.

    Args:
        problem: inputs, outputs and loss.
        width: units of each hidden layer.
        hidden_layers: number of hidden layers; those between the first and the output share one template bank.
        templates: number of templates per bank.
    """

    def __init__(self, problem: Problem, width: int = 64, hidden_layers: int = 3, templates: int = 32) -> None:
        super().__init__(problem)
        self.network = TemplateNetwork(problem, width, hidden_layers, templates, shared=True)
        self.coefficients = truncated_normal(self.network.layers * templates, deviation=1.0)
        self.bias = torch.nn.Parameter(torch.zeros(problem.outputs))

    def encode(self, examples: Examples, support: Projection | None = None) -> Projection:
        return self.network.encode(examples.inputs)

    def initial_fast(self, support: Projection) -> Fast:
        # One tensor for coefficients and bias: the inner optimiser then has one update to compute.
        return {"coefficients_and_bias": torch.cat([self.coefficients, self.bias]).expand(len(support), -1)}

    def predict(self, fast: Fast, encoded: Projection) -> Tensor:
        coefficients, bias, _ = self._split(fast)
        return self.network(coefficients, bias, encoded)[0]

    def gradient(self, fast: Fast, encoded: Projection, examples: Examples, create_graph: bool) -> Fast:
        coefficients, bias, scale = self._split(fast)
        outputs, activity = self.network(coefficients, bias, encoded)
        delta = self.loss.gradient(outputs, examples.targets, examples.weights)
        of_coefficients, of_bias = self.network.gradients(encoded, activity, delta)
        scaled = torch.stack(of_coefficients, 1) * scale
        return {"coefficients_and_bias": torch.cat([scaled.flatten(1), of_bias], 1)}

    def _split(self, fast: Fast) -> tuple[tuple[Tensor, ...], Tensor, Tensor]:
        layers, templates = self.network.layers, self.network.templates
        flat, bias = torch.split(fast["coefficients_and_bias"], [layers * templates, self.problem.outputs], 1)
        coefficients, scale = rescaled(flat.view(-1, layers, templates))
        return coefficients.unbind(1), bias, scale
