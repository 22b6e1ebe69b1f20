"""Blocks of [linear, layer norm, ELU], with backward pass and R-operator written out (see :mod:`agents.perceptron`).

Axes of tensor names: T tasks, C width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from agents.networks import lecun_normal

LAYER_NORM_EPSILON = 1e-6


@dataclass(frozen=True)
class BlockPass:
    """What one block leaves behind."""

    inputs: Tensor
    linear: Tensor
    mean: Tensor
    inverse: Tensor
    """One over the standard deviation, [T, 1]."""
    normalised: Tensor
    output: Tensor


@dataclass(frozen=True)
class BlockGradient:
    """Gradients with respect to a block's intermediate values."""

    output: Tensor
    affine: Tensor
    """Gradient of what enters ELU: normalised * gain + shift."""
    normalised: Tensor
    linear: Tensor


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
        for block in self.blocks():
            value = run_block(block, value).output
        return value

    def blocks(self) -> list["Block"]:
        """Weight, bias, gain and shift of each block."""
        return list(zip(self.weights, self.biases, self.gains, self.shifts, strict=True))


Block = tuple[Tensor, Tensor, Tensor, Tensor]


def run_block(block: Block, inputs: Tensor) -> BlockPass:
    """Forward pass; differentiable."""
    weight, bias, gain, shift = block
    linear = torch.addmm(bias, inputs, weight)
    normalised, mean, inverse = torch.ops.aten.native_layer_norm(linear, linear.shape[1:], None, None, LAYER_NORM_EPSILON)
    return BlockPass(inputs, linear, mean, inverse, normalised, nn.functional.elu(torch.addcmul(shift, normalised, gain)))


def run_block_back(block: Block, at: BlockPass, gradient: Tensor) -> tuple[Tensor, BlockGradient]:
    """Gradient of the block's input, given that of its output."""
    of_affine = _through_elu(gradient, at.output)
    of_normalised = of_affine * block[2]
    of_linear = _through_normalisation(of_normalised, at)
    return of_linear @ block[0].mT, BlockGradient(gradient, of_affine, of_normalised, of_linear)


def run_block_along(block: Block, at: BlockPass, direction: Tensor) -> BlockPass:
    """Derivative of :func:`run_block` along a direction of its inputs."""
    linear = direction @ block[0]
    normalised = _through_normalisation(linear, at)  # its matrix is symmetric, so this is the forward derivative too
    # d(1 / deviation) = - mean(normalised * d linear) / deviation^2
    inverse = (at.normalised * linear).mean(1, keepdim=True).mul_(at.inverse).mul_(at.inverse).neg_()
    return BlockPass(direction, linear, at.mean, inverse, normalised, _through_elu(normalised * block[2], at.output))


def run_block_back_along(
    block: Block, at: BlockPass, back: BlockGradient, along: BlockPass, gradient: Tensor
) -> tuple[Tensor, BlockGradient]:
    """Derivative of :func:`run_block_back` along the same direction; ``gradient`` is that of the output's gradient."""
    # ELU's slope is output + 1 where the output is negative, and moves with it; elsewhere it is the constant 1.
    of_affine = _through_elu(gradient, at.output)
    of_affine += torch.where(at.output < 0, back.output * along.output, 0.0)
    of_normalised = of_affine * block[2]
    of_linear = _through_normalisation(of_normalised, at)
    of_linear.addcmul_(back.linear, along.inverse / at.inverse)
    correlation = (back.normalised * at.normalised).mean(1, keepdim=True)
    moved = (back.normalised * along.normalised).mean(1, keepdim=True)
    of_linear.addcmul_(torch.addcmul(along.normalised * correlation, at.normalised, moved), at.inverse, value=-1)
    return of_linear @ block[0].mT, BlockGradient(gradient, of_affine, of_normalised, of_linear)


def _through_elu(gradient: Tensor, output: Tensor) -> Tensor:
    return torch.ops.aten.elu_backward(gradient, 1.0, 1.0, 1.0, True, output)


def _through_normalisation(gradient: Tensor, at: BlockPass) -> Tensor:
    """``(g - mean(g) - n mean(g n)) / deviation``."""
    shape, which = at.linear.shape[1:], [True, False, False]
    arguments = gradient, at.linear, shape, at.mean, at.inverse, None, None, which
    return torch.ops.aten.native_layer_norm_backward(*arguments)[0]
