"""Initial values of parameters."""

import math

import torch
from torch import nn


def truncated_normal(*shape: int, deviation: float) -> nn.Parameter:
    """Normal entries of the given standard deviation, cut off at two of them (without correcting for the cut)."""
    return nn.Parameter(nn.init.trunc_normal_(torch.empty(*shape), std=deviation, a=-2 * deviation, b=2 * deviation))


def lecun_normal(fan_in: int, *shape: int) -> nn.Parameter:
    """Truncated normal entries (LeCun et al. 1998); the cut leaves a standard deviation of 0.88 / sqrt(fan_in)."""
    return truncated_normal(*shape, deviation=1 / math.sqrt(fan_in))


def check_sizes(**sizes: int) -> None:
    """Raise ValueError for a size below 1."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} {size} of a network; allowed: at least 1")
