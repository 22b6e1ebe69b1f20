"""The inner loop: adapt the fast parameters of all tasks at once to their support sets, differentiably."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from agents.adamw import BETA_1, BETA_2, EPSILON, EPSILON_IN_ROOT
from agents.base import Examples, Fast, Learner
from agents.explicit import unroll


@dataclass(frozen=True)
class InnerLoop:
    """How a learner adapts.

    Attributes:
        steps: number of gradient steps.
        learning_rate: of the inner optimiser.
        optimizer: ``"adamw"`` (epsilon inside the root, without which its derivative explodes at 0) or ``"sgd"``.
        weight_decay: decoupled, of AdamW.
        minibatch: samples per step, drawn without replacement; None for all.
        second_order: whether the meta-gradient flows through the inner gradients (False: first-order approximation).
    """

    steps: int
    learning_rate: float
    optimizer: str = "adamw"
    weight_decay: float = 1e-4
    minibatch: int | None = None
    second_order: bool = True

    def __post_init__(self) -> None:
        if self.optimizer not in ("adamw", "sgd"):
            raise ValueError(f"unknown inner optimizer {self.optimizer!r}; allowed: 'adamw', 'sgd'")
        if self.steps < 0 or (self.minibatch is not None and self.minibatch < 1):
            raise ValueError(f"inner steps {self.steps}, minibatch {self.minibatch}; allowed: steps from 0, minibatch from 1")


def adapt(
    learner: Learner,
    inner: InnerLoop,
    encoded: Any,
    support: Examples,
    weights_WTN: Tensor | None = None,
) -> Fast:
    """Adapt to the support sets; differentiable with respect to the learner's parameters where gradients are enabled.

    Args:
        learner: whose fast parameters adapt.
        inner: how.
        encoded: the learner's encoding of ``support``.
        support: the examples of each task.
        weights_WTN: weights of the samples, from :func:`sample_weights`; by default those of ``support``.

    Returns:
        The adapted fast parameters of every task.
    """
    fast = learner.initial_fast(encoded)
    if not learner.adapts:
        return fast
    given = support.weights[None] if weights_WTN is None else weights_WTN
    weights = [given[step % len(given)] for step in range(inner.steps)]
    problem = learner.inner_problem(encoded, support)
    if problem is None:
        return _adapt_by_autograd(learner, inner, encoded, support, weights, fast)
    ((name, start),) = fast.items()
    return {name: unroll(problem, inner, start, weights)}


def _adapt_by_autograd(
    learner: Learner, inner: InnerLoop, encoded: Any, support: Examples, weights: list[Tensor], fast: Fast
) -> Fast:
    """The same loop for any learner: autograd differentiates its predictions, and differentiates that again."""
    first_moment = {name: torch.zeros_like(value) for name, value in fast.items()}
    second_moment = dict(first_moment)
    for step, sample_weights in enumerate(weights, 1):
        examples = replace(support, weights=sample_weights)
        gradients = learner.gradient(fast, encoded, examples, torch.is_grad_enabled() and inner.second_order)
        for name, gradient in gradients.items():
            if inner.optimizer == "sgd":
                fast = {**fast, name: fast[name] - inner.learning_rate * gradient}
                continue
            first_moment[name] = torch.lerp(first_moment[name], gradient, 1 - BETA_1)
            second_moment[name] = BETA_2 * second_moment[name] + (1 - BETA_2) * gradient.square()
            root = (second_moment[name] / (1 - BETA_2**step) + EPSILON_IN_ROOT).sqrt()
            update = first_moment[name] / (1 - BETA_1**step) / (root + EPSILON)
            fast = {**fast, name: fast[name] - inner.learning_rate * (update + inner.weight_decay * fast[name])}
    return fast


def sample_weights(inner: InnerLoop, support: Examples, generator: torch.Generator | None) -> Tensor:
    """Weights of each task's samples in the inner steps, [W, T, N]: step k takes number k modulo W.

    With minibatches, all weight of a step is on as many random samples of each task, equally; on all of a task that has fewer.
    """
    if inner.minibatch is None or inner.steps == 0:
        return support.weights[None]
    valid = (support.weights > 0).expand(inner.steps, -1, -1)
    score = torch.rand(valid.shape, generator=generator).to(valid.device).masked_fill_(~valid, -1.0)
    least = score.topk(min(inner.minibatch, score.shape[2]), dim=2).values[..., -1:]
    chosen = (valid & (score >= least)).to(support.weights.dtype)
    return chosen / chosen.sum(2, keepdim=True)
