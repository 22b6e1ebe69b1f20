"""AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) with epsilon inside the root, and the adjoint of one of its steps.

With bias-corrected moments m and v the step is ``p - rate * (m / (sqrt(v + EPSILON_IN_ROOT) + EPSILON) + weight_decay * p)``.
Without the epsilon inside the root, its derivative would be infinite where v is 0.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

BETA_1, BETA_2 = 0.9, 0.999
EPSILON_IN_ROOT, EPSILON = 1.19e-7, 1e-8


@dataclass(frozen=True)
class Kept:
    """What the adjoint of a step needs."""

    gradient: Tensor
    update: Tensor
    """The uncorrected first moment over ``denominator``."""
    denominator: Tensor


class AdamW:
    """The steps of one inner loop, from moments of 0 on.

    The second moment is stored divided by ``BETA_2 ** step``, so that a step only adds to it.

    Args:
        like: gives the shape of the parameters.
        learning_rate: rate.
        weight_decay: decoupled from the gradient.
    """

    def __init__(self, like: Tensor, learning_rate: float, weight_decay: float) -> None:
        self.learning_rate, self.shrink = learning_rate, 1 - learning_rate * weight_decay
        self.first = torch.zeros_like(like)
        self.second = torch.zeros_like(like)
        self.epsilon = torch.full((), EPSILON_IN_ROOT, dtype=like.dtype, device=like.device)

    def step(self, number: int, parameter: Tensor, gradient: Tensor) -> tuple[Tensor, Kept]:
        """The parameters after step ``number``, counted from 1; none of the arguments changes."""
        self.first.lerp_(gradient, 1 - BETA_1)
        self.second.addcmul_(gradient, gradient, value=(1 - BETA_2) / BETA_2**number)
        root = torch.add(self.epsilon, self.second, alpha=_second_scale(number)).sqrt_()
        denominator = root.add_(EPSILON)
        update = self.first / denominator
        moved = (parameter * self.shrink).add_(update, alpha=-self.learning_rate / (1 - BETA_1**number))
        return moved, Kept(gradient, update, denominator)


class AdamWAdjoint:
    """Walks back through the steps of :class:`AdamW`, the last one first.

    Args:
        adjoint: derivative of the objective with respect to the parameters after the last step; belongs to this object.
        learning_rate, weight_decay: as of the steps.
    """

    def __init__(self, adjoint: Tensor, learning_rate: float, weight_decay: float) -> None:
        self.learning_rate, self.shrink = learning_rate, 1 - learning_rate * weight_decay
        self.of_parameter = adjoint
        self._of_first = torch.zeros_like(adjoint)
        self._of_second = torch.zeros_like(adjoint)

    def step(self, number: int, kept: Kept) -> Tensor:
        """Adjoint of the gradient at step ``number``; afterwards ``of_parameter`` is that of the parameters before it.

        What the gradient itself depends on is left to the caller, who adds its share to ``of_parameter``.
        """
        factor = -self.learning_rate / (1 - BETA_1**number)
        of_numerator = self.of_parameter / kept.denominator
        self._of_first.add_(of_numerator, alpha=factor)
        root = kept.denominator - EPSILON
        self._of_second.addcdiv_(of_numerator.mul_(kept.update), root, value=-0.5 * factor * _second_scale(number))
        of_gradient = torch.mul(self._of_second, kept.gradient)
        of_gradient.mul_(2 * (1 - BETA_2) / BETA_2**number).add_(self._of_first, alpha=1 - BETA_1)
        self._of_first.mul_(BETA_1)
        self.of_parameter.mul_(self.shrink)
        return of_gradient


def _second_scale(number: int) -> float:
    """From the stored to the bias-corrected second moment."""
    return BETA_2**number / (1 - BETA_2**number)
