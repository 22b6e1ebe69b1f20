"""Blocks of [linear, layer norm, ELU] that make a mixture from coefficients (ICLR 2024, appendix C).

Axes of tensor names: T tasks, C width.
"""

import torch
from torch import Tensor, nn

from compworld.agents.networks.initialisers import lecun_normal

LAYER_NORM_EPSILON = 1e-6

Block = tuple[Tensor, Tensor, Tensor, Tensor]
"""Weight, bias, gain and shift."""


class Embedding(nn.Module):
    """A chain of blocks.

    Args:
        inputs: length of the input vector.
        width: of each block, C.
        depth: number of blocks.
    """

    def __init__(self, inputs: int, width: int, depth: int) -> None:
        super().__init__()
        sizes = [inputs, *[width] * depth]
        self.weights = nn.ParameterList(lecun_normal(sizes[i], sizes[i], sizes[i + 1]) for i in range(depth))
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(width)) for _ in range(depth))
        self.gains = nn.ParameterList(nn.Parameter(torch.ones(width)) for _ in range(depth))
        self.shifts = nn.ParameterList(nn.Parameter(torch.zeros(width)) for _ in range(depth))

    def forward(self, value: Tensor) -> Tensor:
        """The mixture [T, C]."""
        for weight, bias, gain, shift in self.blocks():
            linear = torch.addmm(bias, value, weight)
            value = nn.functional.elu(nn.functional.layer_norm(linear, linear.shape[1:], gain, shift, LAYER_NORM_EPSILON))
        return value

    def blocks(self) -> list[Block]:
        """Parameters of each block."""
        return list(zip(self.weights, self.biases, self.gains, self.shifts, strict=True))
