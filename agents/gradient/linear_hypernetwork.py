"""Linear hypernetwork: a task is a set of coefficients with which learned weight templates are mixed (ICLR 2024, section 2).

Axes of tensor names: T tasks, N samples, L layers, C templates, A outputs.
"""

import math

import torch
from torch import Tensor

from compworld.agents.examples import Problem
from compworld.agents.gradient.learner import GradientLearner
from compworld.agents.gradient.loop import Fast, InnerLoop
from compworld.agents.networks.coefficients import by_layer, rescaled, starting_coefficients
from compworld.agents.networks.templates import Encoding, TemplateNetwork


class LinearHypernetwork(GradientLearner):
    """Adapts the template coefficients of each layer and one output bias that starts at 0; everything else is meta-learned.

    Args:
        problem: inputs, outputs and loss.
        inner: how it adapts.
        width: units of each hidden layer.
        hidden_layers: number of hidden layers; those between the first and the output share one template bank.
        templates: number of templates per bank.
        normalised_start: adapt from coefficients of norm sqrt(templates), instead of from as large ones as were learned. The
            weights do not depend on the norm, but the inner learning rate counts relative to it, and in the paper's form it
            can shrink until the inner loop diverges.
        hidden_biases: whether the biases of hidden layers are generated as their weights are (the paper's form); if not, they
            are 0, which learns faster where observations are sparse.
    """

    def __init__(
        self,
        problem: Problem,
        inner: InnerLoop,
        width: int = 64,
        hidden_layers: int = 3,
        templates: int = 32,
        normalised_start: bool = False,
        hidden_biases: bool = True,
    ) -> None:
        super().__init__(problem, inner)
        self.normalised_start = normalised_start
        self.network = TemplateNetwork(problem, width, hidden_layers, templates, hidden_biases)
        self.coefficients = starting_coefficients(self.network, templates)

    def encode(self, inputs: Tensor) -> Encoding:
        return self.network.encode(inputs)

    def initial_coefficients(self) -> Tensor:
        """Coefficients from which every task adapts, [L, C]."""
        if not self.normalised_start:
            return self.coefficients
        # Differentiated through, unlike the scale within the inner loop: only directions get a gradient.
        return math.sqrt(self.network.templates) * torch.nn.functional.normalize(self.coefficients, dim=1)

    def initial_fast(self, support: Encoding) -> Fast:
        start = self.initial_coefficients()
        return {"coefficients": start.expand(len(support), -1, -1), "bias": start.new_zeros(len(support), self.problem.outputs)}

    def predict(self, fast: Fast, encoded: Encoding) -> Tensor:
        return self.network(rescaled(fast["coefficients"]).unbind(1), encoded) + fast["bias"][:, None]

    def readings(self, fast: Fast, encoded: Encoding) -> dict[str, Tensor]:
        return {**by_layer(fast["coefficients"]), "output bias": fast["bias"]}
