"""What own experience says of fast parameters: losses that an inner loop lowers. Sums over steps: more experience says more.

Axes of tensor names: T trials, N steps, A actions.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from compworld.agents.evidence import Experience
from compworld.agents.examples import Problem
from compworld.agents.gradient.loop import Fast
from compworld.agents.reward.fast_networks import FastNetwork

DISCOUNT = 0.95
"""Of rewards, a step, in returns; as of RL²."""

LEARNED_WIDTH = 32
"""Of the hidden layer of a learned loss."""


@dataclass(frozen=True)
class Retrospect:
    """What a network with certain fast parameters makes of experience.

    Attributes:
        encoded: the experience, by the network.
        temperature: of the policy's softmax.
    """

    network: FastNetwork
    fast: Fast
    experience: Experience
    encoded: Any
    temperature: float

    def readings(self) -> Tensor:
        """What each action that was taken is thought to give, [T, N]."""
        return self.network.read(self.fast, self.encoded)

    def log_probabilities(self) -> Tensor:
        """Of all actions at each step, [T, N, A]."""
        return (self.network.policy(self.fast, self.experience.inputs) / self.temperature).log_softmax(-1)


class InnerLoss(nn.Module, ABC):
    """Args:
    problem: of the learner.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.actions = problem.outputs

    @abstractmethod
    def forward(self, retrospect: Retrospect) -> Tensor:
        """Loss of each trial, [T]."""


class Rewards(InnerLoss):
    """Squared error of what is read against the reward of the action."""

    def forward(self, retrospect: Retrospect) -> Tensor:
        return _missed(retrospect, retrospect.experience.rewards)


class Returns(InnerLoss):
    """Squared error against the return of the episode from there on: the value of the action for whoever acted."""

    def forward(self, retrospect: Retrospect) -> Tensor:
        return _missed(retrospect, returns_of(retrospect.experience))


class PolicyGradient(InnerLoss):
    """REINFORCE (Williams 1992) with the trial's mean return as baseline."""

    def forward(self, retrospect: Retrospect) -> Tensor:
        seen = retrospect.experience
        returns = returns_of(seen)
        mean = (returns * seen.weights).sum(1, keepdim=True) / seen.weights.sum(1, keepdim=True).clamp_min(1)
        taken = retrospect.log_probabilities().gather(2, seen.actions[..., None])[..., 0]
        return -(taken * (returns - mean) * seen.weights).sum(1)


class Learned(InnerLoss):
    """A small network gives the loss of each step from what was done, what it gave, and what the policy and the reader say."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.network = nn.Sequential(nn.Linear(3 * problem.outputs + 3, LEARNED_WIDTH), nn.Tanh(), nn.Linear(LEARNED_WIDTH, 1))

    def forward(self, retrospect: Retrospect) -> Tensor:
        seen = retrospect.experience
        taken = nn.functional.one_hot(seen.actions, self.actions).to(seen.rewards.dtype)
        numbers = torch.stack([retrospect.readings(), returns_of(seen), seen.rewards], -1)
        inputs = torch.cat([retrospect.log_probabilities(), taken, taken * seen.rewards[..., None], numbers], -1)
        return (self.network(inputs)[..., 0] * seen.weights).sum(1)


INNER_LOSSES: dict[str, type[InnerLoss]] = {
    "rewards": Rewards,
    "returns": Returns,
    "policy_gradient": PolicyGradient,
    "learned": Learned,
}
"""By name."""


def returns_of(experience: Experience) -> Tensor:
    """Discounted sum of the rewards from each step to the end of its episode, [T, N]."""
    rewards_TN, episodes_TN = experience.rewards * experience.weights, experience.episodes
    returns_TN, later = torch.zeros_like(rewards_TN), torch.zeros_like(rewards_TN[:, 0])
    for step in reversed(range(rewards_TN.shape[1])):
        if step + 1 < rewards_TN.shape[1]:
            later = later * (episodes_TN[:, step] == episodes_TN[:, step + 1])
        later = rewards_TN[:, step] + DISCOUNT * later
        returns_TN[:, step] = later
    return returns_TN


def _missed(retrospect: Retrospect, targets_TN: Tensor) -> Tensor:
    """Half the squared error of readings, added up over steps, [T]."""
    return (0.5 * (retrospect.readings() - targets_TN).square() * retrospect.experience.weights).sum(1)
