"""What adapts of a hypernetwork: coefficients of every layer. Axes of tensor names: T tasks, L layers, C of a layer."""

import math

import torch
from torch import Tensor, nn

from compworld.agents.networks.templates import TemplateNetwork


def starting_coefficients(network: TemplateNetwork, count: int) -> nn.Parameter:
    """So many for each layer, [L, C]: uniform, with variance one over the number of layers that share a bank."""
    banks = network.bank_of_layer
    bounds = torch.tensor([math.sqrt(3 / banks.count(bank)) for bank in banks])
    return nn.Parameter(bounds[:, None] * torch.empty(len(banks), count).uniform_(-1, 1))


def rescaled(coefficients_TLC: Tensor) -> Tensor:
    """Coefficients scaled to norm sqrt(C); the scale counts as a constant for every gradient."""
    count = coefficients_TLC.shape[-1]
    return coefficients_TLC * (math.sqrt(count) / coefficients_TLC.detach().norm(dim=-1, keepdim=True).clamp_min(1e-12))


def by_layer(coefficients_TLC: Tensor) -> dict[str, Tensor]:
    """What each layer's coefficients tell of a task, as readings."""
    return {f"coefficients of layer {number}": values for number, values in enumerate(coefficients_TLC.unbind(1), 1)}
