"""Layer norm and blocks of [linear, layer norm, ELU] that make a mixture from coefficients (ICLR 2024, appendix C).

Axes of tensor names: T tasks, C width.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from compworld.agents.networks.initialisers import lecun_normal

LAYER_NORM_EPSILON = 1e-5


class Embedding(nn.Module):
    """A layer norm and a chain of blocks.

    Args:
        inputs: length of the input vector.
        width: of each block, C.
        depth: number of blocks.
    """

    def __init__(self, inputs: int, width: int, depth: int) -> None:
        super().__init__()
        sizes = [inputs, *[width] * depth]
        self.weights = nn.ParameterList(lecun_normal(before, before, size) for before, size in pairwise(sizes))
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(size)) for size in sizes[1:])
        self.gains = nn.ParameterList(nn.Parameter(torch.ones(size)) for size in sizes)
        self.shifts = nn.ParameterList(nn.Parameter(torch.zeros(size)) for size in sizes)

    def forward(self, value: Tensor) -> Tensor:
        """The mixture [T, C]."""
        (gain, *gains), (shift, *shifts) = self.gains, self.shifts
        value = _normalised(value, gain, shift)
        for weight, bias, gain, shift in zip(self.weights, self.biases, gains, shifts, strict=True):
            value = nn.functional.elu(_normalised(torch.addmm(bias, value, weight), gain, shift))
        return value


def _normalised(value: Tensor, gain: Tensor, shift: Tensor) -> Tensor:
    return nn.functional.layer_norm(value, value.shape[1:], gain, shift, LAYER_NORM_EPSILON)
