"""Plain networks that are told the task, in three widths: does width alone make them compositional (arXiv 2507.07207)?

Axes of tensor names: T tasks, N samples, M modules, A outputs.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from compworld.agents.evidence import Code, Evidence
from compworld.agents.examples import Problem
from compworld.agents.learner import Learner
from compworld.agents.networks.initialisers import lecun_normal
from compworld.agents.networks.shared import SharedNetwork
from compworld.agents.told.hypernetwork import Told


class ToldNetwork(Learner):
    """One network for all tasks, whose input is the observation with the task's code behind it.

    Args:
        problem: inputs, outputs and loss.
        width: units of each hidden layer.
        hidden_layers: number of hidden layers.
    """

    evidence: ClassVar[type[Evidence]] = Code

    def __init__(self, problem: Problem, width: int = 512, hidden_layers: int = 2) -> None:
        super().__init__(problem)
        fan_in = problem.inputs + problem.modules
        self.body = SharedNetwork(problem, width, hidden_layers)
        self.code = lecun_normal(fan_in, problem.modules, width)
        self.head = lecun_normal(width, width, problem.outputs)
        self.bias = nn.Parameter(torch.zeros(problem.outputs))

    def adapt(self, evidence: Code, generator: torch.Generator | None = None) -> Told:
        return Told(self, evidence.weights_TM)

    def forward(self, codes_TM: Tensor, inputs: Tensor) -> Tensor:
        """Outputs [T, N, A]."""
        return self.body(inputs, codes_TM @ self.code) @ self.head + self.bias


class ToldNetwork128(ToldNetwork):
    """128 wide.

    Args:
        problem, hidden_layers: as of :class:`ToldNetwork`.
    """

    def __init__(self, problem: Problem, hidden_layers: int = 2) -> None:
        super().__init__(problem, 128, hidden_layers)


class ToldNetwork512(ToldNetwork):
    """512 wide.

    Args:
        problem, hidden_layers: as of :class:`ToldNetwork`.
    """

    def __init__(self, problem: Problem, hidden_layers: int = 2) -> None:
        super().__init__(problem, 512, hidden_layers)


class ToldNetwork2048(ToldNetwork):
    """2,048 wide.

    Args:
        problem, hidden_layers: as of :class:`ToldNetwork`.
    """

    def __init__(self, problem: Problem, hidden_layers: int = 2) -> None:
        super().__init__(problem, 2048, hidden_layers)
