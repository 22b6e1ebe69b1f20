"""A matrix that every inner step multiplies with, and whose gradient is formed only once.

Plain autograd would write an outer product as large as the matrix for each use and add them all up; here the factors are noted
and multiplied together at the end. Axes of tensor names: T tasks, C templates, P positions (samples x units), K uses.
"""

from typing import Any

import torch
from torch import Tensor


class Projection:
    """A batch of matrices [T, C, P] as an operand of many products.

    Args:
        matrix_TCP: the matrices; gradients flow back to them.
    """

    def __init__(self, matrix_TCP: Tensor) -> None:
        self._factors: list[tuple[Tensor, Tensor]] = []
        self.matrix: Tensor = _Gather.apply(matrix_TCP, self._factors)  # type: ignore[no-untyped-call]

    def __len__(self) -> int:
        return len(self.matrix)

    def mix(self, coefficients_TC: Tensor) -> Tensor:
        """``sum over c of coefficients[t, c] * matrix[t, c, p]``, [T, P]."""
        return _Mix.apply(self.matrix, coefficients_TC, self._factors)  # type: ignore[no-untyped-call]

    def correlate(self, values_TP: Tensor) -> Tensor:
        """``sum over p of matrix[t, c, p] * values[t, p]``, [T, C]."""
        return _Correlate.apply(self.matrix, values_TP, self._factors)  # type: ignore[no-untyped-call]


def _mix(matrix: Tensor, coefficients: Tensor) -> Tensor:
    return torch.bmm(coefficients[:, None], matrix)[:, 0]


def _correlate(matrix: Tensor, values: Tensor) -> Tensor:
    # A batched matrix-vector product, several times faster in this form than by bmm on the CPU.
    return (matrix * values[:, None]).sum(2)


class _Gather(torch.autograd.Function):
    """Identity; its backward pass, which runs after those of all uses, multiplies the factors that they left."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, factors: list[tuple[Tensor, Tensor]]) -> Tensor:
        ctx.factors = factors
        return matrix.view_as(matrix)

    @staticmethod
    def backward(ctx: Any, directly: Tensor) -> tuple[Tensor, None]:
        if not ctx.factors:
            return directly, None
        coefficients, values = (torch.stack(column, 1) for column in zip(*ctx.factors, strict=True))
        ctx.factors.clear()
        return torch.baddbmm(directly, coefficients.transpose(1, 2), values), None


class _Mix(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, matrix: Tensor, coefficients: Tensor, factors: list[tuple[Tensor, Tensor]]) -> Tensor:
        ctx.save_for_backward(matrix, coefficients)
        ctx.factors = factors
        return _mix(matrix, coefficients)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor, None]:
        matrix, coefficients = ctx.saved_tensors
        if torch.is_grad_enabled():  # a backward pass that will itself be differentiated
            return coefficients[:, :, None] * gradient[:, None], _correlate(matrix, gradient), None
        ctx.factors.append((coefficients, gradient))
        return None, _correlate(matrix, gradient), None


class _Correlate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, matrix: Tensor, values: Tensor, factors: list[tuple[Tensor, Tensor]]) -> Tensor:
        ctx.save_for_backward(matrix, values)
        ctx.factors = factors
        return _correlate(matrix, values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor, None]:
        matrix, values = ctx.saved_tensors
        if torch.is_grad_enabled():
            return gradient[:, :, None] * values[:, None], _mix(matrix, gradient), None
        ctx.factors.append((gradient, values))
        return None, _mix(matrix, gradient), None
