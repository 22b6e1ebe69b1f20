"""How much adaptation does each method need (ICLR 2024, section 4.2)?"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.methods import ADAPTIVE, title_of
from compworld.benchmarks.runs.run import TrainedRun, new_learner, trained_run
from compworld.benchmarks.scores.evaluation import evaluate_set
from compworld.benchmarks.theory.sweep import Cell, Point, Sweep, config_of

SHOTS, STEPS = (1, 2, 4, 8, 16, 32, 64), (0, 1, 2, 5, 10, 20, 50)


class Adaptation(Sweep):
    """Shots and inner steps at evaluation of what was trained once."""

    name = "adaptation"
    title = "How much adaptation does each method need?"
    axis = "shots, or inner steps"

    def cells(self, seed: int) -> list[Cell]:
        return [Cell(title_of(method), config_of(method, seed)) for method in ADAPTIVE]

    def points(self, cell: Cell, result: dict[str, Any], runs: Path) -> Iterator[Point]:
        trained = trained_run(runs, result["run_id"])
        config = trained.config
        for shots in SHOTS:
            yield Point("held out, by shots", shots, self._scores(trained, replace(config, support_episodes=shots)))
        for steps in STEPS:
            changed = config.with_options(inner={**config.options["inner"], "steps": steps})
            yield Point("held out, by inner steps", steps, self._scores(trained, changed))

    def _scores(self, trained: TrainedRun, config: RunConfig) -> np.ndarray:
        """Of what was trained, evaluated by another config."""
        learner = new_learner(config, trained.world)
        learner.load_state_dict(trained.learner.state_dict())
        return np.asarray(evaluate_set(learner, config, trained.world, "held_out")[self.score])
