"""The inner loop as one differentiable function, forward and backward written out.

Autograd would record every small operation of every inner step and then differentiate the inner gradient itself, a thousand
little nodes for each outer step. Here a method states its inner gradient and that gradient's adjoint (:class:`InnerProblem`);
the loop keeps what each step leaves and walks back over it.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from agents.adamw import AdamW, AdamWAdjoint

if TYPE_CHECKING:
    from agents.adaptation import InnerLoop


class InnerProblem(ABC):
    """The inner loss of a meta-batch as a function of one fast tensor [T, ...] and of slow tensors.

    Slow tensors are what inner gradients depend on besides the fast one, and what is meta-learned or computed from it.
    """

    slow: tuple[Tensor, ...] = ()

    @abstractmethod
    def gradient(self, fast: Tensor, weights_TN: Tensor) -> tuple[Tensor, Any]:
        """Gradient of every task's loss with respect to its fast tensor, and what :meth:`adjoint` needs.

        Args:
            fast: where; is not changed later.
            weights_TN: weight of each sample.
        """

    @abstractmethod
    def adjoint(self, kept: Any, direction: Tensor) -> Tensor:
        """Derivative of ``sum(direction * gradient)`` with respect to the fast tensor.

        For a plain gradient that is the Hessian-vector product. The derivative with respect to the slow tensors is noted for
        :meth:`slow_adjoints`.
        """

    def slow_adjoints(self) -> tuple[Tensor, ...]:
        """Sum over all calls of :meth:`adjoint` of the derivatives with respect to each slow tensor."""
        return ()


def unroll(problem: InnerProblem, inner: "InnerLoop", start: Tensor, weights: Sequence[Tensor]) -> Tensor:
    """The fast tensor after one step for each entry of ``weights`` (sample weights, [T, N]); differentiable."""
    if torch.is_grad_enabled():
        return _Unrolled.apply(problem, inner, weights, start, *problem.slow)  # type: ignore[no-untyped-call]
    return _steps(problem, inner, start, weights, None)


def _steps(
    problem: InnerProblem, inner: "InnerLoop", start: Tensor, weights: Sequence[Tensor], history: list[Any] | None
) -> Tensor:
    fast = start.contiguous()
    optimizer = AdamW(fast, inner.learning_rate, inner.weight_decay) if inner.optimizer == "adamw" else None
    for number, sample_weights in enumerate(weights, 1):
        gradient, kept = problem.gradient(fast, sample_weights)
        if optimizer is None:
            fast, update = torch.sub(fast, gradient, alpha=inner.learning_rate), None
        else:
            fast, update = optimizer.step(number, fast, gradient)
        if history is not None:
            history.append((kept, update))
    return fast if len(weights) else start.clone()


class _Unrolled(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, problem: InnerProblem, inner: "InnerLoop", weights: Sequence[Tensor], start: Tensor, *slow: Tensor
    ) -> Tensor:
        ctx.problem, ctx.inner, ctx.steps = problem, inner, len(weights)
        ctx.history = [] if inner.second_order else None
        return _steps(problem, inner, start, weights, ctx.history)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, adjoint: Tensor) -> tuple[Tensor | None, ...]:
        problem, inner = ctx.problem, ctx.inner
        of_slow: Sequence[Tensor | None] = [None] * len(problem.slow)
        if not inner.second_order:  # inner gradients count as constants
            shrink = 1 - inner.learning_rate * inner.weight_decay if inner.optimizer == "adamw" else 1.0
            of_start = adjoint * shrink**ctx.steps
        else:
            of_start = _steps_back(problem, inner, adjoint.clone(memory_format=torch.contiguous_format), ctx.history)
            of_slow = problem.slow_adjoints() if ctx.steps else of_slow
        return None, None, None, of_start, *of_slow


def _steps_back(problem: InnerProblem, inner: "InnerLoop", adjoint: Tensor, history: list[Any]) -> Tensor:
    if inner.optimizer == "sgd":
        for kept, _ in reversed(history):
            adjoint += problem.adjoint(kept, adjoint * -inner.learning_rate)
        return adjoint
    optimizer = AdamWAdjoint(adjoint, inner.learning_rate, inner.weight_decay)
    for number in range(len(history), 0, -1):
        kept, update = history[number - 1]
        adjoint += problem.adjoint(kept, optimizer.step(number, update))  # in place: this is what the optimiser walks with
    return adjoint
