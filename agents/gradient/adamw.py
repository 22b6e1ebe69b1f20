"""AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) with epsilon inside the root, as a function that can be differentiated.

With bias-corrected moments m and v the step is ``p - rate * (m / (sqrt(v + EPSILON_IN_ROOT) + EPSILON) + weight_decay * p)``.
Without the epsilon inside the root, its derivative would be infinite where v is 0.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

BETA_1, BETA_2 = 0.9, 0.999
EPSILON_IN_ROOT, EPSILON = float(torch.finfo(torch.float32).eps), 1e-8
"""The former is 1.1920929e-7, as in the public code of ICLR 2024."""


@dataclass(frozen=True)
class Moments:
    """Running means of a parameter's gradients and of their squares, after so many steps."""

    first: Tensor
    second: Tensor
    steps: int = 0

    @classmethod
    def like(cls, parameter: Tensor) -> "Moments":
        return cls(torch.zeros_like(parameter), torch.zeros_like(parameter))


def step(
    parameter: Tensor, gradient: Tensor, moments: Moments, learning_rate: float | Tensor, weight_decay: float
) -> tuple[Tensor, Moments]:
    """The parameter and its moments one step later; nothing changes in place."""
    number = moments.steps + 1
    first = torch.lerp(moments.first, gradient, 1 - BETA_1)
    second = BETA_2 * moments.second + (1 - BETA_2) * gradient.square()
    root = (second / (1 - BETA_2**number) + EPSILON_IN_ROOT).sqrt()
    update = first / (1 - BETA_1**number) / (root + EPSILON)
    return parameter - learning_rate * (update + weight_decay * parameter), Moments(first, second, number)
