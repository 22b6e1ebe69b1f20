"""Losses: the weighted sum over a task's samples. Axes of tensor names: T tasks, N samples, A outputs."""

from collections.abc import Callable

import torch
from torch import Tensor

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(outputs [T, N, A], targets [T, N, A], weights [T, N]) -> loss of each task, [T]."""


def squared_error(outputs_TNA: Tensor, targets_TNA: Tensor, weights_TN: Tensor) -> Tensor:
    """``0.5 (output - target)^2``, averaged over outputs."""
    return (0.5 * (outputs_TNA - targets_TNA).square().mean(-1) * weights_TN).sum(-1)


def summed_squared_error(outputs_TNA: Tensor, targets_TNA: Tensor, weights_TN: Tensor) -> Tensor:
    """``0.5 (output - target)^2``, summed over outputs (the public code of ICLR 2024)."""
    return (0.5 * (outputs_TNA - targets_TNA).square().sum(-1) * weights_TN).sum(-1)


def cross_entropy(outputs_TNA: Tensor, targets_TNA: Tensor, weights_TN: Tensor) -> Tensor:
    """Cross-entropy between the softmax of the outputs and target probabilities."""
    # Sums over the few outputs run along whole vectors of samples: several times faster on the CPU.
    logarithms_TAN = torch.log_softmax(outputs_TNA.mT.contiguous(), 1)
    return -(logarithms_TAN * (targets_TNA * weights_TN[..., None]).mT).sum((1, 2))


LOSSES: dict[str, Loss] = {function.__name__: function for function in (squared_error, summed_squared_error, cross_entropy)}
"""By name."""
