"""What an acting learner sees of a trial's steps; by its declared evidence.

Axes of tensor names: S steps, R active rows, M modules, B trials.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

from compworld.agents.evidence import Code, Evidence, Experience, Nothing

NAMES: dict[type[Evidence], tuple[str, ...]] = {
    Nothing: ("rows", "left"),
    Code: ("rows", "left", "code"),
    Experience: ("rows", "left", "rows_before", "action", "reward", "begins"),
}
"""What each kind of evidence lets an acting learner see; the scene and the steps left are seen by all."""


@dataclass(frozen=True)
class Seen:
    """What is seen before S steps are taken; None for what the learner's evidence does not hold."""

    rows: Tensor
    """int64 [S, R]: active rows of the observation relative to the agent; see :mod:`compworld.families.relative`."""
    rows_before: Tensor | None = None
    """int64 [S, R]: those before the previous action; all "nothing" at the start of a trial."""
    action: Tensor | None = None
    """int64 [S]: the previous action; 0 at the start of a trial."""
    reward: Tensor | None = None
    """float [S]: what it gave."""
    begins: Tensor | None = None
    """float [S]: 1 at the first step of an episode."""
    left: Tensor | None = None
    """float [S]: steps that the episode has left, over its horizon."""
    code: Tensor | None = None
    """float [S, M]: weight of each module, where the task is told."""

    def __len__(self) -> int:
        return len(self.rows)

    def by(self, evidence: type[Evidence]) -> "Seen":
        """The part that a kind of evidence lets see.

        Raises:
            ValueError: no acting learner can declare that kind.
        """
        if evidence not in NAMES:
            allowed = ", ".join(kind.__name__ for kind in NAMES)
            raise ValueError(f"evidence of an acting learner is {evidence.__name__}; allowed: {allowed}")
        hidden: dict[str, Any] = {field.name: None for field in fields(self) if field.name not in NAMES[evidence]}
        return replace(self, **hidden)


def to_float(values: object, like: Tensor) -> Tensor:
    """An array as a tensor of a parameter's type and device."""
    return torch.as_tensor(values, device=like.device).to(like.dtype)
