"""Gradient-based learners: which parameters are fast, and how they predict.

Axes of tensor names: T tasks, N samples, A outputs.
"""

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor

from compworld.agents.evidence import Demonstrations, Evidence
from compworld.agents.examples import Examples, Problem
from compworld.agents.gradient.loop import Fast, InnerLoop, descend, gradient_of, of_step, with_minibatches
from compworld.agents.learner import Adapted, Learner


class GradientLearner(Learner):
    """Adapts fast parameters to demonstrations by gradient steps on its loss.

    A method of your own implements :meth:`initial_fast` and :meth:`predict`, and, where something does not depend on the fast
    parameters, :meth:`encode`, which is called once for each set of observations. That is enough: autograd does the rest.

    Args:
        problem: the family's inputs, outputs and loss.
        inner: how it adapts.
    """

    evidence: ClassVar[type[Evidence]] = Demonstrations

    def __init__(self, problem: Problem, inner: InnerLoop) -> None:
        super().__init__(problem)
        self.inner = inner

    def encode(self, inputs: Tensor) -> Any:
        """What predictions need to know about observations, as in :attr:`Examples.inputs`."""
        return inputs

    @abstractmethod
    def initial_fast(self, support: Any) -> Fast:
        """Fast parameters before adaptation, given the support set's encoding."""

    @abstractmethod
    def predict(self, fast: Fast, encoded: Any) -> Tensor:
        """Outputs [T, N, A] of each task's adapted network."""

    def readings(self, fast: Fast, encoded: Any) -> dict[str, Tensor]:
        """What of each task's adapted network tells the task, see :meth:`Adapted.readings`; by default the fast parameters."""
        return fast

    def gradient(self, fast: Fast, encoded: Any, examples: Examples, create_graph: bool) -> Fast:
        """Gradient of each task's loss with respect to its fast parameters, itself differentiable if ``create_graph``."""

        def loss(fast: Fast) -> Tensor:
            return self.loss(self.predict(fast, encoded), examples.targets, examples.weights)

        return gradient_of(loss, fast, create_graph)

    def draw(self, evidence: Demonstrations, generator: torch.Generator | None) -> Demonstrations:
        return Demonstrations(with_minibatches(self.inner, evidence.examples, generator))

    def adapt(self, evidence: Demonstrations, generator: torch.Generator | None = None) -> "AdaptedNetwork":
        support = self.draw(evidence, generator).examples
        encoded, create_graph = self.encode(support.inputs), torch.is_grad_enabled() and self.inner.second_order

        def gradient(fast: Fast, number: int) -> Fast:
            return self.gradient(fast, encoded, of_step(support, number), create_graph)

        return AdaptedNetwork(self, descend(self.inner, self.initial_fast(encoded), gradient))


class AdaptedNetwork(Adapted):
    """A gradient-based learner with the fast parameters of each task.

    Args:
        learner: the learner.
        fast: its fast parameters after adaptation.
    """

    def __init__(self, learner: GradientLearner, fast: Fast) -> None:
        self.learner, self.fast = learner, fast

    def predict(self, inputs: Tensor) -> Tensor:
        return self.learner.predict(self.fast, self.learner.encode(inputs))

    def readings(self, inputs: Tensor) -> dict[str, Tensor]:
        return self.learner.readings(self.fast, self.learner.encode(inputs))

    def __getitem__(self, tasks: slice) -> "AdaptedNetwork":
        return AdaptedNetwork(self.learner, {name: value[tasks] for name, value in self.fast.items()})
