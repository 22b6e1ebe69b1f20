"""What any learner that acts in trials is asked. Axes of tensor names: S steps, B trials, A actions."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from compworld.agents.context.memories import Memory, State
from compworld.agents.context.player import Player
from compworld.agents.context.seen import Seen
from compworld.agents.context.trials import Replay, Trials
from compworld.agents.evidence import Evidence, Experience
from compworld.agents.examples import Problem
from compworld.agents.learner import Method
from compworld.families.grid import GridFamily
from compworld.modules.splits import Split

TIE = 1e-5
"""Values that differ by less are equal, up to rounding in float32."""


@dataclass(frozen=True)
class Updates:
    """How a learner learns from each batch of trials.

    Attributes:
        number: gradient steps after each batch.
        trials: of each gradient step.
    """

    number: int = 4
    trials: int = 64

    def __post_init__(self) -> None:
        for name in ("number", "trials"):
            if getattr(self, name) < 1:
                raise ValueError(f"updates.{name} is {getattr(self, name)}; allowed: at least 1")


class Actor(Method, ABC):
    """A method that acts in trials.

    Attributes:
        learns_from: ``"labels"`` of the expert, ``"rewards"`` alone, or ``"nothing"``: it is a reference.
    """

    learns_from: ClassVar[str]

    @abstractmethod
    def player(self, family: GridFamily, split: Split, episodes: int) -> Any:
        """What acts: anyone's agent, with ``predict`` and the kind of ``observation`` that it reads.

        Args:
            family, split: what it plays in.
            episodes: K, of a trial.
        """


class ActingLearner(Actor):
    """A method that acts in trials and learns from those that it plays; by default it imitates the expert on them.

    What it puts out for an action is the logarithm of its probability up to a constant (loss ``"cross_entropy"``), or the
    action's value up to a constant (``"squared_error"``).

    Args:
        problem: of observations relative to the agent.
        temperature: of the softmax that actions are drawn from while it learns, in the unit of outputs.
        sampled: whether actions are drawn when it is scored, too; else the likeliest is taken.

    Attributes:
        evidence: what it may see: ``Experience``, ``Code`` or ``Nothing``.
    """

    evidence: ClassVar[type[Evidence]] = Experience
    learns_from: ClassVar[str] = "labels"

    def __init__(self, problem: Problem, temperature: float = 1.0, sampled: bool = True) -> None:
        super().__init__(problem)
        if not temperature > 0:
            raise ValueError(f"temperature is {temperature}; allowed: above 0")
        self.temperature, self.sampled = temperature, sampled

    def player(self, family: GridFamily, split: Split, episodes: int) -> Player:
        return Player(self, family.horizon, self.sampled)

    @abstractmethod
    def forward(self, seen: Seen, sizes: Sequence[int]) -> Tensor:
        """Outputs [S, A] for packed trials; ``sizes`` as of :class:`compworld.agents.networks.gru.GRU`."""

    @abstractmethod
    def start(self, trials: int) -> State:
        """What it remembers before the first step."""

    @abstractmethod
    def step(self, seen: Seen, state: State) -> tuple[Tensor, State]:
        """Outputs [B, A] at the next step of B trials, and what it remembers then; the same as :meth:`forward` gives."""

    def logits(self, outputs: Tensor) -> Tensor:
        """Logarithms of the probabilities, up to a constant, with which it acts."""
        return outputs / self.temperature

    def losses(self, fresh: Trials, replay: Replay, updates: Updates, generator: torch.Generator) -> Iterator[Tensor]:
        """The loss of each gradient step, made after the one before; by default of imitating the expert on replayed trials.

        Args:
            fresh: the trials that it has just played; they are in the replay too.
            replay: its last trials.
            updates: how many steps.
            generator: source of whatever is random.
        """
        for _ in range(updates.number):
            yield self.imitation_loss(replay.sample(updates.trials, generator))

    def imitation_loss(self, trials: Trials) -> Tensor:
        """Mean over steps of the loss of outputs against labels."""
        packed = trials.packed(self.problem.inputs, next(self.parameters()))
        return self.label_loss(self(packed.seen.by(self.evidence), packed.sizes), packed.values)

    def label_loss(self, outputs: Tensor, values: Tensor) -> Tensor:
        """Mean over steps of the loss of outputs [S, A] against the expert's values of the actions, [S, A]."""
        weights = outputs.new_full((1, len(outputs)), 1 / len(outputs))
        return self.loss(outputs[None], self.targets(values)[None], weights)[0]

    def targets(self, values: Tensor) -> Tensor:
        """What outputs should be, by the loss: the best actions with equal probabilities, or values less their mean."""
        if self.problem.loss == "squared_error":
            return values - values.mean(1, keepdim=True)
        best = (values >= values.amax(1, keepdim=True) - TIE).to(values.dtype)
        return best / best.sum(1, keepdim=True)


class ContextLearner(ActingLearner):
    """A memory, and a policy that it gives a context.

    Args:
        problem: of observations relative to the agent.
        memory: of what was seen.
        head: the policy, called with contexts and rows.
        temperature, sampled: as of :class:`ActingLearner`.
    """

    def __init__(
        self, problem: Problem, memory: Memory, head: nn.Module, temperature: float = 1.0, sampled: bool = True
    ) -> None:
        super().__init__(problem, temperature, sampled)
        self.memory, self.head = memory, head

    def forward(self, seen: Seen, sizes: Sequence[int]) -> Tensor:
        return self.head(self.memory(seen, sizes), seen.rows)

    def start(self, trials: int) -> State:
        return self.memory.start(trials)

    def step(self, seen: Seen, state: State) -> tuple[Tensor, State]:
        context, state = self.memory.step(seen, state)
        return self.head(context, seen.rows), state
