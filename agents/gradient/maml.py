"""MAML: every weight adapts from a meta-learned initialisation (Finn, Abbeel & Levine 2017, arXiv 1703.03400).

Axes of tensor names: T tasks, N samples, V rows of the first layer that can be active, H width, A outputs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from compworld.agents.examples import Examples, Problem
from compworld.agents.gradient.learner import GradientLearner
from compworld.agents.gradient.loop import Fast, InnerLoop
from compworld.agents.networks.incidence import DenseIncidence, Incidence, gather
from compworld.agents.networks.initialisers import check_sizes, lecun_normal
from compworld.agents.networks.inputs import input_layer


@dataclass(frozen=True)
class Encoding:
    """Which rows of its task's first layer each sample adds up."""

    incidence: Incidence | DenseIncidence
    tasks: int


class MAML(GradientLearner):
    """Adapts all weights and biases.

    The walls of a maze are always active together and get equal updates. So one row of the first layer, their mean, stands
    for them: it counts as often as there are walls, and its gradient is that of a single one.

    Args:
        problem: inputs, outputs and loss.
        inner: how it adapts.
        width: units of each hidden layer.
        hidden_layers: number of hidden layers.
    """

    def __init__(self, problem: Problem, inner: InnerLoop, width: int = 368, hidden_layers: int = 3) -> None:
        super().__init__(problem, inner)
        check_sizes(width=width, hidden_layers=hidden_layers)
        self.width, self.hidden_layers = width, hidden_layers
        self.input_layer = input_layer(problem)
        self.first = lecun_normal(problem.inputs, problem.inputs, width)
        self.hidden = torch.nn.ParameterList(lecun_normal(width, width, width) for _ in range(hidden_layers - 1))
        self.output = lecun_normal(width, problem.outputs, width)
        self.biases = torch.nn.ParameterList(torch.nn.Parameter(torch.zeros(width)) for _ in range(hidden_layers))
        self.output_bias = torch.nn.Parameter(torch.zeros(problem.outputs))

    def encode(self, inputs: Tensor) -> Encoding:
        return Encoding(self.input_layer.incidence(inputs), len(inputs))

    def initial_fast(self, support: Encoding) -> Fast:
        """Every parameter by its name, [T, ...]; ``"first"`` as rows of the table, [T, V, H]."""
        rows = self.input_layer.table(self.first) / self._sizes().clamp_min(1)
        start = {**dict(self.named_parameters()), "first": rows}
        return {name: value.expand(support.tasks, *value.shape) for name, value in start.items()}

    def gradient(self, fast: Fast, encoded: Encoding, examples: Examples, create_graph: bool) -> Fast:
        of_fast = super().gradient(fast, encoded, examples, create_graph)
        return {**of_fast, "first": of_fast["first"] / self._sizes().clamp_min(1)}

    def predict(self, fast: Fast, encoded: Encoding) -> Tensor:
        *_, last = self._activations(fast, encoded)
        return torch.baddbmm(fast["output_bias"][:, None], last, fast["output"].mT)

    def readings(self, fast: Fast, encoded: Encoding) -> dict[str, Tensor]:
        """Hidden activations: those weights whose inputs are silent in a task say nothing of it."""
        return {f"hidden layer {number}": values for number, values in enumerate(self._activations(fast, encoded), 1)}

    def _activations(self, fast: Fast, encoded: Encoding) -> Iterator[Tensor]:
        """Of each hidden layer, [T, N, H]."""
        table = (fast["first"] * self._sizes()).flatten(0, 1)
        value = gather(table, encoded.incidence).view(encoded.tasks, -1, self.width)
        for layer in range(self.hidden_layers):
            if layer:
                value = torch.bmm(value, fast[f"hidden.{layer - 1}"])
            value = torch.relu(value + fast[f"biases.{layer}"][:, None])
            yield value

    def _sizes(self) -> Tensor:
        """How many inputs each row of the first layer stands for, [V, 1]."""
        return self.input_layer.sizes(self.first)[:, None]
