"""A method of your own in twenty lines: a fixed network, and one bias per action that adapts.

compworld train --method examples.my_method:Bias --outer.steps 200
compworld leaderboard --method linear_hypernetwork examples.my_method:Bias
"""

from torch import Tensor, nn

from agents import Fast, GradientLearner, InnerLoop, Problem
from agents.networks.shared import SharedNetwork


class Bias(GradientLearner):
    """Implements what is fast and how it predicts; the inner loop differentiates through it by itself."""

    def __init__(self, problem: Problem, inner: InnerLoop, width: int = 64) -> None:
        super().__init__(problem, inner)
        self.body = SharedNetwork(problem, width, hidden_layers=2)
        self.head = nn.Linear(width, problem.outputs)

    def encode(self, inputs: Tensor) -> Tensor:
        # What does not depend on the fast parameters is computed once per outer step.
        return self.head(self.body(inputs))

    def initial_fast(self, support: Tensor) -> Fast:
        return {"bias": support.new_zeros(len(support), self.problem.outputs)}

    def predict(self, fast: Fast, encoded: Tensor) -> Tensor:
        return encoded + fast["bias"][:, None]
