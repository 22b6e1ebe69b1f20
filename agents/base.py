"""What a learner is. Axes of tensor names: T tasks, N samples, R active rows, D inputs, A outputs, H width, C templates."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from agents.explicit import InnerProblem
from agents.losses import LOSSES, Loss

if TYPE_CHECKING:
    from agents.adaptation import InnerLoop

Fast = dict[str, Tensor]
"""Fast parameters by name, each with a leading task axis: what the inner loop adapts."""


@dataclass(frozen=True)
class Problem:
    """What a learner must know about a family before it sees any task.

    Attributes:
        inputs: length D of an observation.
        outputs: number A of outputs per sample.
        modules: length M of a task's code.
        loss: key of :data:`agents.losses.LOSSES`.
        wall_rows: float [mazes, D]; what the rows D to D + mazes - 1 of a sparse observation stand for; None if dense.
        possible_rows: int64 [V], ascending; the rows that can be active, those of mazes and of nothing included; None if dense.
    """

    inputs: int
    outputs: int
    modules: int
    loss: str
    wall_rows: Tensor | None = None
    possible_rows: Tensor | None = None


@dataclass(frozen=True)
class Examples:
    """Samples of a meta-batch of tasks to adapt to, or to be scored on."""

    inputs: Tensor
    """int64 [T, N, R]: indices of the active rows of sparse observations. Row D + mazes stands for nothing. Or dense
    observations, float [T, N, D]."""
    targets: Tensor
    """float [T, N, A]: action values, or the probability of each action."""
    weights: Tensor
    """float [T, N]: weight of each sample in its task's loss; sums to 1 over a task's samples, 0 for padding."""
    codes: Tensor
    """float [T, M]: the true task, for oracles only."""

    def __getitem__(self, tasks: slice | Tensor) -> "Examples":
        return Examples(self.inputs[tasks], self.targets[tasks], self.weights[tasks], self.codes[tasks])

    @property
    def lengths(self) -> Tensor:
        """Number of each task's samples up to its last one that counts, int64 [T]."""
        samples = torch.arange(1, self.weights.shape[1] + 1, device=self.weights.device)
        return (samples * (self.weights > 0)).amax(1)

    def trimmed(self) -> "Examples":
        """Without the samples that are padding for every task."""
        longest = int(self.lengths.max())
        return Examples(self.inputs[:, :longest], self.targets[:, :longest], self.weights[:, :longest], self.codes)


class Learner(nn.Module, ABC):
    """A method is its choice of what is fast; its parameters as a module are what is meta-learned.

    A method of your own implements :meth:`initial_fast` and :meth:`predict`, and, where something does not depend on the fast
    parameters, :meth:`encode`, which is called once per set of examples. That is enough: autograd does the rest.
    Implementing :meth:`inner_problem` too makes it several times faster.
    """

    adapts = True
    """Whether there is anything to adapt; if not, the inner loop is skipped."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.problem = problem
        self.loss: Loss = LOSSES[problem.loss]

    def encode(self, examples: Examples, support: Any = None) -> Any:
        """What predictions need to know about the inputs; for query examples, ``support`` is the support set's encoding."""
        return examples.inputs

    @abstractmethod
    def initial_fast(self, support: Any) -> Fast:
        """Fast parameters before adaptation, given the support set's encoding."""

    @abstractmethod
    def predict(self, fast: Fast, encoded: Any) -> Tensor:
        """Outputs [T, N, A] of each task's adapted network."""

    def readings(self, fast: Fast, encoded: Any) -> dict[str, Tensor]:
        """What of each task's adapted network tells the task, by layer, each [T, ...]; by default the fast parameters.

        Modules are decoded from it, so every entry must mean the same for all tasks. Empty, if nothing does.

        Args:
            fast: adapted fast parameters.
            encoded: the encoding of a few inputs, the same for all tasks, for methods that are read by their activations.
        """
        return fast

    def inner_problem(self, encoded: Any, support: Examples) -> InnerProblem | None:
        """The inner gradient and its adjoint written out, for a learner with one fast tensor; None leaves both to autograd."""
        return None

    def compiled_query_loss(self, inner: "InnerLoop", support: Examples, query: Examples, weights_WTN: Tensor) -> Tensor | None:
        """Sum of the tasks' query losses after adaptation, by compiled code for the CPU; differentiable once.

        None, the default, leaves it to the inner loop and :meth:`predict`.

        Args:
            inner: a loop of AdamW steps of second order.
            support, query: of each task, on the CPU.
            weights_WTN: weights of the support samples; inner step k takes number k modulo W.
        """
        return None

    def gradient(self, fast: Fast, encoded: Any, examples: Examples, create_graph: bool) -> Fast:
        """Gradient of each task's loss with respect to its fast parameters, itself differentiable if ``create_graph``."""
        with torch.enable_grad():
            # A start that does not depend on parameters of the learner has no gradient of its own to pass on.
            kept = {name for name, value in fast.items() if create_graph and value.requires_grad}
            fast = {name: value if name in kept else value.detach().requires_grad_() for name, value in fast.items()}
            loss_T = self.loss.value(self.predict(fast, encoded), examples.targets, examples.weights)
            # Tasks do not interact, so the gradient of the sum holds every task's own gradient.
            gradients = torch.autograd.grad(loss_T.sum(), list(fast.values()), create_graph=create_graph)
        return dict(zip(fast, gradients, strict=True))
