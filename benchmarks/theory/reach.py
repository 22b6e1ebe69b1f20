"""Trained on few active modules, scored on many (ICLR 2024, section 4.1)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from compworld.benchmarks.recipes.methods import title_of
from compworld.benchmarks.scores.names import COMBINATION
from compworld.benchmarks.theory.sweep import SETS, Cell, Point, Sweep, config_of
from compworld.benchmarks.worlds.world import World


class Reach(Sweep):
    """How many of six modules are active at once in training."""

    name = "reach"
    title = "Trained on few active modules of 6, scored on many"
    axis = "active modules"

    def cells(self, seed: int) -> list[Cell]:
        return [
            Cell(
                f"{title_of(method)}, trained on 1 to {active} active",
                config_of(
                    method,
                    seed,
                    sizes={"modules": 6, "max_active": 6},
                    support="active_modules",
                    support_options={"trained_active": active},
                ),
            )
            for method in ("linear_hypernetwork", "deep_hypernetwork")
            for active in (1, 2, 3)
        ]

    def points(self, cell: Cell, result: dict[str, Any], runs: Path) -> Iterator[Point]:
        counts = World(cell.config).family.space.active_counts
        for which in SETS:
            active = counts[np.asarray(result["scores"][which][COMBINATION], dtype=np.int64)]
            for number in np.unique(active).tolist():
                scores = self.of_result(result, which)[active == number]
                yield Point("new episodes of trained and held-out combinations", number, scores)
