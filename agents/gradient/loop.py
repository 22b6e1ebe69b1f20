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
        minibatch: samples per step, drawn with replacement; None for all.
        minibatch_rows: how many rows they are drawn from, of which those behind a task's samples are empty, as in the public
            code of ICLR 2024, where every episode is padded to its horizon; None for a task's samples alone.
        second_order: whether the meta-gradient flows through the inner gradients (False: first-order approximation).
    """

    steps: int
    learning_rate: float
    optimizer: str = "adamw"
    weight_decay: float = 1e-4
    minibatch: int | None = None
    second_order: bool = True
    minibatch_rows: int | None = None

    def __post_init__(self) -> None:
        if self.optimizer not in ("adamw", "sgd"):
            raise ValueError(f"unknown inner optimizer {self.optimizer!r}; allowed: 'adamw', 'sgd'")
        if self.steps < 0 or (self.minibatch is not None and self.minibatch < 1):
            raise ValueError(f"inner steps {self.steps}, minibatch {self.minibatch}; allowed: steps from 0, minibatch from 1")
        if self.minibatch_rows is not None and self.minibatch_rows < 1:
            raise ValueError(f"inner minibatch_rows is {self.minibatch_rows}; allowed: from 1, or None")
        for name in ("learning_rate", "weight_decay"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"inner {name} is {getattr(self, name)}; allowed: finite numbers from 0")


def gradient_of(loss: Callable[[Fast], Tensor], fast: Fast, create_graph: bool) -> Fast:
    """Gradient of each task's loss with respect to its fast parameters, itself differentiable if ``create_graph``.

    Args:
        loss: of every task, [T], from fast parameters; tasks do not interact.
        fast: where the gradient is taken.
        create_graph: see above.
    """
    with torch.enable_grad():
        # A start that does not depend on parameters of the learner has no gradient of its own to pass on.
        kept = {name for name, value in fast.items() if create_graph and value.requires_grad}
        fast = {name: value if name in kept else value.detach().requires_grad_() for name, value in fast.items()}
        # As tasks do not interact, the gradient of the sum holds every task's own gradient.
        gradients = torch.autograd.grad(loss(fast).sum(), list(fast.values()), create_graph=create_graph)
    return dict(zip(fast, gradients, strict=True))


def descend(inner: InnerLoop, start: Fast, gradient: Callable[[Fast, int], Fast], rates: Fast | None = None) -> Fast:
    """The fast parameters of every task after the inner steps; differentiable where the gradients are.

    Args:
        inner: how to adapt.
        start: fast parameters before adaptation.
        gradient: of each task's loss with respect to its fast parameters, in the inner step of that number.
        rates: learning rates by name, that broadcast with the fast parameters; by default that of ``inner`` for all.
    """
    fast, moments = start, {name: adamw.Moments.like(value) for name, value in start.items()}
    for number in range(inner.steps):
        gradients = gradient(fast, number)
        moved: Fast = {}
        for name, value in fast.items():
            rate = inner.learning_rate if rates is None else rates[name]
            if inner.optimizer == "sgd":
                moved[name] = value - rate * gradients[name]
            else:
                moved[name], moments[name] = adamw.step(value, gradients[name], moments[name], rate, inner.weight_decay)
        fast = moved
    return fast


def with_minibatches(inner: InnerLoop, support: Examples, generator: torch.Generator | None) -> Examples:
    """The support sets with the minibatch of every inner step drawn, where the loop asks for minibatches.

    A sample's weight in a step is its share of what was drawn, empty rows apart.

    Raises:
        ValueError: a task has more samples than rows to draw from.
    """
    if inner.minibatch is None or inner.steps == 0 or support.minibatches is not None:
        return support
    lengths, (tasks, samples) = support.lengths.cpu(), support.weights.shape
    rows = lengths if inner.minibatch_rows is None else torch.full_like(lengths, inner.minibatch_rows)
    if (lengths > rows).any():
        raise ValueError(
            f"inner minibatch_rows is {inner.minibatch_rows}; allowed: at least the {lengths.max()} samples of a task"
        )
    # Drawn on the CPU, so that every device takes the same samples.
    uniform = torch.rand(inner.steps, tasks, inner.minibatch, generator=generator, dtype=torch.float64)
    drawn = (uniform * rows[:, None]).long().clamp_max(samples)
    times = torch.zeros(inner.steps, tasks, samples + 1).scatter_add_(2, drawn, torch.ones_like(drawn, dtype=torch.float32))
    counted = times[..., :samples].to(support.weights) * (support.weights > 0)
    return replace(support, minibatches=counted / counted.sum(2, keepdim=True).clamp_min(1))


def of_step(support: Examples, number: int) -> Examples:
    """The support sets as the inner step of that number sees them."""
    return support if support.minibatches is None else replace(support, weights=support.minibatches[number])
