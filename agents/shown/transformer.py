"""A transformer that learns in context: what is asked about attends to the demonstrations (arXiv 2407.12275, no bottleneck).

Axes of tensor names: T tasks, N samples, A outputs.
"""

from typing import ClassVar

from torch import Tensor, nn

from compworld.agents.examples import Examples, Problem
from compworld.agents.networks.attention import Attending
from compworld.agents.shown.learner import InContextLearner, Known
from compworld.agents.shown.reader import Reader


class ShownTransformer(InContextLearner):
    """One network infers the task and acts, all at once.

    Args:
        problem: inputs, outputs and loss.
        width: of the transformer.
        layers, heads: of it.
    """

    attending: ClassVar[type[Attending]] = Attending

    def __init__(self, problem: Problem, width: int = 64, layers: int = 2, heads: int = 4) -> None:
        super().__init__(problem)
        self.reader = Reader(problem, width, layers, heads, self.attending)
        self.output = nn.Linear(width, problem.outputs)

    def read(self, shown: Examples) -> Known:
        return self.reader.read(shown)

    def forward(self, known: Known, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.output(self.reader.answer(known, inputs))
        return outputs

    def readings(self, known: Known, inputs: Tensor) -> dict[str, Tensor]:
        """The mean of what became of demonstrated steps, and what becomes of the observations."""
        return {"demonstrations": self.reader.gist(known), "answers": self.reader.answer(known, inputs)}
