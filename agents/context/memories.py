"""What becomes of all that was seen so far: a context for each step.

A memory reads whole packed sequences in training, and one step after the other while it acts; both give the same.
Axes of tensor names: S steps of all trials together, B trials, H width, R active rows.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from compworld.agents.context.heads import DEVIATION, Rows
from compworld.agents.context.seen import Seen
from compworld.agents.examples import Problem
from compworld.agents.networks.gru import GRU
from compworld.agents.networks.initialisers import check_sizes

State = dict[str, Tensor]
"""What is remembered of B trials; every tensor begins with their axis."""


class Memory(nn.Module, ABC):
    """Attributes:
    width: H, of a context.
    """

    width: int

    @abstractmethod
    def forward(self, seen: Seen, sizes: Sequence[int]) -> Tensor:
        """Contexts [S, H] of packed trials; ``sizes`` as of :class:`compworld.agents.networks.gru.GRU`."""

    @abstractmethod
    def start(self, trials: int) -> State:
        """What is remembered before the first step."""

    @abstractmethod
    def step(self, seen: Seen, state: State) -> tuple[Tensor, State]:
        """Contexts [B, H] at the next step of B trials, and what is remembered then."""


class Transition(nn.Module):
    """A linear map of what was seen before, what was done then and what that gave: [S, H].

    What was there and what was done have weights for each pair, without and with the reward as a factor: which object gave what
    can be read off at once.

    Args:
        problem: gives rows and actions.
        width: H.
    """

    def __init__(self, problem: Problem, width: int) -> None:
        super().__init__()
        self.width, self.actions = width, problem.outputs
        self.now = Rows(problem, width)
        self.before = nn.EmbeddingBag((problem.inputs + 1) * problem.outputs, 2 * width, mode="sum")
        nn.init.normal_(self.before.weight, std=DEVIATION)
        self.other = nn.Linear(3, width)

    def forward(self, seen: Seen) -> Tensor:
        assert seen.rows_before is not None
        assert seen.action is not None
        assert seen.reward is not None
        assert seen.begins is not None
        assert seen.left is not None
        plain, factor = self.before(seen.rows_before * self.actions + seen.action[:, None]).chunk(2, 1)
        told = torch.stack([seen.reward, seen.begins, seen.left], 1)
        return self.now(seen.rows) + self.other(told) + plain + factor * seen.reward[:, None]


class Recurrent(Memory):
    """A gated recurrent unit over transitions.

    Args:
        problem: gives rows and actions.
        width: H.
        inputs: length of its inputs.
    """

    def __init__(self, problem: Problem, width: int, inputs: int) -> None:
        super().__init__()
        check_sizes(width=width, inputs=inputs)
        self.width = width
        self.transition = Transition(problem, inputs)
        self.cell = GRU(inputs, width)

    def forward(self, seen: Seen, sizes: Sequence[int]) -> Tensor:
        return self.cell(torch.relu(self.transition(seen)), sizes)

    def start(self, trials: int) -> State:
        return {"hidden": self.cell.bias.new_zeros(trials, self.width)}

    def step(self, seen: Seen, state: State) -> tuple[Tensor, State]:
        hidden = self.cell(torch.relu(self.transition(seen)), [len(seen)], state["hidden"])
        return hidden, {"hidden": hidden}


class Told(Memory):
    """The context is a linear map of the task's code: nothing needs to be remembered.

    Args:
        problem: gives the length of a code.
        width: H.
    """

    def __init__(self, problem: Problem, width: int) -> None:
        super().__init__()
        self.width = width
        self.map = nn.Linear(problem.modules, width)

    def forward(self, seen: Seen, sizes: Sequence[int]) -> Tensor:
        assert seen.code is not None
        return self.map(seen.code)

    def start(self, trials: int) -> State:
        return {}

    def step(self, seen: Seen, state: State) -> tuple[Tensor, State]:
        return self(seen, [len(seen)]), state


class Without(Memory):
    """The same context always.

    Args:
        width: H.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.context = nn.Parameter(torch.zeros(width))

    def forward(self, seen: Seen, sizes: Sequence[int]) -> Tensor:
        return self.context.expand(len(seen), -1)

    def start(self, trials: int) -> State:
        return {}

    def step(self, seen: Seen, state: State) -> tuple[Tensor, State]:
        return self(seen, [len(seen)]), state
