"""A gated recurrent unit reads the demonstrations step by step; a network acts by what it remembers in the end.

Axes of tensor names: T tasks, N samples, S steps of all tasks packed, H width.
"""

from dataclasses import replace

import torch
from torch import Tensor

from compworld.agents.examples import Examples, Problem
from compworld.agents.networks.gru import GRU
from compworld.agents.shown.bottleneck import Bottleneck
from compworld.agents.shown.tokens import Tokens
from compworld.agents.told.network import ToldNetwork


class ShownRecurrent(Bottleneck):
    """The order of episodes and of their steps matters to it.

    Args:
        problem: inputs, outputs and loss.
        width: of the recurrent unit.
        inputs: of its inputs.
        policy_width: units of each hidden layer of the network that acts.
        hidden_layers: their number.
    """

    def __init__(
        self, problem: Problem, width: int = 96, inputs: int = 64, policy_width: int = 128, hidden_layers: int = 2
    ) -> None:
        super().__init__(problem, ToldNetwork(replace(problem, modules=width), policy_width, hidden_layers))
        self.tokens = Tokens(problem, inputs)
        self.cell = GRU(inputs, width)

    def infer(self, shown: Examples) -> Tensor:
        counts_TN = shown.weights > 0
        task, sample = counts_TN.nonzero(as_tuple=True)
        step = counts_TN.cumsum(1)[task, sample] - 1
        lengths_T = counts_TN.sum(1)
        place_T = lengths_T.argsort(descending=True, stable=True).argsort()
        packed_S = (step * len(counts_TN) + place_T[task]).argsort()
        tokens = self.tokens.shown(shown)[task[packed_S], sample[packed_S]]
        hidden = self.cell(torch.relu(tokens), torch.bincount(step).tolist())
        last = torch.empty_like(packed_S).scatter_(0, packed_S, torch.arange(len(packed_S), device=packed_S.device))
        latents: Tensor = hidden[last[step == lengths_T[task] - 1]]
        return latents
