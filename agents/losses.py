"""Losses with their gradients written out. Axes: T tasks, N samples, A outputs."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor


class Loss(ABC):
    """A loss per task: the weighted sum over its samples."""

    @abstractmethod
    def value(self, outputs_TNA: Tensor, targets_TNA: Tensor, weights_TN: Tensor) -> Tensor:
        """Loss of each task, [T]."""

    @abstractmethod
    def gradient(self, outputs_TNA: Tensor, targets_TNA: Tensor, weights_TN: Tensor) -> Tensor:
        """Gradient of each task's loss with respect to its outputs, [T, N, A]; differentiable."""


class SquaredError(Loss):
    """``0.5 (output - target)^2``, averaged over outputs."""

    def value(self, outputs_TNA: Tensor, targets_TNA: Tensor, weights_TN: Tensor) -> Tensor:
        return (0.5 * (outputs_TNA - targets_TNA).square().mean(-1) * weights_TN).sum(-1)

    def gradient(self, outputs_TNA: Tensor, targets_TNA: Tensor, weights_TN: Tensor) -> Tensor:
        return (outputs_TNA - targets_TNA) * (weights_TN / outputs_TNA.shape[-1])[..., None]


class CrossEntropy(Loss):
    """Cross-entropy between the softmax of the outputs and target probabilities."""

    def value(self, outputs_TNA: Tensor, targets_TNA: Tensor, weights_TN: Tensor) -> Tensor:
        return -((torch.log_softmax(outputs_TNA, -1) * targets_TNA).sum(-1) * weights_TN).sum(-1)

    def gradient(self, outputs_TNA: Tensor, targets_TNA: Tensor, weights_TN: Tensor) -> Tensor:
        return (torch.softmax(outputs_TNA, -1) - targets_TNA) * weights_TN[..., None]


LOSSES: dict[str, Loss] = {"squared_error": SquaredError(), "cross_entropy": CrossEntropy()}
