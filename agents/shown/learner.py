"""What any learner that reads demonstrations in context is asked. Axes of tensor names: T tasks, N samples, A outputs."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from compworld.agents.evidence import Demonstrations, Evidence
from compworld.agents.examples import Examples
from compworld.agents.learner import Adapted, Learner

Known = dict[str, Tensor]
"""What was read of T tasks; every tensor begins with their axis."""


class InContextLearner(Learner, ABC):
    """A network that reads the demonstrations of a task, and one that answers by what was read.

    Of a demonstration it reads what the gradient-based learners adapt to: observations and labels.
    """

    evidence: ClassVar[type[Evidence]] = Demonstrations

    @abstractmethod
    def read(self, shown: Examples) -> Known:
        """What is known of each task once its demonstrations were read."""

    @abstractmethod
    def forward(self, known: Known, inputs: Tensor) -> Tensor:
        """Outputs [T, N, A] for observations of each task, as in :attr:`Examples.inputs`."""

    @abstractmethod
    def readings(self, known: Known, inputs: Tensor) -> dict[str, Tensor]:
        """What of it tells the task, see :meth:`Adapted.readings`."""

    def adapt(self, evidence: Demonstrations, generator: torch.Generator | None = None) -> "Informed":
        return Informed(self, self.read(evidence.examples))


class Informed(Adapted):
    """A learner with what it has read of each task.

    Args:
        learner: the learner.
        known: what it has read.
    """

    def __init__(self, learner: InContextLearner, known: Known) -> None:
        self.learner, self.known = learner, known

    def predict(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.learner(self.known, inputs)
        return outputs

    def readings(self, inputs: Tensor) -> dict[str, Tensor]:
        return self.learner.readings(self.known, inputs)

    def __getitem__(self, tasks: slice) -> "Informed":
        return Informed(self.learner, {name: value[tasks] for name, value in self.known.items()})
