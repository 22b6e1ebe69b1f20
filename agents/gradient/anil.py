"""ANIL: almost no inner loop; only the output layer adapts (Raghu et al. 2020, arXiv 1909.09157).

Axes of tensor names: T tasks, N samples, A outputs, H width (with a constant one behind the features).
"""

import torch
from torch import Tensor

from compworld.agents.examples import Problem
from compworld.agents.gradient.learner import GradientLearner
from compworld.agents.gradient.loop import Fast, InnerLoop
from compworld.agents.networks.initialisers import lecun_normal
from compworld.agents.networks.shared import SharedNetwork


class ANIL(GradientLearner):
    """Adapts the output layer on features that are meta-learned and do not change during adaptation.

    Args:
        problem: inputs, outputs and loss.
        inner: how it adapts.
        width: units of each hidden layer.
        hidden_layers: number of hidden layers.
    """

    def __init__(self, problem: Problem, inner: InnerLoop, width: int = 512, hidden_layers: int = 4) -> None:
        super().__init__(problem, inner)
        self.body = SharedNetwork(problem, width, hidden_layers)
        self.head = lecun_normal(width, width, problem.outputs)
        self.bias = torch.nn.Parameter(torch.zeros(1, problem.outputs))

    def encode(self, inputs: Tensor) -> Tensor:
        """Features with a constant one behind them, [T, N, H]: the output bias is then one more column of the head."""
        features = self.body(inputs)
        return torch.cat([features, torch.ones_like(features[..., :1])], -1)

    def initial_head(self) -> Tensor:
        """Weights and bias of the output layer before adaptation, [A, H]."""
        return torch.cat([self.head, self.bias]).mT

    def initial_fast(self, support: Tensor) -> Fast:
        return {"head": self.initial_head().expand(len(support), -1, -1)}

    def predict(self, fast: Fast, encoded: Tensor) -> Tensor:
        return torch.bmm(fast["head"], encoded.mT).mT
