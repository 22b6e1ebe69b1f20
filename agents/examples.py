"""What learners are trained on: samples of tasks. Axes of tensor names: T tasks, N samples, R active rows, D inputs, A outputs.

Every sample is a step of an episode: what was seen, what was done and what came of it.
"""

from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True)
class Problem:
    """What a learner must know about a family before it sees any task.

    Attributes:
        inputs: length D of an observation.
        outputs: number A of outputs per sample.
        modules: length M of a task's code.
        loss: key of :data:`compworld.agents.losses.LOSSES`.
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
    """Samples of each of T tasks, to adapt to or to be scored on; padded to the longest task."""

    inputs: Tensor
    """int64 [T, N, R]: indices of the active rows of sparse observations. Row D + mazes stands for nothing. Or dense
    observations, float [T, N, D]."""
    actions: Tensor
    """int64 [T, N]: the action that was taken."""
    targets: Tensor
    """float [T, N, A]: the labels, action values or the probability of each action."""
    rewards: Tensor
    """float [T, N]: what the action gave."""
    episodes: Tensor
    """int64 [T, N]: which of its task's episodes a sample belongs to."""
    weights: Tensor
    """float [T, N]: weight of each sample in its task's loss; sums to 1 over a task's samples, 0 for padding."""
    minibatches: Tensor | None = None
    """float [K, T, N]: weights in each of K inner steps, where every step sees a part of the samples only."""

    def __len__(self) -> int:
        """Number of tasks."""
        return len(self.weights)

    def __getitem__(self, tasks: slice | Tensor) -> "Examples":
        minibatches = None if self.minibatches is None else self.minibatches[:, tasks]
        return self._with([value[tasks] for value in self._parts], minibatches)

    @property
    def lengths(self) -> Tensor:
        """Number of each task's samples up to its last one that counts, int64 [T]."""
        samples = torch.arange(1, self.weights.shape[1] + 1, device=self.weights.device)
        return (samples * (self.weights > 0)).amax(1)

    def trimmed(self) -> "Examples":
        """Without the samples that are padding for every task."""
        longest = int(self.lengths.max())
        minibatches = None if self.minibatches is None else self.minibatches[..., :longest]
        return self._with([value[:, :longest] for value in self._parts], minibatches)

    @property
    def _parts(self) -> list[Tensor]:
        """Every field but ``minibatches``."""
        return [getattr(self, field.name) for field in fields(self)[:-1]]

    @staticmethod
    def _with(parts: list[Tensor], minibatches: Tensor | None) -> "Examples":
        inputs, actions, targets, rewards, episodes, weights = parts
        return Examples(inputs, actions, targets, rewards, episodes, weights, minibatches)
