"""Demonstrated steps, and observations that are asked about, as vectors.

Axes of tensor names: T tasks, N samples, H width.
"""

import torch
from torch import Tensor, nn

from compworld.agents.examples import Examples, Problem
from compworld.agents.networks.initialisers import check_sizes, lecun_normal
from compworld.agents.networks.inputs import input_layer


class Tokens(nn.Module):
    """A linear map of the observation, and one of its label; where none is shown, a vector says so.

    Args:
        problem: gives inputs and labels.
        width: H.
    """

    def __init__(self, problem: Problem, width: int) -> None:
        super().__init__()
        check_sizes(width=width)
        self.input_layer = input_layer(problem)
        self.rows = lecun_normal(problem.inputs, problem.inputs, width)
        self.label = nn.Linear(problem.outputs, width)
        self.unlabelled = nn.Parameter(torch.zeros(width))

    def shown(self, examples: Examples) -> Tensor:
        """Of demonstrated steps, [T, N, H]."""
        return self._scenes(examples.inputs) + self.label(examples.targets)

    def asked(self, inputs: Tensor) -> Tensor:
        """Of observations alone, [T, N, H]."""
        return self._scenes(inputs) + self.unlabelled

    def _scenes(self, inputs: Tensor) -> Tensor:
        scenes: Tensor = self.input_layer(self.input_layer.table(self.rows), inputs)
        return scenes
