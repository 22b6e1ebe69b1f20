"""Experiments that train recipes at several settings of the small Teacher and plot the score against the setting."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from compworld import make_family
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.presets import preset as preset_of
from compworld.benchmarks.reports.style import in_order
from compworld.benchmarks.reports.table import Column, Table
from compworld.benchmarks.runs.executors import results_of, run_all
from compworld.benchmarks.scores import statistics
from compworld.benchmarks.scores.names import headline, title_of_score
from compworld.benchmarks.scores.statistics import INTERVALS, Estimate
from compworld.benchmarks.theory.pictures import sweep_picture
from compworld.benchmarks.theory.study import Study

FAMILY = "teacher-small"
SETS = {"held_out": "held out", "fresh_episodes": "fresh episodes"}


@dataclass(frozen=True)
class Budget:
    """Outer steps of each run, and number of seeds."""

    steps: int
    seeds: int


@dataclass(frozen=True)
class Cell:
    """A run, and the line of the figure that it belongs to."""

    line: str
    config: RunConfig


@dataclass(frozen=True)
class Point:
    """A place in a figure with the per-task scores of one run."""

    panel: str
    x: float
    scores: np.ndarray


class Sweep(Study[Budget, Cell]):
    """One recipe at several settings.

    Attributes:
        axis: label of the horizontal axis.
    """

    axis: str
    budgets: ClassVar = {"quick": Budget(1500, 3), "full": Budget(20_000, 5)}

    @abstractmethod
    def cells(self, seed: int) -> list[Cell]:
        """What is trained in a seed's world; the budget's steps are set afterwards."""

    @abstractmethod
    def points(self, cell: Cell, result: dict[str, Any], runs: Path) -> Iterator[Point]:
        """The points that a run gives."""

    def conclusions(self, rows: list[dict[str, Any]]) -> list[str]:
        """Sentences below the table."""
        return []

    @property
    def score(self) -> str:
        """What is plotted: the family's headline."""
        return headline(make_family(FAMILY))

    def of_result(self, result: dict[str, Any], which: str) -> np.ndarray:
        """The score of each task of a set."""
        return np.asarray(result["scores"][which][self.score])

    def settings(self, budget: Budget) -> list[Cell]:
        cells = [cell for seed in range(budget.seeds) for cell in self.cells(seed)]
        return [replace(cell, config=cell.config.with_steps(budget.steps, budget.steps // 10)) for cell in cells]

    def train(self, settings: Sequence[Cell], runs: Path, workers: int | None) -> list[dict[str, Any]]:
        return results_of(run_all([cell.config for cell in settings], runs, workers))

    def found(
        self, preset: str, budget: Budget, settings: Sequence[Cell], results: Sequence[dict[str, Any]], runs: Path
    ) -> dict[str, Any]:
        scores: dict[tuple[str, str, float], dict[int, list[np.ndarray]]] = {}
        method_of = {cell.line: cell.config.method for cell in settings}
        for cell, result in zip(settings, results, strict=True):
            for point in self.points(cell, result, runs):
                of_worlds = scores.setdefault((point.panel, cell.line, point.x), {})
                of_worlds.setdefault(cell.config.world, []).append(point.scores)
        lines = in_order([line for _, line, _ in scores])
        # The number of trained combinations may differ between worlds: an estimate is over those worlds that have the same.
        rows = [
            {
                "panel": panel,
                "line": line,
                "method": method_of[line],
                "x": x,
                "seeds": len(of_worlds),
                **statistics.record_of(statistics.scored([np.concatenate(found) for found in of_worlds.values()])),
            }
            for (panel, line, x), of_worlds in sorted(
                scores.items(), key=lambda item: (item[0][0], lines.index(item[0][1]), item[0][2])
            )
        ]
        return {
            "experiment": self.name,
            "title": self.title,
            "preset": preset,
            **asdict(budget),
            "rows": rows,
            "conclusions": self.conclusions(rows),
            "tasks_seen": budget.steps * settings[0].config.meta_batch,
            "runs": [result["run_id"] for result in results],
        }

    def markdown(self, found: dict[str, Any]) -> str:
        table = Table(
            ["", "", Column(self.axis, "g"), "worlds", title_of_score(self.score)],
            [
                [row["panel"], row["line"], row["x"], statistics.counted(row["seeds"]), Estimate.from_dict(row)]
                for row in found["rows"]
            ],
        )
        lines = [
            f"# {found['title']}",
            "",
            f"{FAMILY}; {found['seeds']} seeds, {found['steps']:,} outer steps ({found['tasks_seen']:,} tasks) each; "
            f"{title_of_score(self.score)}, mean over seeds, each in its own world, with {INTERVALS}.",
            "",
            table.markdown(),
        ]
        for sentence in found["conclusions"]:
            lines += ["", sentence]
        return "\n".join(lines) + "\n"

    def picture(self, found: dict[str, Any], path: Path) -> None:
        sweep_picture(found["rows"], found["title"], self.axis, title_of_score(self.score), path)


def config_of(method: str, seed: int, templates: int = 8, width: int = 32, **changes: Any) -> RunConfig:
    """A recipe of the preset ``teacher``, hypernetworks with so many templates and units, and with fields changed."""
    config = replace(preset_of("teacher").config(FAMILY, method, seed), **changes)
    return config.with_options(templates=templates, width=width) if "templates" in config.options else config
