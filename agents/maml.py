"""MAML: every weight adapts from a meta-learned initialisation (Finn, Abbeel & Levine 2017, arXiv 1703.03400).

Axes of tensor names: T tasks, N samples, U different rows that a task's support set uses, R active rows, H width, A outputs,
P all fast parameters of a task.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from agents.base import Examples, Fast, Learner, Problem
from agents.compiled.adamw import rates
from agents.compiled.function import Arrays, sum_of_losses
from agents.compiled.maml import query_losses
from agents.compiled.tasks import task_sets
from agents.explicit import InnerProblem
from agents.losses import CrossEntropy
from agents.networks import SparseInput, check_sizes, input_layer, lecun_normal
from agents.perceptron import Passes, Weights, directional, forward, passes, weight_gradients_along

if TYPE_CHECKING:
    from agents.adaptation import InnerLoop


@dataclass(frozen=True)
class Encoding:
    """A set of examples in terms of the rows of the first layer that the support set uses."""

    used_TU: Tensor
    """int64: the rows that the support set uses; padded with the row of nothing."""
    size_TU1: Tensor
    """How many inputs a row stands for: the number of walls for a maze's row, 0 for nothing, else 1."""
    incidence_TNU: Tensor
    """1 where a sample has the row active."""
    inputs_TNR: Tensor


@dataclass(frozen=True)
class _Parts:
    """All fast parameters of a task, or their gradients, by what they are."""

    rows_TUH: Tensor
    first_bias_TH: Tensor
    weights: Weights


class MAML(Learner):
    """Adapts all weights and biases.

    Only rows of the first layer that are active in a task's support set have a gradient, so only those are kept per task; the
    others just decay, which one more fast number per task follows, whose gradient is 0. The rows of a maze's walls are always
    active together and get equal updates, so their mean stands for them.

    The shortcut assumes that a task's episodes all have the same maze, as they do in every family.

    Args:
        problem: inputs, outputs and loss.
        width: units of each hidden layer.
        hidden_layers: number of hidden layers.
    """

    def __init__(self, problem: Problem, width: int = 368, hidden_layers: int = 3) -> None:
        super().__init__(problem)
        check_sizes(width=width, hidden_layers=hidden_layers)
        self.width, self.hidden_layers = width, hidden_layers
        self.input_layer = input_layer(problem)
        self.first = lecun_normal(problem.inputs, problem.inputs, width)
        self.hidden = torch.nn.ParameterList(lecun_normal(width, width, width) for _ in range(hidden_layers - 1))
        self.output = lecun_normal(width, problem.outputs, width)
        self.biases = torch.nn.ParameterList(torch.nn.Parameter(torch.zeros(width)) for _ in range(hidden_layers))
        self.output_bias = torch.nn.Parameter(torch.zeros(problem.outputs))

    def encode(self, examples: Examples, support: Encoding | None = None) -> Encoding:
        if not isinstance(self.input_layer, SparseInput):  # dense observations use every row
            used = torch.arange(self.problem.inputs, device=examples.inputs.device).expand(len(examples.inputs), -1)
            size = torch.ones_like(used, dtype=examples.targets.dtype)[..., None]
            return Encoding(used, size, examples.inputs, examples.inputs)
        inputs = self.input_layer.compact(examples.inputs)
        tasks, samples, _ = inputs.shape
        rows = self.input_layer.rows
        if support is None:
            used, size = self._used_rows(inputs, rows)
            size = size.to(examples.targets.dtype)
        else:
            used, size = support.used_TU, support.size_TU1
        most = used.shape[1]
        slot = torch.full((tasks, rows), most, dtype=torch.int64, device=inputs.device)
        slot.scatter_(1, used, torch.arange(most, device=inputs.device).expand(tasks, -1))
        slot[:, -1] = most
        place = slot.gather(1, inputs.flatten(1)).view(inputs.shape)
        incidence = torch.zeros(tasks, samples, most + 1, dtype=size.dtype, device=inputs.device)
        incidence.scatter_(2, place, 1.0)
        return Encoding(used, size, incidence[..., :most].contiguous(), examples.inputs)

    def initial_fast(self, support: Encoding) -> Fast:
        tasks = len(support.used_TU)
        tail = torch.cat([self._behind_rows(), torch.ones_like(self.output_bias[:1])]).expand(tasks, -1)
        return {"parameters": torch.cat([self._initial_rows(support).flatten(1), tail], 1)}

    def predict(self, fast: Fast, encoded: Encoding) -> Tensor:
        return self._forward(fast, encoded)[1].mT

    def readings(self, fast: Fast, encoded: Encoding) -> dict[str, Tensor]:
        """Hidden activations: which rows of the first layer are kept as fast parameters differs between tasks."""
        return {f"hidden layer {number}": values for number, values in enumerate(self._forward(fast, encoded)[0], 1)}

    def _forward(self, fast: Fast, encoded: Encoding) -> tuple[list[Tensor], Tensor]:
        parts = self.parts(fast["parameters"])
        # Rows of the first layer: decayed initial values everywhere, plus the adaptation of those that the support set uses.
        decay = fast["parameters"][:, -1:, None]
        changed = (parts.rows_TUH - decay * self._initial_rows(encoded)) * encoded.size_TU1
        unchanged = self.input_layer(self.input_layer.table(self.first), encoded.inputs_TNR)
        first = torch.baddbmm(unchanged * decay, encoded.incidence_TNU, changed) + parts.first_bias_TH[:, None]
        return forward(first, parts.weights)

    def inner_problem(self, encoded: Encoding, support: Examples) -> InnerProblem:
        return _ParameterProblem(self, encoded, support)

    def compiled_query_loss(self, inner: "InnerLoop", support: Examples, query: Examples, weights_WTN: Tensor) -> Tensor:
        few, asked = task_sets(self.input_layer, support, query, weights_WTN)
        table, layers = self.input_layer.table(self.first), self.hidden_layers
        sizes, inner_rates = self._row_sizes(len(table)).numpy(), rates(inner, few.targets.dtype)
        classes = isinstance(self.loss, CrossEntropy)

        def kernel(first: int, last: int, slow: Arrays, of_slow: Arrays) -> float:
            return query_losses(first, last, few, asked, inner_rates, classes, layers, sizes, *slow, *of_slow)

        return sum_of_losses(kernel, np.diff(few.starts), [self._behind_rows(), table])

    def parts(self, flat_TP: Tensor) -> _Parts:
        """Views of a flat tensor of all fast parameters; the last one, the decay, belongs to none."""
        width, outputs, layers = self.width, self.problem.outputs, self.hidden_layers
        sizes = [*[width] * layers, *[width * width] * (layers - 1), width * outputs, outputs, 1]
        rows, *rest = torch.split(flat_TP, [flat_TP.shape[1] - sum(sizes), *sizes], 1)
        hidden = [weight.view(-1, width, width) for weight in rest[layers : 2 * layers - 1]]
        output = rest[2 * layers - 1].view(-1, outputs, width)
        weights = Weights(hidden, output, rest[1:layers], rest[2 * layers])
        return _Parts(rows.view(len(flat_TP), -1, width), rest[0], weights)

    def _used_rows(self, inputs_TNR: Tensor, rows: int) -> tuple[Tensor, Tensor]:
        present = torch.zeros(len(inputs_TNR), rows, dtype=torch.bool, device=inputs_TNR.device)
        present.scatter_(1, inputs_TNR.flatten(1), True)
        present[:, -1] = False
        most = int(present.sum(1).max())
        used = torch.sort(present.to(torch.int8), dim=1, descending=True, stable=True).indices[:, :most]
        used = torch.where(present.gather(1, used), used, rows - 1)
        return used, self._row_sizes(rows)[used][..., None]

    def _row_sizes(self, rows: int) -> Tensor:
        """How many inputs each row of the first layer's table stands for, [V]."""
        sizes = torch.ones(rows, dtype=self.first.dtype, device=self.first.device)
        if isinstance(self.input_layer, SparseInput):
            walls = self.input_layer.get_buffer("wall_rows")
            sizes[-1 - len(walls) : -1] = walls.to(sizes.dtype).sum(1)
            sizes[-1] = 0
        return sizes

    def _behind_rows(self) -> Tensor:
        """All parameters but the first layer's rows, flat, in the order of :meth:`parts`."""
        return torch.cat([*self.biases, *(weight.flatten() for weight in self.hidden), self.output.flatten(), self.output_bias])

    def _initial_rows(self, support: Encoding) -> Tensor:
        return self.input_layer.table(self.first)[support.used_TU] / support.size_TU1.clamp_min(1.0)


