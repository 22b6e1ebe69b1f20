"""A hypernetwork that is told the task. Axes of tensor names: T tasks, N samples, M modules, L layers, C templates."""

from typing import ClassVar

import torch
from torch import Tensor

from compworld.agents.evidence import Code, Evidence
from compworld.agents.examples import Problem
from compworld.agents.learner import Adapted, Learner
from compworld.agents.networks.coefficients import rescaled
from compworld.agents.networks.initialisers import lecun_normal
from compworld.agents.networks.templates import TemplateNetwork


class ToldHypernetwork(Learner):
    """Linear hypernetwork whose coefficients are a learned linear map of the task's code; nothing adapts.

    Args:
        problem: inputs, outputs and loss.
        width: units of each hidden layer.
        hidden_layers: number of hidden layers.
        templates: number of templates per bank.
    """

    evidence: ClassVar[type[Evidence]] = Code

    def __init__(self, problem: Problem, width: int = 64, hidden_layers: int = 3, templates: int = 32) -> None:
        super().__init__(problem)
        self.network = TemplateNetwork(problem, width, hidden_layers, templates, hidden_biases=False)
        self.mixing = lecun_normal(problem.modules, problem.modules, self.network.layers * templates)
        self.bias = lecun_normal(problem.modules, problem.modules, problem.outputs)

    def adapt(self, evidence: Code, generator: torch.Generator | None = None) -> "Told":
        return Told(self, evidence.weights_TM)

    def forward(self, codes_TM: Tensor, inputs: Tensor) -> Tensor:
        """Outputs [T, N, A] of the network that each code makes."""
        coefficients = rescaled((codes_TM @ self.mixing).view(-1, self.network.layers, self.network.templates))
        return self.network(coefficients.unbind(1), self.network.encode(inputs)) + (codes_TM @ self.bias)[:, None]


class Told(Adapted):
    """A learner with the code of each task.

    Args:
        learner: called with codes and observations.
        codes_TM: weight of each module.
    """

    def __init__(self, learner: Learner, codes_TM: Tensor) -> None:
        self.learner, self.codes = learner, codes_TM

    def predict(self, inputs: Tensor) -> Tensor:
        return self.learner(self.codes, inputs)

    def __getitem__(self, tasks: slice) -> "Told":
        return Told(self.learner, self.codes[tasks])
