"""References of trials, which nobody trains: random play, and the exact Bayes agents. Axis of names: B trials."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from compworld.agents.context.learner import Actor
from compworld.agents.evidence import Evidence, Experience, Nothing
from compworld.agents.examples import Problem
from compworld.bayes import AGENTS, bayes_agent
from compworld.families import Family
from compworld.families.grid import GridFamily
from compworld.modules.splits import Split


class RandomPlay(Actor):
    """Uniformly random actions."""

    evidence: ClassVar[type[Evidence]] = Nothing
    learns_from: ClassVar[str] = "nothing"

    def player(self, family: GridFamily, split: Split, episodes: int) -> "Dice":
        return Dice(family.actions)


class Dice:
    """Anyone's agent that throws dice.

    Args:
        actions: number of them.
    """

    observation = "indices"

    def __init__(self, actions: int) -> None:
        self.actions, self.rng = actions, np.random.default_rng(0)

    def predict(
        self, observation: Mapping[str, np.ndarray], state: None = None, episode_start: np.ndarray | None = None
    ) -> tuple[np.ndarray, None]:
        """Actions [B]."""
        return self.rng.integers(self.actions, size=len(observation["observation"])), None


class Bayes(Actor):
    """The exact Bayes agent of the family with a prior over all combinations, see :mod:`compworld.bayes`.

    Args:
        problem: of the family.
        policy: ``"greedy"`` or ``"seeking"``.
    """

    evidence: ClassVar[type[Evidence]] = Experience
    learns_from: ClassVar[str] = "nothing"
    prior: ClassVar[str] = "all"

    def __init__(self, problem: Problem, policy: str = "seeking") -> None:
        super().__init__(problem)
        self.policy = policy

    @classmethod
    def covers(cls, family: Family) -> bool:
        return family.name in AGENTS

    def player(self, family: GridFamily, split: Split, episodes: int) -> Any:
        return bayes_agent(family, split, prior=self.prior, policy=self.policy, episodes=episodes)


class TrainedBayes(Bayes):
    """The same with a prior over the trained combinations alone: what memorising them can reach."""

    prior: ClassVar[str] = "trained"
