"""Sums of rows of a table, differentiable as often as one likes.

Axes of tensor names: T tasks, N samples, S samples of all tasks together, R active rows, D inputs, H width, V rows of a table.
"""

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
    """:meth:`Incidence.gather`, differentiable."""
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
