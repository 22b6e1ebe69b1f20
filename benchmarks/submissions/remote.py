"""Methods that live in another process, for the scoring that all methods have: only what they do comes back.

Axes of tensor names: T tasks, N samples, A outputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from compworld.agents import Actor, Adapted, Evidence, Learner, Problem
from compworld.benchmarks.submissions.failures import NotConfirmed
from compworld.benchmarks.submissions.messages import Message
from compworld.benchmarks.submissions.parcels import EVIDENCE, of_evidence, of_observation
from compworld.benchmarks.submissions.sandbox import Sandbox
from compworld.families import GridFamily
from compworld.modules.splits import Split


class RemoteActor(Actor):
    """A method that acts in trials, in another process."""

    def __init__(self, problem: Problem, sandbox: Sandbox) -> None:
        super().__init__(problem)
        self.sandbox = sandbox

    def player(self, family: GridFamily, split: Split, episodes: int) -> "RemotePlayer":
        return RemotePlayer(self.sandbox, self.sandbox.ask("play", episodes=episodes))


class RemotePlayer:
    """Anyone's agent; its memory stays where it is, so that there is one batch of trials at a time."""

    def __init__(self, sandbox: Sandbox, made: Message) -> None:
        self.sandbox, self.observation = sandbox, str(made.facts.get("observation"))

    def predict(self, observation: Any, state: bool | None, episode_start: np.ndarray) -> tuple[np.ndarray, bool]:
        """Actions [B] of a batch of trials."""
        sent = {"episode_start": episode_start, **of_observation(observation)}
        return _array(self.sandbox.ask("predict", sent, first=state is None), "actions"), True


@dataclass(frozen=True)
class Drawn:
    """Evidence, and the seed by which the other process draws what is random about adapting to it."""

    evidence: Evidence
    seed: int


class RemoteLearner(Learner):
    """A learner in another process, which is sent the evidence that it declares."""

    def __init__(self, problem: Problem, sandbox: Sandbox, made: Message) -> None:
        super().__init__(problem)
        name = made.facts.get("evidence")
        if name not in EVIDENCE:
            raise NotConfirmed(f"the method declares evidence {name!r:.80}; allowed: {', '.join(map(repr, EVIDENCE))}")
        self.sandbox, self.evidence = sandbox, EVIDENCE[name]  # type: ignore[misc]  # which is of the class elsewhere

    def draw(self, evidence: Evidence, generator: torch.Generator | None) -> Drawn:
        return Drawn(evidence, 0 if generator is None else generator.initial_seed())

    def adapt(self, evidence: Drawn, generator: torch.Generator | None = None) -> "RemoteAdapted":
        self.sandbox.ask("adapt", of_evidence(evidence.evidence), seed=evidence.seed)
        return RemoteAdapted(self.sandbox, self.problem.outputs, range(len(evidence.evidence)), len(evidence.evidence))


class RemoteAdapted(Adapted):
    """What the other process adapted last.

    Args:
        sandbox: the process.
        outputs: A.
        numbers: of the tasks that this is about.
        tasks: that were adapted to.
    """

    def __init__(self, sandbox: Sandbox, outputs: int, numbers: range, tasks: int) -> None:
        self.sandbox, self.outputs, self.numbers, self.tasks = sandbox, outputs, numbers, tasks

    def predict(self, inputs: Tensor) -> Tensor:
        found = self._ask("outputs", inputs)
        if found.shape != (*inputs.shape[:2], self.outputs) or found.dtype != torch.float32:
            raise NotConfirmed(
                f"predictions are {found.dtype} {tuple(found.shape)}; allowed: float32 [tasks, samples, outputs]"
            )
        return found

    def act(self, inputs: Tensor) -> Tensor:
        found = self._ask("act", inputs)
        if found.shape != inputs.shape[:2] or found.dtype != torch.int64 or not ((found >= 0) & (found < self.outputs)).all():
            raise NotConfirmed(f"actions are {found.dtype} {tuple(found.shape)}; allowed: int64 from 0 to {self.outputs - 1}")
        return found

    def _ask(self, name: str, inputs: Tensor) -> Tensor:
        chosen = list(self.numbers)
        whole = inputs.new_zeros((self.tasks, *inputs.shape[1:]))
        whole[chosen] = inputs
        return torch.from_numpy(_array(self.sandbox.ask(name, {"inputs": whole.numpy()}), "found"))[chosen]

    def __getitem__(self, tasks: slice) -> "RemoteAdapted":
        return RemoteAdapted(self.sandbox, self.outputs, self.numbers[tasks], self.tasks)


def _array(message: Message, name: str) -> np.ndarray:
    """An array of an answer.

    Raises:
        NotConfirmed: there is none.
    """
    try:
        arrays: Mapping[str, np.ndarray] = message.arrays
        return arrays[name]
    except (ValueError, KeyError) as error:
        raise NotConfirmed(f"its process answered without {name} ({error})") from None
