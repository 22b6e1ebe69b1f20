"""Methods that go wrong, each in its way."""

import os
import secrets
import signal
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from compworld.agents import Fast, GradientLearner, InnerLoop, Memoryless, Problem, Updates
from compworld.agents.context.memories import State
from compworld.agents.context.seen import Seen
from compworld.agents.context.trials import Trials


class Constant(GradientLearner):
    """Predicts the same whatever it sees; nothing is wrong with it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem, InnerLoop(2, 0.01))
        self.bias = nn.Parameter(torch.zeros(problem.outputs))

    def initial_fast(self, support: Any) -> Fast:
        return {"bias": self.bias.expand(len(support), -1) * 1}

    def predict(self, fast: Fast, encoded: Any) -> Tensor:
        return fast["bias"][:, None].expand(-1, encoded.shape[1], -1)


class NotANumber(Constant):
    """Its predictions are no numbers."""

    def predict(self, fast: Fast, encoded: Any) -> Tensor:
        return super().predict(fast, encoded) + float("nan")


class Explodes(Constant):
    """Its loss is finite at first; its gradient overflows."""

    def predict(self, fast: Fast, encoded: Any) -> Tensor:
        return super().predict(fast, encoded) * 3e38


class DivergesLate(Constant):
    """Is no number any more once its parameters have changed twice."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.register_buffer("calls", torch.zeros(()))

    def predict(self, fast: Fast, encoded: Any) -> Tensor:
        self.calls += self.training * torch.is_grad_enabled()
        return super().predict(fast, encoded) + (float("nan") if self.calls > 9 else 0.0)


class Raises(Constant):
    """Raises in training."""

    def predict(self, fast: Fast, encoded: Any) -> Tensor:
        raise RuntimeError("out of\nluck")


class DiesOnce(Constant):
    """Kills its process when it is built for the first time; the folder of the marker is in an environment variable."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        marker = Path(os.environ["DIES_ONCE"])
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Counted(Constant):
    """Leaves a file in a folder for every learner that is trained; nothing is wrong with it."""

    def meta_loss(self, evidence: Any, query: Any) -> Tensor:
        if not hasattr(self, "counted"):
            self.counted = Path(os.environ["COUNTED"], secrets.token_hex(8))
            self.counted.touch()
        return super().meta_loss(evidence, query)


class PlaysNoNumber(Memoryless):
    """Its policy puts out what is no number."""

    def step(self, seen: Seen, state: State) -> tuple[Tensor, State]:
        outputs, state = super().step(seen, state)
        return outputs + float("nan"), state


class PlaysNoNumberLate(Memoryless):
    """Its policy is no number any more once it has learned from two batches of trials."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.register_buffer("updates", torch.zeros(()))

    def imitation_loss(self, trials: Trials) -> Tensor:
        self.updates += 1
        return super().imitation_loss(trials)

    def step(self, seen: Seen, state: State) -> tuple[Tensor, State]:
        outputs, state = super().step(seen, state)
        return outputs + (float("nan") if self.updates > 2 * Updates().number else 0.0), state
