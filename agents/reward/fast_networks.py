"""Networks with fast parameters that own experience can adapt: they read what actions give, and act.

Axes of tensor names: T trials, N steps, R active rows, A actions, H width.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from compworld.agents.context.heads import DEVIATION, MixedHead
from compworld.agents.examples import Problem
from compworld.agents.gradient.learner import GradientLearner
from compworld.agents.gradient.loop import Fast
from compworld.agents.networks.initialisers import check_sizes


class FastNetwork(nn.Module, ABC):
    """A reader of what actions give, and a policy, that share fast parameters."""

    @abstractmethod
    def initial_fast(self, trials: int) -> Fast:
        """Fast parameters before adaptation, [T, ...]."""

    @abstractmethod
    def encode(self, rows_TNR: Tensor, actions_TN: Tensor) -> Any:
        """What readings need to know about scenes and what was done in them."""

    @abstractmethod
    def read(self, fast: Fast, encoded: Any) -> Tensor:
        """What each action is thought to give, [T, N]."""

    @abstractmethod
    def policy(self, fast: Fast, rows_TNR: Tensor) -> Tensor:
        """Outputs [T, N, A] of the policy."""


class Features(nn.Module):
    """Features of a scene and what is done in it: weights for each pair of row and action, added up, and two layers.

    Args:
        problem: gives rows and actions.
        hidden: width of the hidden layer.
        width: H.
    """

    def __init__(self, problem: Problem, hidden: int, width: int) -> None:
        super().__init__()
        check_sizes(hidden=hidden, width=width)
        self.actions = problem.outputs
        self.pairs = nn.EmbeddingBag((problem.inputs + 1) * problem.outputs, hidden, mode="sum")
        nn.init.normal_(self.pairs.weight, std=DEVIATION)
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.output = nn.Linear(hidden, width)

    def forward(self, rows_TNR: Tensor, actions_TN: Tensor) -> Tensor:
        """Features [T, N, H]."""
        pairs = (rows_TNR * self.actions + actions_TN[..., None]).flatten(0, 1)
        return self.output(torch.relu(self.pairs(pairs) + self.bias)).unflatten(0, actions_TN.shape)


class MixingNetwork(FastNetwork):
    """A vector adapts that is both the last layer of the reader and what mixes a policy from templates.

    Args:
        problem: gives rows and actions.
        width: H, of the vector.
        hidden: of the reader's hidden layer.
        policy_width, templates: of :class:`compworld.agents.context.heads.MixedHead`.
    """

    def __init__(self, problem: Problem, width: int, hidden: int, policy_width: int, templates: int) -> None:
        super().__init__()
        self.features = Features(problem, hidden, width)
        self.head = MixedHead(problem, width, policy_width, problem.outputs, templates)
        # Not 0: the head's weights for it start at 0, and then neither would ever have a gradient.
        self.start = nn.Parameter(torch.randn(width))

    def initial_fast(self, trials: int) -> Fast:
        return {"coefficients": self.start.expand(trials, -1)}

    def encode(self, rows_TNR: Tensor, actions_TN: Tensor) -> Tensor:
        return self.features(rows_TNR, actions_TN)

    def read(self, fast: Fast, encoded: Tensor) -> Tensor:
        return torch.bmm(encoded, fast["coefficients"][..., None])[..., 0]

    def policy(self, fast: Fast, rows_TNR: Tensor) -> Tensor:
        trials, steps, _ = rows_TNR.shape
        context = fast["coefficients"].repeat_interleave(steps, 0)
        return self.head(context, rows_TNR.flatten(0, 1)).unflatten(0, (trials, steps))


class ValueNetwork(FastNetwork):
    """ANIL by values: the last layer of a network adapts, which reads the value of an action; it acts by these values.

    Args:
        problem: gives rows and actions.
        width: H, of the features.
        hidden: of the hidden layer before them.
    """

    def __init__(self, problem: Problem, width: int, hidden: int) -> None:
        super().__init__()
        self.features = Features(problem, hidden, width)
        self.start = nn.Parameter(torch.randn(width))

    def initial_fast(self, trials: int) -> Fast:
        return {"head": self.start.expand(trials, -1)}

    def encode(self, rows_TNR: Tensor, actions_TN: Tensor) -> Tensor:
        return self.features(rows_TNR, actions_TN)

    def read(self, fast: Fast, encoded: Tensor) -> Tensor:
        return torch.bmm(encoded, fast["head"][..., None])[..., 0]

    def policy(self, fast: Fast, rows_TNR: Tensor) -> Tensor:
        each = (torch.full_like(rows_TNR[..., 0], action) for action in range(self.features.actions))
        return torch.stack([self.read(fast, self.encode(rows_TNR, action)) for action in each], -1)


class DefinedNetwork(FastNetwork):
    """A definition of :mod:`compworld.agents.gradient`, as it stands: half of its outputs are the policy's, half read.

    Args:
        problem: gives rows and actions.
        make: the definition, called with a problem that has twice as many outputs.
    """

    def __init__(self, problem: Problem, make: Callable[[Problem], GradientLearner]) -> None:
        super().__init__()
        self.actions, self.nothing = problem.outputs, problem.inputs
        # Rows relative to the agent have one for each maze already: nothing stands for walls.
        rows = torch.arange(problem.inputs + 1)
        walls = torch.zeros(0, problem.inputs)
        self.defined = make(replace(problem, outputs=2 * problem.outputs, wall_rows=walls, possible_rows=rows))

    def initial_fast(self, trials: int) -> Fast:
        return self.defined.initial_fast(self.defined.encode(torch.full((trials, 1, 1), self.nothing)))

    def encode(self, rows_TNR: Tensor, actions_TN: Tensor) -> tuple[Any, Tensor]:
        return self.defined.encode(rows_TNR), actions_TN

    def read(self, fast: Fast, encoded: tuple[Any, Tensor]) -> Tensor:
        scenes, actions_TN = encoded
        outputs = self.defined.predict(fast, scenes)[..., self.actions :]
        return outputs.gather(2, actions_TN[..., None])[..., 0]

    def policy(self, fast: Fast, rows_TNR: Tensor) -> Tensor:
        return self.defined.predict(fast, self.defined.encode(rows_TNR))[..., : self.actions]