@dataclass(frozen=True)
class _Kept:
    fast_TP: Tensor
    passes: Passes


class _ParameterProblem(InnerProblem):
    def __init__(self, learner: MAML, encoded: Encoding, support: Examples) -> None:
        self.parts, self.loss = learner.parts, learner.loss
        self.incidence, self.size = encoded.incidence_TNU, encoded.size_TU1
        self.targets_TAN = support.targets.mT.contiguous()

    def gradient(self, fast: Tensor, weights_TN: Tensor) -> tuple[Tensor, _Kept]:
        parts = self.parts(fast)
        first = torch.bmm(self.incidence, parts.rows_TUH * self.size).add_(parts.first_bias_TH[:, None])
        result = passes(first, parts.weights, self.loss, self.targets_TAN, weights_TN)
        # Every wall of a maze has the gradient of the row that stands for them, whatever their number.
        rows = torch.bmm(self.incidence.mT, result.deltas[0])
        return self._joined(fast, rows, result, result.weight_gradients()), _Kept(fast, result)

    def adjoint(self, kept: _Kept, direction: Tensor) -> Tensor:
        along_parts = self.parts(direction)
        # A gradient of the sum that a row stands for, taken at its mean: the sizes change sides in the adjoint.
        first = torch.bmm(self.incidence, along_parts.rows_TUH).add_(along_parts.first_bias_TH[:, None])
        weights = self.parts(kept.fast_TP).weights
        along = directional(kept.passes, weights, first, along_parts.weights, self.loss)
        rows = torch.bmm(self.incidence.mT, along.deltas[0]).mul_(self.size)
        return self._joined(direction, rows, along, weight_gradients_along(kept.passes, along))

    def _joined(self, like: Tensor, rows_TUH: Tensor, result: Passes, of_weights: list[Tensor]) -> Tensor:
        biases = [delta.sum(1) for delta in result.deltas]
        no_decay = torch.zeros_like(like[:, :1])
        flat: list[Any] = [rows_TUH, *biases, *of_weights, result.output_delta_TAN.sum(2), no_decay]
        return torch.cat([part.flatten(1) for part in flat], 1)
