"""MAML: every weight adapts from a meta-learned initialisation (Finn, Abbeel & Levine 2017, arXiv 1703.03400).

Axes of tensor names: T tasks, N samples, U different rows that a task's support set uses, R active rows, H width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from agents.base import Examples, Fast, Learner, Problem
from agents.networks import SparseInput, lecun_normal, perceptron, perceptron_gradients


@dataclass(frozen=True)
class Encoding:
    """A set of examples in terms of the rows of the first layer that the support set uses."""

    used_TU: Tensor
    """int64: the rows that the support set uses; padded with the row of nothing."""
    size_TU: Tensor
    """How many inputs a row stands for: the number of walls for a maze's row, 0 for nothing, else 1."""
    incidence_TNU: Tensor
    """1 where a sample has the row active."""
    inputs_TNR: Tensor


class MAML(Learner):
    """Adapts all weights and biases.

    Only rows of the first layer that are active in a task's support set have a gradient, so only those are kept per task; the
    others just decay, which one number per task (``decay``, adapted with gradient 0) follows. The rows of a maze's walls are
    always active together and get equal updates, so their mean stands for them.

    The shortcut assumes that a task's episodes all have the same maze, as they do in every family.

    Args:
        problem: inputs, outputs and loss.
        width: units of each hidden layer.
        hidden_layers: number of hidden layers.
    """

    def __init__(self, problem: Problem, width: int = 368, hidden_layers: int = 3) -> None:
        super().__init__(problem)
        self.sparse_input = SparseInput(problem)
        self.hidden_layers = hidden_layers
        sizes = [problem.inputs, *[width] * hidden_layers, problem.outputs]
        for layer in range(hidden_layers + 1):
            self.register_parameter(f"weight_{layer}", lecun_normal(sizes[layer], sizes[layer], sizes[layer + 1]))
            self.register_parameter(f"bias_{layer}", torch.nn.Parameter(torch.zeros(sizes[layer + 1])))

    def encode(self, examples: Examples, support: Encoding | None = None) -> Encoding:
        inputs = examples.inputs
        tasks, samples, _ = inputs.shape
        rows = self.problem.inputs + len(self.problem.wall_rows) + 1
        if support is None:
            present = torch.zeros(tasks, rows, dtype=torch.bool, device=inputs.device)
            present.scatter_(1, inputs.flatten(1), True)
            present[:, -1] = False
            most = int(present.sum(1).max())
            used = torch.sort(present.to(torch.int8), dim=1, descending=True, stable=True).indices[:, :most]
            used = torch.where(present.gather(1, used), used, rows - 1)
            sizes = torch.ones(rows, device=inputs.device)
            sizes[self.problem.inputs : -1] = self.sparse_input.get_buffer("wall_rows").sum(1)
            sizes[-1] = 0
            size = sizes.to(examples.targets.dtype)[used]
        else:
            used, size, most = support.used_TU, support.size_TU, support.used_TU.shape[1]
        slot = torch.full((tasks, rows), most, dtype=torch.int64, device=inputs.device)
        slot.scatter_(1, used, torch.arange(most, device=inputs.device).expand(tasks, -1))
        slot[:, -1] = most
        place = slot.gather(1, inputs.flatten(1)).view(inputs.shape)
        incidence = torch.zeros(tasks, samples, most + 1, dtype=size.dtype, device=inputs.device)
        incidence.scatter_(2, place, 1.0)
        return Encoding(used, size, incidence[..., :most], inputs)

    def initial_fast(self, support: Encoding) -> Fast:
        tasks = len(support.used_TU)
        fast = {"rows": self._initial_rows(support), "decay": torch.ones_like(support.size_TU[:, :1])}
        for layer in range(self.hidden_layers + 1):
            if layer:
                fast[f"weight_{layer}"] = self.get_parameter(f"weight_{layer}").expand(tasks, -1, -1)
            fast[f"bias_{layer}"] = self.get_parameter(f"bias_{layer}").expand(tasks, -1)
        return fast

    def predict(self, fast: Fast, encoded: Encoding) -> Tensor:
        # Rows of the first layer: decayed initial values everywhere, plus the adaptation of those that the support set uses.
        decay = fast["decay"][:, :, None]
        changed = (fast["rows"] - decay * self._initial_rows(encoded)) * encoded.size_TU[..., None]
        table = self.sparse_input.table(self.get_parameter("weight_0"))
        first = self.sparse_input(table, encoded.inputs_TNR) * decay + torch.bmm(encoded.incidence_TNU, changed)
        return perceptron(first + fast["bias_0"][:, None], *self._later(fast))[1]

    def gradient(self, fast: Fast, encoded: Encoding, examples: Examples, create_graph: bool) -> Fast:
        first = torch.bmm(encoded.incidence_TNU, fast["rows"] * encoded.size_TU[..., None]) + fast["bias_0"][:, None]
        weights, biases = self._later(fast)
        hidden, outputs = perceptron(first, weights, biases)
        delta = self.loss.gradient(outputs, examples.targets, examples.weights)
        of_weights, deltas = perceptron_gradients(hidden, weights, delta)
        gradients = {
            # Every wall of a maze has the gradient of the row that stands for them, whatever their number.
            "rows": torch.bmm(encoded.incidence_TNU.transpose(1, 2), deltas[0]),
            "decay": torch.zeros_like(fast["decay"]),
        }
        for layer, delta in enumerate(deltas):
            gradients[f"bias_{layer}"] = delta.sum(1)
            if layer:
                gradients[f"weight_{layer}"] = of_weights[layer - 1]
        return gradients

    def _initial_rows(self, support: Encoding) -> Tensor:
        table = self.sparse_input.table(self.get_parameter("weight_0"))
        return table[support.used_TU] / support.size_TU.clamp_min(1.0)[..., None]

    def _later(self, fast: Fast) -> tuple[list[Tensor], list[Tensor]]:
        layers = range(1, self.hidden_layers + 1)
        return [fast[f"weight_{layer}"] for layer in layers], [fast[f"bias_{layer}"] for layer in layers]
