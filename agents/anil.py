"""ANIL: almost no inner loop; only the output layer adapts (Raghu et al. 2020, arXiv 1909.09157)."""

import torch
from torch import Tensor

from agents.base import Examples, Fast, Learner, Problem
from agents.networks import SharedNetwork, lecun_normal


class ANIL(Learner):
    """Adapts the output layer on features that are meta-learned and do not change during adaptation.

    Args:
        problem: inputs, outputs and loss.
        width: units of each hidden layer.
        hidden_layers: number of hidden layers.
    """

    def __init__(self, problem: Problem, width: int = 512, hidden_layers: int = 4) -> None:
        super().__init__(problem)
        self.body = SharedNetwork(problem, width, hidden_layers)
        self.head = lecun_normal(width, width, problem.outputs)
        self.bias = torch.nn.Parameter(torch.zeros(1, problem.outputs))

    def encode(self, examples: Examples, support: Tensor | None = None) -> Tensor:
        """Features with a constant one behind them, [T, N, H + 1]: the output bias is then one more row of the head."""
        features = self.body(examples.inputs)
        return torch.cat([features, torch.ones_like(features[..., :1])], -1)

    def initial_fast(self, support: Tensor) -> Fast:
        return {"head": torch.cat([self.head, self.bias]).expand(len(support), -1, -1)}

    def predict(self, fast: Fast, encoded: Tensor) -> Tensor:
        return torch.bmm(encoded, fast["head"])

    def gradient(self, fast: Fast, encoded: Tensor, examples: Examples, create_graph: bool) -> Fast:
        delta = self.loss.gradient(self.predict(fast, encoded), examples.targets, examples.weights)
        return {"head": torch.bmm(encoded.transpose(1, 2), delta)}
