"""First layers that are mixed from templates. Two ways to the same pre-activations, linear in the coefficients.

Axes of tensor names: T tasks, N samples, C templates, H width, V rows of a table.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from compworld.agents.networks.incidence import DenseIncidence, Incidence, gather


class MixedInput(ABC):
    """A first layer for one set of observations, with weights mixed for each task."""

    tasks: int

    @abstractmethod
    def mix(self, coefficients_TC: Tensor) -> Tensor:
        """Pre-activations [T, N, H]."""


class ProjectedInput(MixedInput):
    """Observations projected on every template once, so that only projections are mixed.

    Args:
        projections_TCP: with P for N x H.
        width: H.
    """

    def __init__(self, projections_TCP: Tensor, width: int) -> None:
        self.projections, self.width, self.tasks = projections_TCP, width, len(projections_TCP)

    def mix(self, coefficients_TC: Tensor) -> Tensor:
        return torch.bmm(coefficients_TC[:, None], self.projections).view(self.tasks, -1, self.width)


class GeneratedInput(MixedInput):
    """The first layer's table generated for each task, of which a sample gathers its active rows.

    Args:
        templates_CP: the templates of the table, with P for V x H.
        incidence: of the observations.
        tasks: T.
        width: H.
    """

    def __init__(self, templates_CP: Tensor, incidence: Incidence | DenseIncidence, tasks: int, width: int) -> None:
        self.templates, self.incidence, self.tasks, self.width = templates_CP, incidence, tasks, width

    def mix(self, coefficients_TC: Tensor) -> Tensor:
        table = (coefficients_TC @ self.templates).view(-1, self.width)
        return gather(table, self.incidence).view(self.tasks, -1, self.width)
