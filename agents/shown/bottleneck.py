"""A bottleneck between inferring a task and acting: of the demonstrations, only a short vector is passed on.

Axes of tensor names: T tasks, N samples, C length of a latent, A outputs.
"""

from abc import abstractmethod
from typing import Any

from torch import Tensor

from compworld.agents.examples import Examples, Problem
from compworld.agents.shown.learner import InContextLearner, Known

LATENT = "latent"


class Bottleneck(InContextLearner):
    """Infers a latent, and acts as a learner does that is told it.

    Args:
        problem: inputs, outputs and loss.
        policy: one of :mod:`compworld.agents.told`, for latents instead of codes.
    """

    def __init__(self, problem: Problem, policy: Any) -> None:
        super().__init__(problem)
        self.policy = policy

    @abstractmethod
    def infer(self, shown: Examples) -> Tensor:
        """Latents [T, C]."""

    def read(self, shown: Examples) -> Known:
        return {LATENT: self.infer(shown)}

    def forward(self, known: Known, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.policy(known[LATENT], inputs)
        return outputs

    def readings(self, known: Known, inputs: Tensor) -> dict[str, Tensor]:
        return {LATENT: known[LATENT]}
