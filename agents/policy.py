"""An adapted learner as a policy."""

import torch
from torch import Tensor

from agents.adaptation import InnerLoop, adapt, sample_weights
from agents.base import Examples, Fast, Learner


class AdaptedPolicy:
    """Acts greedily in each task's episodes, after adapting once to the tasks' demonstrations.

    Args:
        learner: meta-trained.
        inner: how it adapts.
        support: demonstrations of each task.
        generator: source of minibatches.
    """

    def __init__(self, learner: Learner, inner: InnerLoop, support: Examples, generator: torch.Generator | None = None) -> None:
        self.learner = learner
        self.codes = support.codes
        with torch.no_grad():
            self.encoded = learner.encode(support) if learner.adapts else None
            self.fast: Fast = {}
            if learner.adapts:
                weights = sample_weights(inner, support, generator)
                self.fast = adapt(learner, inner, self.encoded, support, weights)

    @torch.no_grad()
    def predict(self, rows_TER: Tensor) -> Tensor:
        """Outputs [T, E, A] for one observation (indices of active rows) in each of E episodes of each task."""
        tasks, episodes, _ = rows_TER.shape
        nothing = torch.zeros(tasks, episodes, self.learner.problem.outputs, dtype=self.codes.dtype, device=rows_TER.device)
        examples = Examples(rows_TER, nothing, nothing[..., 0], self.codes)
        return self.learner.predict(self.fast, self.learner.encode(examples, self.encoded))

    def act(self, rows_TER: Tensor) -> Tensor:
        """The greedy action, int64 [T, E]; the first one of equals."""
        return self.predict(rows_TER).argmax(-1)
