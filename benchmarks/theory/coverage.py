"""How often do the intervals of tables hold the truth? Simulated with spreads that nested runs of our own have."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from compworld import make_family
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.methods import title_of
from compworld.benchmarks.recipes.presets import preset as preset_of
from compworld.benchmarks.reports.table import Table
from compworld.benchmarks.runs.executors import results_of, run_all
from compworld.benchmarks.scores.coverage import OVER_TASKS, OVER_WORLDS, Spread, coverage, coverage_of_tasks
from compworld.benchmarks.scores.names import SET_TITLES, headline
from compworld.benchmarks.scores.statistics import differences, scored
from compworld.benchmarks.theory.pictures import coverage_picture
from compworld.benchmarks.theory.study import Study

PRESET, FAMILIES = "quick", ("preferences-small", "goals-small", "teacher-small")
METHODS = ("linear_hypernetwork", "anil")
SETS = ("fresh_episodes", "held_out")
LEVELS, DIFFERENCES = "mean of a method", "difference of two"

WORLDS = (3, 5, 8, 10)
TASKS = (24, 192)
RARE = (0.005, 0.05, 0.5, 0.99)
"""Success rates of tasks that succeed or do not."""


@dataclass(frozen=True)
class Budget:
    """Worlds and seeds in each of them, of which spreads are measured, and simulated repetitions."""

    worlds: int
    seeds: int
    repetitions: int


class Coverage(Study[Budget, RunConfig]):
    """Several seeds in each of several worlds; what spreads they have; how often intervals would hold the truth."""

    name = "coverage"
    title = "How often do intervals hold the truth?"
    budgets: ClassVar = {"quick": Budget(3, 3, 4000), "full": Budget(5, 5, 20_000)}

    def settings(self, budget: Budget) -> list[RunConfig]:
        """Seeds of a world beside each other; the first of them is that of the preset's own table."""
        return [
            replace(preset_of(PRESET).config(family, method, world + 10 * number), world=world)
            for family in FAMILIES
            for method in METHODS
            for world in range(budget.worlds)
            for number in range(budget.seeds)
        ]

    def train(self, settings: Sequence[RunConfig], runs: Path, workers: int | None) -> list[dict[str, Any]]:
        return results_of(run_all(settings, runs, workers))

    def found(
        self, preset: str, budget: Budget, settings: Sequence[RunConfig], results: Sequence[dict[str, Any]], runs: Path
    ) -> dict[str, Any]:
        """What was measured and simulated.

        Returns:
            ``spreads`` of each family, set and method, and of the methods' difference; ``over_worlds``: the coverage of every
            interval, for each number of worlds the lowest over spreads; ``over_tasks``: the same for tasks of one world.
        """
        grouped: dict[tuple[str, str, str], list[np.ndarray]] = {}
        for config, result in zip(settings, results, strict=True):
            score = headline(make_family(config.family))
            for which in SETS:
                grouped.setdefault((config.family, which, config.method), []).append(np.asarray(result["scores"][which][score]))
        spreads = [
            {"family": family, "set": which, **row}
            for family in FAMILIES
            for which in SETS
            for row in _spreads([grouped[family, which, method] for method in METHODS], budget.seeds)
        ]
        rng = np.random.default_rng(0)
        recorded = {family: [runs[0] for place, runs in grouped.items() if place[0] == family] for family in FAMILIES}
        return {
            "experiment": self.name,
            "title": self.title,
            "preset": preset,
            **asdict(budget),
            "spreads": spreads,
            "over_worlds": _over_worlds(spreads, budget.repetitions, rng),
            "over_tasks": _over_tasks(recorded, budget.repetitions, rng),
            "runs": [result["run_id"] for result in results],
        }

    def markdown(self, found: dict[str, Any]) -> str:
        spreads = Table(["family", "set", "of", "worlds", "seeds", "tasks", "mean over tasks"])
        for row in found["spreads"]:
            names = row["family"], SET_TITLES[row["set"]], " minus ".join(map(title_of, row["of"]))
            spreads.rows.append((*names, row["worlds"], row["seeds"], row["tasks"], row["tasks"] / row["number"] ** 0.5))
        over_worlds, over_tasks = Table(["", "worlds", *OVER_WORLDS]), Table(["", "tasks", *OVER_TASKS])
        over_worlds.rows += [(row["of"], row["worlds"], *row["coverage"].values()) for row in found["over_worlds"]]
        over_tasks.rows += [(row["of"], row["tasks"], *row["coverage"].values()) for row in found["over_tasks"]]
        return f"""# {found["title"]}

Standard deviations of the headline score in runs of the preset `{PRESET}`, {found["worlds"]} worlds with {found["seeds"]} seeds
each: between worlds, between seeds of a world, between tasks of a run, and of a run's mean over its tasks.

{spreads.markdown()}

Share of {found["repetitions"]:,} simulated tables in which an interval at 95 % holds the truth. Worlds, seeds (one in each
world) and tasks are nested random effects, normal, with these standard deviations; the lowest share over them.

{over_worlds.markdown()}

The same of one world, whose tasks are the sample: drawn from recorded scores of a family's first run (the lowest share
over sets and methods), and tasks that succeed or do not.

{over_tasks.markdown()}
"""

    def picture(self, found: dict[str, Any], path: Path) -> None:
        coverage_picture(found["over_worlds"], found["title"], path)


def _spreads(scores: Sequence[Sequence[np.ndarray]], seeds: int) -> list[dict[str, Any]]:
    """Of the scores of both methods' runs, seeds of a world beside each other, and of their difference."""
    ours, theirs = scores
    found = {METHODS[:1]: scored(ours), METHODS[1:]: scored(theirs), METHODS: differences(ours, theirs)}
    return [
        {"of": methods, **asdict(Spread.measured([runs[first : first + seeds] for first in range(0, len(runs), seeds)]))}
        for methods, runs in found.items()
    ]


def _over_worlds(spreads: Sequence[dict[str, Any]], repetitions: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    kinds: dict[str, list[Spread]] = {LEVELS: [], DIFFERENCES: []}
    for row in spreads:
        spread = Spread(row["worlds"], row["seeds"], row["tasks"], row["number"])
        kinds[LEVELS if len(row["of"]) == 1 else DIFFERENCES].append(spread)
    return [
        {
            "of": kind,
            "worlds": worlds,
            "coverage": {
                name: min(coverage(interval, spread, worlds, repetitions, rng) for spread in of_kind)
                for name, interval in OVER_WORLDS.items()
            },
        }
        for kind, of_kind in kinds.items()
        for worlds in WORLDS
    ]


def _over_tasks(
    recorded: Mapping[str, Sequence[np.ndarray]], repetitions: int, rng: np.random.Generator
) -> list[dict[str, Any]]:
    populations = {f"recorded, {family}": list(scores) for family, scores in recorded.items()}
    populations |= {f"success rate {rate}": [(np.arange(1000) < 1000 * rate).astype(float)] for rate in RARE}
    return [
        {
            "of": name,
            "tasks": tasks,
            "coverage": {
                interval: min(coverage_of_tasks(interval, scores, tasks, repetitions, rng) for scores in found)
                for interval in OVER_TASKS
            },
        }
        for name, found in populations.items()
        for tasks in TASKS
    ]
