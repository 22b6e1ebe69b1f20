"""The inner loop: adapt the fast parameters of all tasks at once to their support sets, differentiably."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from compworld.agents.examples import Examples
from compworld.agents.gradient import adamw

Fast = dict[str, Tensor]
"""Fast parameters by name, each with a leading task axis: what the inner loop adapts."""


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
        for name in ("learning_rate", "weight_decay"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"inner {name} is {getattr(self, name)}; allowed: finite numbers from 0")


def descend(inner: InnerLoop, start: Fast, support: Examples, gradient: Callable[[Fast, Examples], Fast]) -> Fast:
    """The fast parameters of every task after the inner steps; differentiable where the gradients are.

    Args:
        inner: how to adapt.
        start: fast parameters before adaptation.
        support: the examples of each task.
        gradient: of each task's loss on examples, with respect to its fast parameters.
    """
    fast, moments = start, {name: adamw.Moments.like(value) for name, value in start.items()}
    for number in range(inner.steps):
        weights = support.weights if support.minibatches is None else support.minibatches[number]
        gradients = gradient(fast, replace(support, weights=weights))
        moved: Fast = {}
        for name, value in fast.items():
            if inner.optimizer == "sgd":
                moved[name] = value - inner.learning_rate * gradients[name]
            else:
                moved[name], moments[name] = adamw.step(
                    value, gradients[name], moments[name], inner.learning_rate, inner.weight_decay
                )
        fast = moved
    return fast


def with_minibatches(inner: InnerLoop, support: Examples, generator: torch.Generator | None) -> Examples:
    """The support sets with the minibatch of every inner step drawn, where the loop asks for minibatches.

    All weight of a step is on as many random samples of each task, equally; on all of a task that has fewer.
    """
    if inner.minibatch is None or inner.steps == 0 or support.minibatches is not None:
        return support
    valid = (support.weights > 0).expand(inner.steps, -1, -1)
    # Drawn on the CPU, so that every device takes the same samples.
    score = torch.rand(valid.shape, generator=generator).to(valid.device).masked_fill_(~valid, -1.0)
    least = score.topk(min(inner.minibatch, score.shape[2]), dim=2).values[..., -1:]
    chosen = (valid & (score >= least)).to(support.weights.dtype)
    return replace(support, minibatches=chosen / chosen.sum(2, keepdim=True))
