"""Losses with their first two derivatives written out. Axes: T tasks, N samples, A outputs.

The derivatives take outputs as [T, A, N]: with samples last, sums over the few outputs run along whole vectors of samples,
which is several times faster on the CPU.
"""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor


class Loss(ABC):
    """A loss per task: the weighted sum over its samples."""

    @abstractmethod
    def value(self, outputs_TNA: Tensor, targets_TNA: Tensor, weights_TN: Tensor) -> Tensor:
        """Loss of each task, [T]."""

    @abstractmethod
    def gradient(self, outputs_TAN: Tensor, targets_TAN: Tensor, weights_TN: Tensor) -> tuple[Tensor, Any]:
        """Gradient of each task's loss with respect to its outputs, [T, A, N], and what :meth:`curvature` needs of it."""

    @abstractmethod
    def curvature(self, kept: Any, direction_TAN: Tensor) -> Tensor:
        """Product of the loss's second derivative with a direction, [T, A, N]; equally its transposed product."""


class SquaredError(Loss):
    """``0.5 (output - target)^2``, averaged over outputs."""

    def value(self, outputs_TNA: Tensor, targets_TNA: Tensor, weights_TN: Tensor) -> Tensor:
        return (0.5 * (outputs_TNA - targets_TNA).square().mean(-1) * weights_TN).sum(-1)

    def gradient(self, outputs_TAN: Tensor, targets_TAN: Tensor, weights_TN: Tensor) -> tuple[Tensor, Any]:
        scale = (weights_TN / outputs_TAN.shape[1])[:, None]
        return (outputs_TAN - targets_TAN).mul_(scale), scale

    def curvature(self, kept: Any, direction_TAN: Tensor) -> Tensor:
        return direction_TAN * kept


class CrossEntropy(Loss):
    """Cross-entropy between the softmax of the outputs and target probabilities."""

    def value(self, outputs_TNA: Tensor, targets_TNA: Tensor, weights_TN: Tensor) -> Tensor:
        logarithms_TAN = torch.log_softmax(outputs_TNA.mT.contiguous(), 1)
        return -(logarithms_TAN * (targets_TNA * weights_TN[..., None]).mT).sum((1, 2))

    def gradient(self, outputs_TAN: Tensor, targets_TAN: Tensor, weights_TN: Tensor) -> tuple[Tensor, Any]:
        probabilities = torch.softmax(outputs_TAN, 1)
        return (probabilities - targets_TAN).mul_(weights_TN[:, None]), (probabilities, weights_TN[:, None])

    def curvature(self, kept: Any, direction_TAN: Tensor) -> Tensor:
        probabilities, weights = kept
        product = direction_TAN * probabilities
        return product.addcmul_(probabilities, product.sum(1, keepdim=True), value=-1).mul_(weights)


LOSSES: dict[str, Loss] = {"squared_error": SquaredError(), "cross_entropy": CrossEntropy()}
