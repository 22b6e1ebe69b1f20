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
from compworld.arguments import shown


class GradientLearner(Learner):
    """Adapts fast parameters to demonstrations by gradient steps on its loss.

    A method of your own implements :meth:`initial_fast` and :meth:`predict`, and, where something does not depend on the fast
    parameters, :meth:`encode`, which is called once for each set of observations. That is enough: autograd does the rest.

    Args:
        problem: the family's inputs, outputs and loss.
        inner: how it adapts; also its fields as plain data.

    Raises:
        ValueError: ``inner`` is something else.
    """

    evidence: ClassVar[type[Evidence]] = Demonstrations

    def __init__(self, problem: Problem, inner: InnerLoop) -> None:
        super().__init__(problem)
        given: Any = inner
        # A constructor without annotations is handed the config's plain data.
        self.inner = InnerLoop(**given) if isinstance(given, dict) else given
        if not isinstance(self.inner, InnerLoop):
            raise ValueError(f"inner is {shown(given)}; allowed: an InnerLoop")

    def encode(self, inputs: Tensor) -> Any:
        """What predictions need to know about observations, as in :attr:`Examples.inputs`."""
        return inputs

    @abstractmethod
    def initial_fast(self, support: Any) -> Fast:
        """Fast parameters before adaptation, given the support set's encoding: named tensors [T, ...]."""

    @abstractmethod
    def predict(self, fast: Fast, encoded: Any) -> Tensor:
        """Outputs [T, N, A] of each task's adapted network."""

    def readings(self, fast: Fast, encoded: Any) -> dict[str, Tensor]:
        """What of each task's adapted network tells the task, see :meth:`Adapted.readings`; by default the fast parameters."""
        return fast

    def gradient(self, fast: Fast, encoded: Any, examples: Examples, create_graph: bool) -> Fast:
        """Gradient of each task's loss with respect to its fast parameters, itself differentiable if ``create_graph``."""

        def loss(fast: Fast) -> Tensor:
            outputs, wanted = self.predict(fast, encoded), (*examples.weights.shape, self.problem.outputs)
            if tuple(outputs.shape) != wanted:
                raise ValueError(
                    f"{type(self).__name__}.predict returned outputs of shape {tuple(outputs.shape)}; allowed: {wanted}, "
                    "tasks x samples x outputs"
                )
            return self.loss(outputs, examples.targets, examples.weights)

        return gradient_of(loss, fast, create_graph)

    def draw(self, evidence: Demonstrations, generator: torch.Generator | None) -> Demonstrations:
        return Demonstrations(with_minibatches(self.inner, evidence.examples, generator))

    def adapt(self, evidence: Demonstrations, generator: torch.Generator | None = None) -> "AdaptedNetwork":
        support = self.draw(evidence, generator).examples
        encoded, create_graph = self.encode(support.inputs), torch.is_grad_enabled() and self.inner.second_order

        def gradient(fast: Fast, number: int) -> Fast:
            return self.gradient(fast, encoded, of_step(support, number), create_graph)

        start = self.initial_fast(encoded)
        check_fast(start, len(support.inputs), type(self).__name__)
        return AdaptedNetwork(self, descend(self.inner, start, gradient))


def check_fast(fast: Fast, tasks: int, name: str) -> None:
    """Refuse fast parameters that are not named tensors with a row for each task.

    Raises:
        ValueError: naming the learner and what it returned.
    """
    if not isinstance(fast, dict) or not fast or not all(isinstance(value, Tensor) for value in fast.values()):
        raise ValueError(f"{name}.initial_fast returned {shown(fast)}; allowed: a dict of tensors")
    for key, value in fast.items():
        if value.shape[:1] != (tasks,):
            raise ValueError(
                f"{name}.initial_fast returned {key!r} of shape {tuple(value.shape)}; allowed: ({tasks}, ...), rows of tasks"
            )


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
