"""Does a student that matches its teacher on the training tasks hold the teacher's modules (ICLR 2024, section 3)?"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from compworld.benchmarks.reports.table import Column, Table, spread_of
from compworld.benchmarks.theory.pictures import identification_picture
from compworld.benchmarks.theory.student import Setting, identifiable, run_students, split_of
from compworld.benchmarks.theory.study import Study

SUPPORTS = ("0,1;1,2;2,3;3,4;4,5;5,0", "0,1,2;2,3,4;4,5,0", "0;1;2;3;4;5", "0,1;1,2;2,0;3,4;4,5;5,3", "0,1,2;3,4,5")
"""Module sets that are trained; the theory calls the first two identifiable, the others not."""


@dataclass(frozen=True)
class Budget:
    """Seeds and kinds of weights of each support, and steps of each student."""

    seeds: int
    weights: tuple[str, ...]
    steps: int

    def settings(self, supports: Sequence[str]) -> list[Setting]:
        """Seeds of a support beside each other."""
        return [
            Setting(support, seed, weights, self.steps)
            for weights in self.weights
            for support in supports
            for seed in range(self.seeds)
        ]


class Identification(Study[Budget, Setting]):
    """Students of several supports.

    Args:
        supports: sets of modules that are trained together, such as ``"0,1;1,2;2,0"``.
    """

    name = "identification"
    title = "Which supports identify the modules"
    budgets: ClassVar = {
        "quick": Budget(seeds=3, weights=("exponential",), steps=40_000),
        "full": Budget(seeds=10, weights=("exponential", "tenths"), steps=120_000),
    }

    def __init__(self, supports: Sequence[str] = SUPPORTS) -> None:
        self.supports = tuple(supports)
        for support in self.supports:
            split_of(support)

    def settings(self, budget: Budget) -> list[Setting]:
        return budget.settings(self.supports)

    def train(self, settings: Sequence[Setting], runs: Path, workers: int | None) -> list[dict[str, Any]]:
        return run_students(settings, runs, workers)

    def found(
        self, preset: str, budget: Budget, settings: Sequence[Setting], results: Sequence[dict[str, Any]], runs: Path
    ) -> dict[str, Any]:
        """``rows``, one for each support and kind of weights, with the mean over seeds; ``runs``."""
        rows = []
        for weights in budget.weights:
            for support in self.supports:
                of_seeds = [result for result in results if (result["support"], result["weights"]) == (support, weights)]
                measures = {name: [result[name] for result in of_seeds] for name in ("alignment", "training", "held_out")}
                row: dict[str, Any] = {"support": support, "weights": weights, "identifiable": identifiable(support)}
                row |= {name: float(np.mean(values)) for name, values in measures.items()}
                rows.append({**row, "seeds": len(of_seeds), "alignments": measures["alignment"]})
        short = [{name: value for name, value in result.items() if name not in ("combination", "r2")} for result in results]
        return {"preset": preset, "budget": asdict(budget), "rows": rows, "runs": short}

    def markdown(self, found: dict[str, Any]) -> str:
        budget, example, machine = found["budget"], found["runs"][0], found["hardware"]
        columns: list[Column | str] = [
            "trained together",
            "weights",
            "theory",
            "alignment",
            Column("R² training", ".5f"),
            "R² held out",
        ]
        table = Table(columns)
        for row in found["rows"]:
            theory = "identifiable" if row["identifiable"] else "not identifiable"
            values = theory, spread_of(row["alignments"]), row["training"], row["held_out"]
            table.rows.append((row["support"], row["weights"], *values))
        return (
            f"# {self.title}\n\n"
            f"Preset {found['preset']}: {budget['seeds']} seeds, each with a teacher of its own (16 inputs, 16 hidden neurons, "
            f"6 modules); student with {example['width']} hidden neurons; {budget['steps']:,} steps of Adam on "
            f"{example['tasks']} tasks x {example['samples']} new inputs; {machine['cores']} cores of {machine['processor']}. "
            "Alignment: mean over seeds (lowest and highest). R²: mean over training tasks, and over tasks of combinations "
            "never trained, after "
            f"fitting a code.\n\n{table.markdown()}\n"
        )

    def picture(self, found: dict[str, Any], path: Path) -> None:
        identification_picture(found["rows"], path)
