"""Gradients of the theory's networks equal autograd's."""

import math

import pytest
import torch

from compworld.benchmarks.theory.networks import TASKS_AT_ONCE, Networks


def drawn(tasks: int, modules: int, inputs: int, width: int) -> tuple[Networks, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = [(tasks, modules), (modules, inputs, width), (width,), (tasks, 30, inputs), (tasks, 30)]
    codes, matrices, readout, samples, labels = (torch.randn(*s, generator=generator, dtype=torch.float64) for s in shapes)
    return Networks(codes, matrices, readout), samples, labels


def plain_outputs(networks: Networks, inputs_TND: torch.Tensor) -> torch.Tensor:
    hidden_TNH = torch.einsum("tnd,tm,mdh->tnh", inputs_TND, networks.codes, networks.modules) / math.sqrt(inputs_TND.shape[2])
    return torch.relu(hidden_TNH) @ networks.readout


@pytest.mark.parametrize("tasks", [1, TASKS_AT_ONCE, 2 * TASKS_AT_ONCE + 3])
def test_gradients_equal_autograd(tasks: int) -> None:
    networks, inputs, labels = drawn(tasks, 3, 5, 7)
    parameters = [networks.codes, networks.modules, networks.readout]
    for parameter in parameters:
        parameter.requires_grad_()
    error = (plain_outputs(networks, inputs) - labels).square().mean()
    expected = torch.autograd.grad(error, parameters)
    with torch.no_grad():
        torch.testing.assert_close(networks.outputs(inputs), plain_outputs(networks, inputs), rtol=1e-12, atol=1e-12)
        found = networks.gradients(inputs, labels)
    for gradient, wanted in zip((found.codes, found.modules, found.readout), expected, strict=True):
        torch.testing.assert_close(gradient, wanted, rtol=1e-12, atol=1e-12)
