"""Exact Bayes references of demonstrations, which nobody trains."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from compworld.agents.evidence import Demonstrations, Evidence
from compworld.agents.examples import Problem
from compworld.agents.learner import Adapted, Learner
from compworld.bayes import AGENTS, BayesAgent, bayes_agent
from compworld.families import Family
from compworld.families.samples import Samples
from compworld.modules.splits import Split

CERTAIN = 1e-6
"""Probability of an action that is not the best."""


class Reference(Learner, ABC):
    """What is computed instead of learned, and so must know family and split."""

    @abstractmethod
    def enter(self, family: Family, split: Split) -> None:
        """Be told where it is, before it is shown anything.

        Raises:
            ValueError: nothing is known of that family.
        """


class ShownBayes(Reference):
    """The exact posterior given everything that demonstrations show, with a prior over all combinations.

    It acts as the expert would whose values are the posterior means; see :meth:`compworld.bayes.BayesAgent.values`. It reads
    the rewards too, which trained learners do not: nobody can know more of the task.

    Args:
        problem: of the family.
    """

    evidence: ClassVar[type[Evidence]] = Demonstrations
    prior: ClassVar[str] = "all"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.agent: BayesAgent | None = None

    @classmethod
    def covers(cls, family: Family) -> bool:
        return family.name in AGENTS

    def enter(self, family: Family, split: Split) -> None:
        self.agent = bayes_agent(family, split, prior=self.prior, policy="greedy")

    def adapt(self, evidence: Demonstrations, generator: torch.Generator | None = None) -> "Posterior":
        assert self.agent is not None
        shown = evidence.examples
        seen = shown.inputs, shown.actions, shown.targets, shown.rewards, shown.episodes, shown.weights > 0
        samples = Samples(*(value.cpu().numpy() for value in seen))
        return Posterior(self.agent, self.problem, self.agent.watch(samples))


class ShownTrainedBayes(ShownBayes):
    """The same with a prior over the trained combinations alone: what memorising them can reach."""

    prior: ClassVar[str] = "trained"


class Posterior(Adapted):
    """What a Bayes agent knows of each task.

    Args:
        agent: the agent.
        problem: says what outputs are: values of actions, or logits.
        state: what it remembers of the tasks.
    """

    def __init__(self, agent: BayesAgent, problem: Problem, state: Any) -> None:
        self.agent, self.problem, self.state = agent, problem, state

    def predict(self, inputs: Tensor) -> Tensor:
        tasks, samples, _ = inputs.shape
        state = type(self.state)(*(field.repeat(samples, axis=0) for field in self.state))
        scene = self.agent.read(inputs.flatten(0, 1).cpu().numpy())
        values = torch.as_tensor(self.agent.values(state, scene), device=inputs.device).view(tasks, samples, -1)
        outputs = values.to(torch.get_default_dtype())
        if self.problem.loss != "cross_entropy":
            return outputs
        best = torch.nn.functional.one_hot(values.argmax(-1), values.shape[-1])
        return torch.where(best > 0, outputs.new_tensor(1.0), outputs.new_tensor(CERTAIN)).log()

    def readings(self, inputs: Tensor) -> dict[str, Tensor]:
        """The probability that each module is active."""
        chances = self.agent.posterior(self.state) @ self.agent.active_CM
        return {"posterior of modules": torch.as_tensor(np.asarray(chances))}

    def __getitem__(self, tasks: slice) -> "Posterior":
        return Posterior(self.agent, self.problem, type(self.state)(*(field[tasks] for field in self.state)))
