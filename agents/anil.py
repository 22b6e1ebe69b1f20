"""ANIL: almost no inner loop; only the output layer adapts (Raghu et al. 2020, arXiv 1909.09157).

Axes of tensor names: T tasks, N samples, A outputs, H width (with a constant one behind the features).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from agents.base import Examples, Fast, Learner, Problem
from agents.compiled.adamw import rates
from agents.compiled.anil import query_losses, room
from agents.compiled.function import Arrays, reused, rounded_up, sum_of_losses
from agents.compiled.tasks import Packing
from agents.explicit import InnerProblem
from agents.losses import CrossEntropy, Loss
from agents.networks import SharedNetwork, lecun_normal

if TYPE_CHECKING:
    from agents.adaptation import InnerLoop


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
        """Features with a constant one behind them, [T, N, H]: the output bias is then one more column of the head."""
        features = self.body(examples.inputs)
        return torch.cat([features, torch.ones_like(features[..., :1])], -1)

    def initial_fast(self, support: Tensor) -> Fast:
        return {"head": torch.cat([self.head, self.bias]).mT.expand(len(support), -1, -1)}

    def predict(self, fast: Fast, encoded: Tensor) -> Tensor:
        return torch.bmm(fast["head"], encoded.mT).mT

    def inner_problem(self, encoded: Tensor, support: Examples) -> InnerProblem:
        return _HeadProblem(self.loss, encoded, support)

    def compiled_query_loss(self, inner: "InnerLoop", support: Examples, query: Examples, weights_WTN: Tensor) -> Tensor:
        few, asked = Packing(support), Packing(query)
        features, asked_features = self.body(few.inputs[None])[0], self.body(asked.inputs[None])[0]
        start = torch.cat([self.head, self.bias]).mT.flatten()
        few_set, asked_set = few.task_set(features, weights_WTN), asked.task_set(asked_features, query.weights[None])
        inner_rates, classes = rates(inner, few_set.targets.dtype), isinstance(self.loss, CrossEntropy)
        samples = rounded_up(max(support.weights.shape[1], query.weights.shape[1]))

        def kernel(first: int, last: int, slow: Arrays, of_slow: Arrays) -> float:
            place = reused(room, inner.steps, samples, few_set.targets.shape[1], slow[0])
            return query_losses(first, last, few_set, asked_set, inner_rates, classes, slow[0], *of_slow, place)

        return sum_of_losses(kernel, few.lengths, [start], [features, asked_features])


@dataclass(frozen=True)
class _Kept:
    head_TAH: Tensor
    delta_TAN: Tensor
    curvature: Any


class _HeadProblem(InnerProblem):
    def __init__(self, loss: Loss, features_TNH: Tensor, support: Examples) -> None:
        self.loss = loss
        self.slow = (features_TNH,)
        self.features = features_TNH.detach()
        self.targets_TAN = support.targets.mT.contiguous()
        self._forget()

    def _forget(self) -> None:
        self._left: list[Tensor] = []
        self._right: list[Tensor] = []

    def gradient(self, fast: Tensor, weights_TN: Tensor) -> tuple[Tensor, _Kept]:
        delta, curvature = self.loss.gradient(torch.bmm(fast, self.features.mT), self.targets_TAN, weights_TN)
        return torch.bmm(delta, self.features), _Kept(fast, delta, curvature)

    def adjoint(self, kept: _Kept, direction: Tensor) -> Tensor:
        along = self.loss.curvature(kept.curvature, torch.bmm(direction, self.features.mT))
        self._left += [kept.delta_TAN, along]
        self._right += [direction, kept.head_TAH]
        return torch.bmm(along, self.features)

    def slow_adjoints(self) -> tuple[Tensor]:
        # The features' derivative is a sum of outer products over all steps and outputs: one matrix product.
        of_features = torch.bmm(torch.cat(self._left, 1).mT, torch.cat(self._right, 1))
        self._forget()
        return (of_features,)
