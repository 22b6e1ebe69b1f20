"""A network with one set of weights for all tasks. Axes of tensor names: T tasks, N samples, R active rows, H width."""

import torch
from torch import Tensor, nn

from compworld.agents.examples import Problem
from compworld.agents.networks.initialisers import check_sizes, lecun_normal
from compworld.agents.networks.inputs import input_layer


class SharedNetwork(nn.Module):
    """A ReLU network.

    Args:
        problem: gives the inputs.
        width: of every layer, the last one included.
        hidden_layers: number of layers, each followed by ReLU.
    """

    def __init__(self, problem: Problem, width: int, hidden_layers: int) -> None:
        super().__init__()
        check_sizes(width=width, hidden_layers=hidden_layers)
        self.input_layer = input_layer(problem)
        self.first = lecun_normal(problem.inputs, problem.inputs, width)
        self.weights = nn.ParameterList(lecun_normal(width, width, width) for _ in range(hidden_layers - 1))
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(width)) for _ in range(hidden_layers))

    def forward(self, inputs_TNR: Tensor, context_TH: Tensor | None = None) -> Tensor:
        """Activations of the last hidden layer, [T, N, H].

        Args:
            inputs_TNR: observations.
            context_TH: of each task, added to what goes into the first ReLU.
        """
        hidden = self.input_layer(self.input_layer.table(self.first), inputs_TNR) + self.biases[0]
        hidden = torch.relu_(hidden if context_TH is None else hidden + context_TH[:, None])
        for weight, bias in zip(self.weights, list(self.biases)[1:], strict=True):
            hidden = torch.relu_(nn.functional.linear(hidden, weight.mT, bias))
        return hidden
