"""What a condition of the theory is worth: a support that meets it against one that does not (ICLR 2024, sections 3.2 and 4.2).

Both are scored on the same held-out combinations. The paper's supports train different numbers of combinations; beside them
stands one that meets the condition with as many as the other has. The same question is put to students in the theory's
setting, where it can be decided within minutes. What is predicted, by :func:`compworld.diagnose`, is written to a file before
anything is trained.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from compworld import Split, diagnose, make_family, make_split
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.methods import ADAPTIVE
from compworld.benchmarks.recipes.presets import preset as preset_of
from compworld.benchmarks.runs.executors import results_of, run_all
from compworld.benchmarks.scores.names import main_scores
from compworld.benchmarks.theory import compared, condition_tables, identification
from compworld.benchmarks.theory.pictures import conditions_picture
from compworld.benchmarks.theory.student import Setting, run_students, split_of
from compworld.benchmarks.theory.study import Study

STUDENTS = identification.Budget(seeds=5, weights=("exponential",), steps=40_000)
"""Budget of students, the same for both supports."""


@dataclass(frozen=True)
class Experiment:
    """A preset's recipes on one family.

    Attributes:
        preset, family, sizes: what is trained.
        seeds: their number; seed s plays in world s.
        steps: outer steps of each run, None for the recipes'.
        templates: of hypernetworks, None for the recipes'.
    """

    preset: str
    family: str
    sizes: dict[str, int]
    seeds: int
    steps: int | None = None
    templates: int | None = None

    @cached_property
    def scores(self) -> tuple[str, ...]:
        """Those that are compared, the family's headline first."""
        return main_scores(make_family(self.family, 0, **self.sizes))

    def config(self, method: str, split: Split) -> RunConfig:
        """A run on a split, in the split's world."""
        config = preset_of(self.preset).config(self.family, method, split.world, split.support)
        config = replace(config, support_options=split.options, sizes=self.sizes)
        if self.steps is not None:
            config = config.with_steps(self.steps, self.steps // 10)
        return config if self.templates is None else config.with_options(templates=self.templates)


@dataclass(frozen=True)
class Budget:
    """What is trained, by which methods."""

    experiments: tuple[Experiment, ...]
    methods: tuple[str, ...]


# Eight modules, or four values for most factors of Goals, so that supports have room to differ.
MODULES, FACTORS = {"modules": 8}, {"mazes": 4, "object_types": 4}
BUDGETS = {
    "quick": Budget(
        (
            # As many templates for each module as in the preset, whose teacher has 4 modules.
            Experiment("teacher", "teacher-small", MODULES, 10, templates=16),
            Experiment("quick", "preferences-small", MODULES, 6, steps=2200),
            Experiment("quick", "goals-small", FACTORS, 6, steps=1500),
        ),
        ("linear_hypernetwork", "anil"),
    ),
    "full": Budget(
        (
            Experiment("iclr2024", "teacher", MODULES, 3, templates=32),
            Experiment("iclr2024", "preferences", {"max_active": 2}, 3),
            Experiment("iclr2024", "goals", {**FACTORS, "distractors": 3}, 3),
        ),
        ADAPTIVE,
    ),
}


@dataclass(frozen=True)
class Cell:
    """A run, and where it stands in the table."""

    experiment: Experiment
    method: str
    support: str
    split: Split

    @property
    def config(self) -> RunConfig:
        return self.experiment.config(self.method, self.split)


class Condition(Study[Budget, Cell | Setting]):
    """A condition and two supports.

    Args:
        families: of the budget's ones; by default all.

    Attributes:
        met: the condition's name, as an attribute of a diagnosis and as a support that meets it.
        missed: a support that does not; both have held-out combinations in common.
        sets: the same two for students, as lists of module sets; both train as many.
    """

    met: str
    missed: str
    sets: tuple[str, str]
    budgets: ClassVar = BUDGETS
    students: ClassVar = STUDENTS

    def __init__(self, families: Sequence[str] = ()) -> None:
        self.families = tuple(families)

    def holds(self, split: Split) -> bool:
        return bool(getattr(diagnose(split), self.met))

    def splits(self, experiment: Experiment) -> dict[str, list[Split]]:
        """Splits of every world by what tables call them.

        First the support that meets the condition, then the same with as few combinations as the one that does not, then that.
        """
        space = make_family(experiment.family, 0, **experiment.sizes).space
        count = int(make_split(space, self.missed).trained.sum())
        supports: dict[str, tuple[str, dict[str, Any]]] = {
            self.met: (self.met, {}),
            f"{self.met}, {count} combinations": (self.met, {"trained_combinations": count}),
            self.missed: (self.missed, {}),
        }
        return {
            name: [make_split(space, support, world, **options) for world in range(experiment.seeds)]
            for name, (support, options) in supports.items()
        }

    def settings(self, budget: Budget) -> list[Cell | Setting]:
        names = [experiment.family for experiment in budget.experiments]
        for family in self.families:
            if family not in names:
                raise ValueError(f"this preset has no family {family!r}; allowed: {', '.join(map(repr, names))}")
        cells = [
            Cell(experiment, method, support, split)
            for experiment in budget.experiments
            if experiment.family in (self.families or names)
            for method in budget.methods
            for support, splits in self.splits(experiment).items()
            for split in splits
        ]
        return [*self.students.settings(self.sets), *cells]

    def prediction(self, settings: Sequence[Cell | Setting]) -> str:
        """What the diagnosis says about the supports, of learners (in world 0) and of students."""
        splits = {
            f"{cell.experiment.family}, {cell.support}, world 0": cell.split
            for cell in cells_of(settings)
            if cell.split.world == 0
        }
        splits |= {f"Theory's setting, {sets}": split_of(sets) for sets in self.sets}
        lines = [f"# Predicted before training: higher held-out scores where the support is {self.met}", ""]
        for name, split in splits.items():
            lines += [f"## {name}", "", "```", str(diagnose(split)), "```", ""]
        return "\n".join(lines)

    def train(self, settings: Sequence[Cell | Setting], runs: Path, workers: int | None) -> list[dict[str, Any]]:
        students = run_students([setting for setting in settings if isinstance(setting, Setting)], runs, workers)
        return [*students, *results_of(run_all([cell.config for cell in cells_of(settings)], runs, workers))]

    def found(
        self,
        preset: str,
        budget: Budget,
        settings: Sequence[Cell | Setting],
        results: Sequence[dict[str, Any]],
        runs: Path,
    ) -> dict[str, Any]:
        """What was compared.

        Returns:
            ``families``: for each, its ``rows`` (method, support, whether it meets the condition, how many combinations it
            trains, scores by name and set, decoding of every seed) and ``differences`` (the matched support that meets the
            condition minus the one that does not, paired by seed); ``theory_setting``: rows and ``difference`` of students.
        """
        cells = cells_of(settings)
        of_students, of_cells = results[: len(results) - len(cells)], results[len(results) - len(cells) :]
        families = []
        for experiment in dict.fromkeys(cell.experiment.family for cell in cells):
            own = [(cell, result) for cell, result in zip(cells, of_cells, strict=True) if cell.experiment.family == experiment]
            families.append(self._family(own))
        return {
            "condition": self.name,
            "title": self.title,
            "preset": preset,
            "families": families,
            "theory_setting": self._students(of_students),
        }

    def _family(self, own: Sequence[tuple[Cell, dict[str, Any]]]) -> dict[str, Any]:
        experiment = own[0][0].experiment
        grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for cell, result in own:
            grouped.setdefault((cell.method, cell.support), []).append(result)
        described = {
            **asdict(experiment),
            "metrics": list(experiment.scores),
            "steps": {cell.method: cell.config.steps for cell, _ in own},
            "runs": [result["run_id"] for _, result in own],
        }
        return {**described, **compared.compare(self.holds, experiment.scores, self.splits(experiment), grouped)}

    def _students(self, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
        budget = self.students
        by_sets = {sets: [result for result in results if result["support"] == sets] for sets in self.sets}
        example = budget.settings(self.sets)[0]
        return {
            "seeds": budget.seeds,
            **{name: getattr(example, name) for name in ("weights", "steps", "width", "samples", "tasks")},
            **compared.compare_students(self.holds, by_sets),
        }

    def markdown(self, found: dict[str, Any]) -> str:
        return condition_tables.markdown(found, self.met, self.missed)

    def picture(self, found: dict[str, Any], path: Path) -> None:
        conditions_picture(found, self.met, self.missed, path)


def cells_of(settings: Sequence[Cell | Setting]) -> list[Cell]:
    """The settings that are runs of learners."""
    return [setting for setting in settings if isinstance(setting, Cell)]


class Connectivity(Condition):
    """All modules hang together, or they fall into two groups that never meet."""

    name = "connectivity"
    title = "Connected against disconnected support"
    met, missed = "connected", "disconnected"
    sets = identification.SUPPORTS[0], identification.SUPPORTS[3]


class Compositionality(Condition):
    """Every module is trained, or one never is."""

    name = "compositionality"
    title = "Compositional against non-compositional support"
    met, missed = "compositional", "non_compositional"
    sets = identification.SUPPORTS[0], "0,1;1,2;2,3;3,4;4,0;0,2"
