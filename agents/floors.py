"""Floors: what anyone can score without knowing the task. Axes of tensor names: T tasks, N samples, A outputs."""

from typing import ClassVar

import torch
from torch import Tensor

from compworld.agents.evidence import Evidence, Nothing
from compworld.agents.examples import Problem
from compworld.agents.learner import Adapted, Learner
from compworld.agents.networks.initialisers import lecun_normal
from compworld.agents.networks.shared import SharedNetwork


class NoAdaptation(Learner):
    """One network for all tasks, trained on the same stream; it is shown nothing of a task.

    Args:
        problem: inputs, outputs and loss.
        width: units of each hidden layer.
        hidden_layers: number of hidden layers.
    """

    evidence: ClassVar[type[Evidence]] = Nothing

    def __init__(self, problem: Problem, width: int = 512, hidden_layers: int = 4) -> None:
        super().__init__(problem)
        self.body = SharedNetwork(problem, width, hidden_layers)
        self.head = lecun_normal(width, width, problem.outputs)

    def adapt(self, evidence: Nothing, generator: torch.Generator | None = None) -> "SameForAll":
        return SameForAll(self)

    def forward(self, inputs: Tensor) -> Tensor:
        """Outputs [T, N, A]."""
        return self.body(inputs) @ self.head


class UniformRandom(Learner):
    """Uniformly random actions, whatever the task."""

    evidence: ClassVar[type[Evidence]] = Nothing

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.generator = torch.Generator().manual_seed(0)

    def adapt(self, evidence: Nothing, generator: torch.Generator | None = None) -> "SameForAll":
        return SameForAll(self)

    def forward(self, inputs: Tensor) -> Tensor:
        """Random outputs [T, N, A]."""
        return torch.rand(*inputs.shape[:2], self.problem.outputs, generator=self.generator).to(inputs.device)


class SameForAll(Adapted):
    """A learner that treats all tasks alike.

    Args:
        learner: called with observations.
    """

    def __init__(self, learner: Learner) -> None:
        self.learner = learner

    def predict(self, inputs: Tensor) -> Tensor:
        return self.learner(inputs)

    def __getitem__(self, tasks: slice) -> "SameForAll":
        return self
