"""Networks with one hidden layer whose weights are sums of modules, and a scalar output: the theory's setting (ICLR 2024,
section 3).

Gradients are written out, and everything goes through one buffer, a few tasks at a time: autograd takes several times as long,
most of it for memory. The tests hold both to be equal.

Axes of tensor names: T tasks, N samples, M modules, D inputs, H width.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

TASKS_AT_ONCE = 64
"""Activations of as many tasks as stay in a core's cache."""


@dataclass(frozen=True)
class Networks:
    """The networks of several tasks, one for each code.

    Attributes:
        codes: how much of each module, [T, M].
        modules: [M, D, H].
        readout: [H], the same for all tasks.
    """

    codes: Tensor
    modules: Tensor
    readout: Tensor

    def outputs(self, inputs_TND: Tensor) -> Tensor:
        """Of every task's network for its inputs, [T, N]."""
        weights, buffer = self._weights(), self._buffer(inputs_TND)
        outputs = torch.empty_like(inputs_TND[:, :, 0])
        for inputs, some, out in _at_once(inputs_TND, weights, outputs):
            torch.matmul(_activate(inputs, some, buffer), self.readout, out=out)
        return outputs

    def gradients(self, inputs_TND: Tensor, labels_TN: Tensor) -> "Networks":
        """Of the mean squared error over tasks and samples, with respect to codes, modules and readout."""
        weights, buffer = self._weights(), self._buffer(inputs_TND)
        # Sum over samples of input times error, wherever a neuron is active: all gradients follow from it.
        driven = torch.empty_like(weights)
        for inputs, some, labels, out in _at_once(inputs_TND, weights, labels_TN, driven):
            hidden = _activate(inputs, some, buffer)
            error = hidden @ self.readout - labels
            torch.bmm(inputs.mT, hidden.sign_().mul_(error[:, :, None]), out=out)
        driven *= 2 / labels_TN.numel()
        of_weights = (driven * (self.readout / math.sqrt(inputs_TND.shape[2]))).flatten(1)
        return Networks(
            of_weights @ self.modules.flatten(1).T,
            (self.codes.T @ of_weights).view_as(self.modules),
            # An active neuron is linear in its weights.
            (weights * driven).sum((0, 1)),
        )

    def _weights(self) -> Tensor:
        """Of every task's hidden layer, divided by the root of its fan-in, [T, D, H]."""
        _, inputs, width = self.modules.shape
        return (self.codes @ self.modules.flatten(1)).view(-1, inputs, width) / math.sqrt(inputs)

    def _buffer(self, inputs_TND: Tensor) -> Tensor:
        tasks, samples, _ = inputs_TND.shape
        return inputs_TND.new_empty(min(TASKS_AT_ONCE, tasks), samples, self.modules.shape[2])


def _at_once(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Slices of a few tasks."""
    return zip(*(torch.split(tensor, TASKS_AT_ONCE) for tensor in tensors), strict=True)


def _activate(inputs_TND: Tensor, weights_TDH: Tensor, buffer: Tensor) -> Tensor:
    """Hidden activations [T, N, H], in the buffer."""
    return torch.bmm(inputs_TND, weights_TDH, out=buffer[: len(weights_TDH)]).relu_()
