"""Floor and ceiling: a network that cannot adapt, and a hypernetwork that is told the task."""

from torch import Tensor

from agents.base import Examples, Fast, Learner, Problem
from agents.networks import SharedNetwork, lecun_normal
from agents.templates import Encoding, TemplateNetwork, rescaled


class NoAdaptation(Learner):
    """One network for all tasks, trained on the same stream; what it scores, anyone can score without knowing the task.

    Args:
        problem: inputs, outputs and loss.
        width: units of each hidden layer.
        hidden_layers: number of hidden layers.
    """

    adapts = False

    def __init__(self, problem: Problem, width: int = 512, hidden_layers: int = 4) -> None:
        super().__init__(problem)
        self.body = SharedNetwork(problem, width, hidden_layers)
        self.head = lecun_normal(width, width, problem.outputs)

    def initial_fast(self, support: Tensor) -> Fast:
        return {}

    def predict(self, fast: Fast, encoded: Tensor) -> Tensor:
        return self.body(encoded) @ self.head


class OracleHypernetwork(Learner):
    """Linear hypernetwork whose coefficients are a learned linear map of the true task code; nothing adapts.

    Args:
        problem: inputs, outputs and loss.
        width: units of each hidden layer.
        hidden_layers: number of hidden layers.
        templates: number of templates per bank.
    """

    adapts = False

    def __init__(self, problem: Problem, width: int = 64, hidden_layers: int = 3, templates: int = 32) -> None:
        super().__init__(problem)
        self.network = TemplateNetwork(problem, width, hidden_layers, templates, shared=True)
        self.mixing = lecun_normal(problem.modules, problem.modules, self.network.layers * templates)
        self.bias = lecun_normal(problem.modules, problem.modules, problem.outputs)

    def encode(self, examples: Examples, support: object = None) -> tuple[Encoding, Tensor]:
        return self.network.encode(examples.inputs), examples.codes

    def initial_fast(self, support: tuple[Encoding, Tensor]) -> Fast:
        return {}

    def predict(self, fast: Fast, encoded: tuple[Encoding, Tensor]) -> Tensor:
        projected, codes = encoded
        layers, templates = self.network.layers, self.network.templates
        coefficients, _ = rescaled((codes @ self.mixing).view(-1, layers, templates))
        return self.network(coefficients.unbind(1), codes @ self.bias, projected)
