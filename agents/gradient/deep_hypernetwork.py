"""Nonlinear hypernetwork: the coefficients pass through a deep network before they mix the templates (ICLR 2024, section 5).

Axes of tensor names: T tasks, N samples, C coefficients or templates.
"""

from torch import Tensor

from compworld.agents.examples import Problem
from compworld.agents.gradient.learner import GradientLearner
from compworld.agents.gradient.loop import Fast, InnerLoop
from compworld.agents.networks.embedding import Embedding
from compworld.agents.networks.initialisers import lecun_normal, truncated_normal
from compworld.agents.networks.templates import Encoding, TemplateNetwork, rescaled


class DeepHypernetwork(GradientLearner):
    """Adapts one vector of coefficients, from which ``depth`` blocks of [linear, layer norm, ELU] make the mixture.

    Args:
        problem: inputs, outputs and loss.
        inner: how it adapts.
        width: units of each hidden layer of the generated network.
        hidden_layers: number of hidden layers of the generated network.
        templates: number of coefficients that adapt.
        embedding_width: units of each block, and number of templates that the last one mixes.
        depth: number of blocks.
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
    ) -> None:
        super().__init__(problem, inner)
        self.network = TemplateNetwork(problem, width, hidden_layers, embedding_width, shared=False)
        self.bias_head = lecun_normal(embedding_width, embedding_width, problem.outputs)
        self.coefficients = truncated_normal(templates, deviation=1.0)
        self.embedding = Embedding(templates, embedding_width, depth)

    def encode(self, inputs: Tensor) -> Encoding:
        return self.network.encode(inputs)

    def initial_fast(self, support: Encoding) -> Fast:
        return {"coefficients": self.coefficients.expand(len(support), -1)}

    def predict(self, fast: Fast, encoded: Encoding) -> Tensor:
        mixture = self.embedding(rescaled(fast["coefficients"]))
        return self.network([mixture] * self.network.layers, mixture @ self.bias_head, encoded)
