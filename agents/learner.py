"""What any method is asked: to adapt to what it is shown, and for its loss on a meta-batch.

Axes of tensor names: T tasks, N samples, R active rows, A outputs.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from compworld.agents.evidence import Evidence
from compworld.agents.examples import Examples, Problem
from compworld.agents.losses import LOSSES, Loss
from compworld.families import Family


class Adapted(ABC):
    """A learner that has come to know T tasks."""

    @abstractmethod
    def predict(self, inputs: Tensor) -> Tensor:
        """Outputs [T, N, A] for observations of each task, as in :attr:`Examples.inputs`; differentiable."""

    @torch.no_grad()
    def act(self, inputs: Tensor) -> Tensor:
        """The greedy action for each observation, int64 [T, N]; the first one of equals."""
        return self.predict(inputs).argmax(-1)

    def readings(self, inputs: Tensor) -> dict[str, Tensor]:
        """What of the adapted learner tells the task, by layer, each [T, ...]; empty if nothing does.

        Modules are decoded from it, so every entry must mean the same for all tasks.

        Args:
            inputs: a few observations, the same for all tasks, for methods that are read by their activations.
        """
        return {}

    @abstractmethod
    def __getitem__(self, tasks: slice) -> Self:
        """The same for some of the tasks: a policy for each task is ``adapted[task : task + 1]``."""


class Method(nn.Module):
    """What all methods have in common. A method's parameters as a module are what is meta-learned.

    Args:
        problem: the family's inputs, outputs and loss.

    Attributes:
        evidence: the kind of evidence that the method comes to know a task by; it is handed no other.
        loss: the problem's loss.
    """

    evidence: ClassVar[type[Evidence]]

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.problem = problem
        self.loss: Loss = LOSSES[problem.loss]

    @classmethod
    def covers(cls, family: Family) -> bool:
        """Whether it can be on a family; by default on all of its track's."""
        return True

    @property
    def trainable(self) -> bool:
        """Whether there is anything to meta-learn."""
        return any(True for _ in self.parameters())


class Learner(Method, ABC):
    """A method that adapts to evidence which is there before it is asked."""

    @abstractmethod
    def adapt(self, evidence: Any, generator: torch.Generator | None = None) -> Adapted:
        """Come to know tasks; differentiable with respect to the learner's parameters where gradients are enabled.

        Args:
            evidence: of the declared kind.
            generator: source of whatever is random about adapting.
        """

    def draw(self, evidence: Any, generator: torch.Generator | None) -> Any:
        """The evidence with all random choices of adapting to it made, so that a meta-batch may then be split into parts."""
        return evidence

    def meta_loss(self, evidence: Any, query: Examples) -> Tensor:
        """Loss of each task [T] that meta-training lowers: by default, of adapted predictions of the query set."""
        return self.loss(self.adapt(evidence).predict(query.inputs), query.targets, query.weights)
