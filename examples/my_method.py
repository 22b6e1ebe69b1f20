"""A method of your own
====================

In twenty lines: a fixed network, and one bias per action that adapts.

The same on the command line::

    compworld train --method examples.my_method:Bias --outer.steps 200
    compworld leaderboard --method linear_hypernetwork examples.my_method:Bias
"""

from torch import Tensor, nn

from compworld.agents import Fast, GradientLearner, InnerLoop, Problem
from compworld.agents.networks.shared import SharedNetwork

# %%
# What adapts, and how it predicts.


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


# %%
# A short run of it. A run is a folder named after the hash of its config; here it goes when Python ends.

if __name__ == "__main__":
    from dataclasses import replace
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from compworld.benchmarks.recipes.config import Evaluation
    from compworld.benchmarks.recipes.presets import preset
    from compworld.benchmarks.reports.escapes import terminal
    from compworld.benchmarks.reports.summary import table_of
    from compworld.benchmarks.runs.run import run

    config = preset("quick").config("teacher-small", "examples.my_method:Bias", seed=0).with_steps(20, warmup=2)
    config = replace(config, evaluation=Evaluation(validate_every=20, validation_tasks=24, tasks=24))
    with TemporaryDirectory() as runs:
        table_of(run(config, Path(runs))).show(terminal())
