"""Nonlinear hypernetwork: coefficients pass through a deep network before they mix the templates (ICLR 2024, section 5).

Axes of tensor names: T tasks, N samples, L layers, C coefficients of a layer, E templates.
"""

import torch
from torch import Tensor

from compworld.agents.examples import Problem
from compworld.agents.gradient.learner import GradientLearner
from compworld.agents.gradient.loop import Fast, InnerLoop
from compworld.agents.networks.coefficients import by_layer, rescaled, starting_coefficients
from compworld.agents.networks.embedding import Embedding
from compworld.agents.networks.templates import Encoding, TemplateNetwork


class DeepHypernetwork(GradientLearner):
    """Adapts coefficients of each layer, from which layer norm and blocks of [linear, layer norm, ELU] make its mixture.

    The input layer, the hidden layers together and the output layer each have blocks of their own.

    Args:
        problem: inputs, outputs and loss.
        inner: how it adapts.
        width: units of each hidden layer of the generated network.
        hidden_layers: number of hidden layers of the generated network.
        templates: number of coefficients of a layer, C.
        embedding_width: units of each block, and number of templates that the last one mixes, E.
        depth: number of blocks.
        hidden_biases: as of :class:`LinearHypernetwork`.
    """

    def __init__(
        self,
        problem: Problem,
        inner: InnerLoop,
        width: int = 64,
        hidden_layers: int = 2,
        templates: int = 32,
        embedding_width: int = 32,
        depth: int = 4,
        hidden_biases: bool = True,
    ) -> None:
        super().__init__(problem, inner)
        self.network = TemplateNetwork(problem, width, hidden_layers, embedding_width, hidden_biases)
        self.coefficients = starting_coefficients(self.network, templates)
        banks = range(self.network.bank_of_layer[-1] + 1)
        self.embeddings = torch.nn.ModuleList(Embedding(templates, embedding_width, depth) for _ in banks)

    def encode(self, inputs: Tensor) -> Encoding:
        return self.network.encode(inputs)

    def initial_fast(self, support: Encoding) -> Fast:
        return {"coefficients": self.coefficients.expand(len(support), -1, -1)}

    def predict(self, fast: Fast, encoded: Encoding) -> Tensor:
        layers = zip(self.network.bank_of_layer, rescaled(fast["coefficients"]).unbind(1), strict=True)
        return self.network([self.embeddings[bank](coefficients) for bank, coefficients in layers], encoded)

    def readings(self, fast: Fast, encoded: Encoding) -> dict[str, Tensor]:
        return by_layer(fast["coefficients"])
