"""First layers that are mixed from templates, for sparse observations, or dense ones.

Two ways to the same pre-activations. Both take coefficients and give, for gradients with respect to the pre-activations, those
with respect to the coefficients.

Axes of tensor names: T tasks, N samples, S samples of all tasks together, R active rows, C templates, H width, V rows of a
table, P what a way works on: N * H or V * H.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


class Incidence:
    """Which rows of a table each sample adds up, and the same the other way round.

    Args:
        inputs_SR: int64; active rows.
        rows: V.
    """

    def __init__(self, inputs_SR: Tensor, rows: int) -> None:
        self.inputs, self.rows = inputs_SR, rows
        self._samples: Tensor | None = None
        self._first: Tensor | None = None

    def gather(self, table_VH: Tensor) -> Tensor:
        """Sum of each sample's rows, [S, H]."""
        return functional.embedding_bag(self.inputs, table_VH, mode="sum")

    def scatter(self, values_SH: Tensor) -> Tensor:
        """Sum of the samples of each row, [V, H]: the transpose of :meth:`gather`."""
        if self._samples is None:  # made once, where autograd's backward pass of a gather would sort at each call
            row, order = torch.sort(self.inputs.flatten())
            self._samples = order // self.inputs.shape[1]
            self._first = torch.searchsorted(row, torch.arange(self.rows, device=row.device))
        return functional.embedding_bag(self._samples, values_SH.contiguous(), self._first, mode="sum")


class DenseIncidence:
    """The same for dense observations: how much of every row of its task's table a sample adds up.

    Args:
        inputs_TND: observations; task t's table is the t-th of T that lie one behind the other.
    """

    def __init__(self, inputs_TND: Tensor) -> None:
        self.inputs = inputs_TND

    def gather(self, table_VH: Tensor) -> Tensor:
        """Weighted sum of rows, [S, H]."""
        tasks, _, rows = self.inputs.shape
        return torch.bmm(self.inputs, table_VH.view(tasks, rows, -1)).flatten(0, 1)

    def scatter(self, values_SH: Tensor) -> Tensor:
        """The transpose of :meth:`gather`, [V, H]."""
        tasks, samples, _ = self.inputs.shape
        return torch.bmm(self.inputs.mT, values_SH.reshape(tasks, samples, -1)).flatten(0, 1)


def gather(table_VH: Tensor, incidence: Incidence | DenseIncidence) -> Tensor:
    """:meth:`Incidence.gather`, differentiable as often as one likes."""
    return _Gather.apply(table_VH, incidence)  # type: ignore[no-untyped-call]


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, incidence: Incidence | DenseIncidence) -> Tensor:
        ctx.incidence = incidence
        return incidence.gather(table)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _Scatter.apply(gradient, ctx.incidence), None  # type: ignore[no-untyped-call]


class _Scatter(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, incidence: Incidence | DenseIncidence) -> Tensor:
        ctx.incidence = incidence
        return incidence.scatter(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _Gather.apply(gradient, ctx.incidence), None  # type: ignore[no-untyped-call]


class MixedInput(ABC):
    """A first layer for one set of examples, with weights mixed for each task."""

    slow: Tensor
    """What is mixed; pre-activations are linear in it and in the coefficients."""
    tasks: int

    @abstractmethod
    def detached(self) -> "MixedInput":
        """The same, apart from autograd."""

    @abstractmethod
    def mix(self, coefficients_TC: Tensor) -> Tensor:
        """Pre-activations [T, N, H]."""

    @abstractmethod
    def pull(self, values_TNH: Tensor) -> Tensor:
        """Gradients of pre-activations as gradients with respect to what was mixed, [T, P]."""

    @abstractmethod
    def correlate(self, pulled_TP: Tensor) -> Tensor:
        """Those as gradients with respect to the coefficients, [T, C]."""

    @abstractmethod
    def of_slow(self, coefficients: Sequence[Tensor], pulled: Sequence[Tensor]) -> Tensor:
        """Sum over pairs of (coefficients [T, C], pulled gradients [T, P]) of the gradients with respect to ``slow``."""


class ProjectedInput(MixedInput):
    """Observations projected on every template once: pre-activations are linear in the coefficients, so that is all they need.

    Args:
        slow_TCP: the projections, with P for N x H.
        width: H.
    """

    def __init__(self, slow_TCP: Tensor, width: int) -> None:
        self.slow, self.width, self.tasks = slow_TCP, width, len(slow_TCP)

    def detached(self) -> "ProjectedInput":
        return ProjectedInput(self.slow.detach(), self.width)

    def mix(self, coefficients_TC: Tensor) -> Tensor:
        positions = self.slow.shape[2]
        return torch.bmm(coefficients_TC[:, None], self.slow).view(self.tasks, positions // self.width, self.width)

    def pull(self, values_TNH: Tensor) -> Tensor:
        return values_TNH.flatten(1)

    def correlate(self, pulled_TP: Tensor) -> Tensor:
        # A row times the transposed matrix: on the CPU ten times faster than the matrix times a column.
        return torch.bmm(pulled_TP[:, None], self.slow.mT)[:, 0]

    def of_slow(self, coefficients: Sequence[Tensor], pulled: Sequence[Tensor]) -> Tensor:
        return torch.bmm(torch.stack(list(coefficients), 2), torch.stack(list(pulled), 1))


class GeneratedInput(MixedInput):
    """The first layer's table generated for each task, of which a sample gathers its active rows.

    Args:
        slow_CP: the templates of the table, with P for V x H.
        incidence: active rows, those of task t shifted by t * V, or dense observations.
        tasks: T.
        width: H.
    """

    def __init__(self, slow_CP: Tensor, incidence: Incidence | DenseIncidence, tasks: int, width: int) -> None:
        self.slow, self.incidence, self.tasks, self.width = slow_CP, incidence, tasks, width

    def detached(self) -> "GeneratedInput":
        return GeneratedInput(self.slow.detach(), self.incidence, self.tasks, self.width)

    def mix(self, coefficients_TC: Tensor) -> Tensor:
        table = (coefficients_TC @ self.slow).view(-1, self.width)
        return gather(table, self.incidence).view(self.tasks, -1, self.width)

    def pull(self, values_TNH: Tensor) -> Tensor:
        return self.incidence.scatter(values_TNH.flatten(0, 1)).view(self.tasks, -1)

    def correlate(self, pulled_TP: Tensor) -> Tensor:
        return pulled_TP @ self.slow.mT

    def of_slow(self, coefficients: Sequence[Tensor], pulled: Sequence[Tensor]) -> Tensor:
        total = torch.zeros_like(self.slow)
        for mixture, gradient in zip(coefficients, pulled, strict=True):
            total.addmm_(mixture.mT, gradient)
        return total
