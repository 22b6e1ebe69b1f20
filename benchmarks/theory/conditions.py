"""What a condition of the theory is worth: a support that meets it against one that does not (ICLR 2024, sections 3.2 and 4.2).

Both are scored on the same held-out combinations. The paper's supports train different numbers of combinations; beside them
stands one that meets the condition with as many as the other has. The same question is put to students in the theory's
setting, where it can be decided within minutes. What is predicted, by :func:`compworld.diagnose`, is written to a file before
anything is trained.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import identification, statistics
from benchmarks.config import RunConfig
from benchmarks.executors import run_all
from benchmarks.methods import title_of
from benchmarks.plots import conditions_picture
from benchmarks.recipes import ADAPTIVE
from benchmarks.recipes import preset as preset_of
from benchmarks.results import provenance, write_json, write_text
from compworld import diagnose, make_family, make_split
from compworld.tasks.splits import Split

METRICS = {"r2": "R²", "action_accuracy": "action accuracy", "success_rate": "success rate", "normalised_return": "return"}


@dataclass(frozen=True)
class Condition:
    """A condition and two supports.

    Attributes:
        title: the question.
        met: the condition's name, as an attribute of a diagnosis and as a support that meets it.
        missed: a support that does not; both have held-out combinations in common.
        sets: the same two for students, as lists of module sets; both train as many.
    """

    title: str
    met: str
    missed: str
    sets: tuple[str, str]

    def holds(self, split: Split) -> bool:
        return bool(getattr(diagnose(split), self.met))


RING = identification.SUPPORTS[0]
CONDITIONS = {
    "connectivity": Condition(
        "Connected against disconnected support", "connected", "disconnected", (RING, identification.SUPPORTS[3])
    ),
    "compositionality": Condition(
        "Compositional against non-compositional support",
        "compositional",
        "non_compositional",
        (RING, "0,1;1,2;2,3;3,4;4,0;0,2"),
    ),
}

STUDENTS = dataclasses.replace(identification.PRESETS["quick"], seeds=5)
"""Budget of students, the same for both supports."""


@dataclass(frozen=True)
class Experiment:
    """A preset's recipes on one family.

    Attributes:
        preset, family, sizes: what is trained.
        metrics: that are compared.
        seeds: their number; seed s plays in world s.
        steps: outer steps of each run, None for the recipes'.
        templates: of hypernetworks, None for the recipes'.
    """

    preset: str
    family: str
    sizes: dict[str, Any]
    metrics: tuple[str, ...]
    seeds: int
    steps: int | None = None
    templates: int | None = None


@dataclass(frozen=True)
class Preset:
    """What is trained, by which methods."""

    experiments: tuple[Experiment, ...]
    methods: tuple[str, ...]


# Eight modules, or four values for most factors of Goals, so that supports have room to differ.
MODULES, FACTORS = {"modules": 8}, {"mazes": 4, "object_types": 4}
PRESETS = {
    "quick": Preset(
        (
            # As many templates for each module as in the preset, whose teacher has 4 modules.
            Experiment("teacher", "teacher-small", MODULES, ("r2",), 10, templates=16),
            Experiment("quick", "preferences-small", MODULES, ("action_accuracy", "normalised_return"), 6, steps=2200),
            Experiment("quick", "goals-small", FACTORS, ("action_accuracy", "success_rate"), 6, steps=1500),
        ),
        ("linear_hypernetwork", "anil"),
    ),
    "full": Preset(
        (
            Experiment("iclr2024", "teacher", MODULES, ("action_accuracy",), 3, templates=32),
            Experiment("iclr2024", "preferences", {"max_active": 2}, ("r2", "normalised_return"), 3),
            Experiment("iclr2024", "goals", {**FACTORS, "distractors": 3}, ("action_accuracy", "success_rate"), 3),
        ),
        ADAPTIVE,
    ),
}


def compare(
    name: str, preset: str, runs: Path, out: Path, workers: int | None = None, families: Sequence[str] = ()
) -> dict[str, Any]:
    """Run all cells that have no result yet; writes table, data and figure into ``out``.

    Args:
        name: key of ``CONDITIONS``.
        preset: key of ``PRESETS``.
        runs: folder of all runs.
        out: folder for the files.
        workers: runs side by side; by default one per core.
        families: of the preset's ones; by default all.

    Returns:
        ``families``: for each, its ``rows`` (method, support, whether it meets the condition, how many combinations it trains,
        scores by metric and set, decoding of every seed) and ``differences`` (the matched support that meets the condition
        minus the one that does not, paired by seed); ``theory_setting``: rows and ``difference`` of students; provenance.

    Raises:
        ValueError: unknown condition, preset or family.
    """
    for value, allowed in ((name, CONDITIONS), (preset, PRESETS)):
        if value not in allowed:
            raise ValueError(f"unknown name {value!r}; allowed: {', '.join(map(repr, allowed))}")
    condition, chosen = CONDITIONS[name], PRESETS[preset]
    names = [experiment.family for experiment in chosen.experiments]
    for family in families:
        if family not in names:
            raise ValueError(f"preset {preset!r} has no family {family!r}; allowed: {', '.join(map(repr, names))}")
    experiments = [experiment for experiment in chosen.experiments if experiment.family in (families or names)]
    splits = [_splits(condition, experiment) for experiment in experiments]
    _predict(condition, experiments, splits, out / f"{name}_predicted.md")
    in_theory = _students(condition, runs, workers)
    configs = [
        {
            (method, support): [_config(experiment, method, split) for split in of_support]
            for method in chosen.methods
            for support, of_support in of_experiment.items()
        }
        for experiment, of_experiment in zip(experiments, splits, strict=True)
    ]
    flat = [config for cells in configs for of_cell in cells.values() for config in of_cell]
    results = iter(run_all(flat, runs, workers))
    compared = []
    for experiment, of_experiment, cells in zip(experiments, splits, configs, strict=True):
        found = {cell: [next(results) for _ in of_cell] for cell, of_cell in cells.items()}
        steps = {method: of_cell[0].outer.steps for (method, _), of_cell in cells.items()}
        runs_of = [config.run_id for of_cell in cells.values() for config in of_cell]
        described = {**dataclasses.asdict(experiment), "steps": steps, "runs": runs_of}
        compared.append({**described, **_compared(condition, experiment.metrics, of_experiment, found)})
    everything = {
        "condition": name,
        "title": condition.title,
        "preset": preset,
        "families": compared,
        "theory_setting": in_theory,
        **provenance(),
    }
    write_json(out / f"{name}.json", everything)
    write_text(out / f"{name}.md", markdown(everything))
    conditions_picture(everything, METRICS, out / f"{name}.png")
    return everything


def _splits(condition: Condition, experiment: Experiment) -> dict[str, list[Split]]:
    """Splits of every world by what tables call them.

    First the support that meets the condition, then the same with as few combinations as the one that does not, then that.
    """
    space = make_family(experiment.family, 0, **experiment.sizes).space
    count = int(make_split(space, condition.missed).trained.sum())
    supports: dict[str, tuple[str, dict[str, Any]]] = {
        condition.met: (condition.met, {}),
        f"{condition.met}, {count} combinations": (condition.met, {"trained_combinations": count}),
        condition.missed: (condition.missed, {}),
    }
    return {
        name: [make_split(space, support, world, **options) for world in range(experiment.seeds)]
        for name, (support, options) in supports.items()
    }


def _config(experiment: Experiment, method: str, split: Split) -> RunConfig:
    config = preset_of(experiment.preset).config(
        experiment.family, method, split.world, split.support, support_options=split.options, sizes=experiment.sizes
    )
    if experiment.steps is not None:
        outer = dataclasses.replace(config.outer, steps=experiment.steps, warmup=experiment.steps // 10)
        config = dataclasses.replace(config, outer=outer)
    if experiment.templates is not None and "templates" in config.method_options:
        config = dataclasses.replace(config, method_options={**config.method_options, "templates": experiment.templates})
    return config


def _predict(
    condition: Condition, experiments: Sequence[Experiment], splits: Sequence[dict[str, list[Split]]], path: Path
) -> None:
    """Write down what the diagnosis says about the supports, of learners (in world 0) and of students."""
    reports = {
        f"{experiment.family}, {name}, world 0": diagnose(several[0])
        for experiment, by_name in zip(experiments, splits, strict=True)
        for name, several in by_name.items()
    }
    reports |= {f"Theory's setting, {sets}": diagnose(identification.split_of(sets)) for sets in condition.sets}
    lines = [f"# Predicted before training: higher held-out scores where the support is {condition.met}", ""]
    for name, report in reports.items():
        lines += [f"## {name}", "", "```", str(report), "```", ""]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "\n".join(lines))


def _compared(
    condition: Condition,
    metrics: Sequence[str],
    splits: dict[str, list[Split]],
    results: dict[tuple[str, str], list[dict[str, Any]]],
) -> dict[str, Any]:
    """Rows and differences of one family."""
    # Of every world, the combinations that no support trains: one support's held-out set may be larger.
    common = [
        np.flatnonzero(np.logical_and.reduce([split.held_out for split in of_world]))
        for of_world in zip(*splits.values(), strict=True)
    ]

    def scores(cell: tuple[str, str], which: str, metric: str) -> list[np.ndarray]:
        found = []
        for result, combinations in zip(results[cell], common, strict=True):
            values = result["scores"][which]
            chosen = np.isin(values["combination"], combinations) | (which != "held_out")
            found.append(np.asarray(values[metric])[chosen])
        return found

    def estimates(cell: tuple[str, str], metric: str) -> dict[str, dict[str, float]]:
        return {
            which: statistics.estimate(scores(cell, which, metric), np.random.default_rng(0)).as_dict()
            for which in ("fresh_episodes", "held_out")
        }

    rows = [
        {
            "method": method,
            "support": support,
            "trained": int(splits[support][0].trained.sum()),
            "met": all(condition.holds(split) for split in splits[support]),
            "scores": {metric: estimates((method, support), metric) for metric in metrics},
            "decoding": [
                {name: result["decoding"][name] for name in ("total_r2", "permuted_total_r2")}
                for result in results[method, support]
                if result["decoding"]
            ],
        }
        for method, support in results
    ]
    _, matched, missed = splits  # as _splits orders them
    differences = {
        method: {
            metric: statistics.difference(
                scores((method, matched), "held_out", metric),
                scores((method, missed), "held_out", metric),
                np.random.default_rng(0),
            ).as_dict()
            for metric in metrics
        }
        for method in dict.fromkeys(method for method, _ in results)
    }
    return {"held_out_combinations": len(common[0]), "rows": rows, "differences": differences}


def _students(condition: Condition, runs: Path, workers: int | None) -> dict[str, Any]:
    """Students, scored on the same tasks of all combinations that neither support trains."""
    splits = {sets: identification.split_of(sets) for sets in condition.sets}
    settings = identification.settings_of(STUDENTS, condition.sets)
    results = identification.run_all(settings, runs, workers)
    common = np.flatnonzero(np.logical_and.reduce([split.held_out for split in splits.values()]))
    rows: list[dict[str, Any]] = []
    scores: dict[str, list[np.ndarray]] = {}
    for number, (sets, split) in enumerate(splits.items()):
        found = results[number * STUDENTS.seeds : (number + 1) * STUDENTS.seeds]
        scores[sets] = [np.asarray(result["r2"])[np.isin(result["combination"], common)] for result in found]
        rows.append(
            {
                "support": sets,
                "trained": int(split.trained.sum()),
                "met": condition.holds(split),
                "training": [result["training"] for result in found],
                "held_out": statistics.estimate(scores[sets], np.random.default_rng(0)).as_dict(),
                "held_out_of_seeds": [float(values.mean()) for values in scores[sets]],
            }
        )
    met, missed = scores.values()
    return {
        "seeds": STUDENTS.seeds,
        **{name: getattr(settings[0], name) for name in ("weights", "steps", "width", "samples", "tasks")},
        "held_out_combinations": len(common),
        "rows": rows,
        "difference": statistics.difference(met, missed, np.random.default_rng(0)).as_dict(),
    }


def markdown(found: dict[str, Any]) -> str:
    """The tables as Markdown."""
    condition = CONDITIONS[found["condition"]]
    machine = found["hardware"]
    lines = [
        f"# {condition.title}",
        "",
        f"Each seed plays in its own world; {machine['cores']} cores of {machine['processor']}. Interquartile mean over seeds "
        "with 95 % intervals from a bootstrap over seeds and tasks; within a world the held-out combinations are the same in "
        "all rows. Decoding: R² of all modules' weights together, read off the adapted learner linearly on the support's own "
        "held-out combinations; mean over seeds (lowest and highest), and with features shuffled among tasks.",
    ]
    for family in found["families"]:
        lines += _family_table(condition, family)
    return "\n".join([*lines, "", *_students_table(condition, found["theory_setting"])]) + "\n"


def _family_table(condition: Condition, family: dict[str, Any]) -> list[str]:
    steps = ", ".join(f"{title_of(method)} {count:,}" for method, count in family["steps"].items())
    metrics = [f"{METRICS[metric]}, {which}" for metric in family["metrics"] for which in ("fresh", "held out")]
    columns = ["method", "support", "combinations trained", f"{condition.met} (diagnosis)", *metrics, "decoding", "shuffled"]
    lines = [
        "",
        f"## {family['family']}",
        "",
        f"{family['seeds']} seeds; sizes {family['sizes']}; outer steps: {steps}; {family['held_out_combinations']} held-out "
        "combinations.",
        "",
        f"| {' | '.join(columns)} |",
        "|---" * len(columns) + "|",
    ]
    for row in family["rows"]:
        values = [_interval(value, ".3f") for metric in family["metrics"] for value in row["scores"][metric].values()]
        met = "yes" if row["met"] else "no"
        start = f"| {title_of(row['method'])} | {row['support']} | {row['trained']} | {met} | {' | '.join(values)}"
        lines.append(f"{start} | {_decoding(row['decoding'])} |")
    lines.append("")
    for method, differences in family["differences"].items():
        for metric, difference in differences.items():
            lines.append(
                f"- {title_of(method)}, matched {condition.met} minus {condition.missed}, {METRICS[metric]}, held out: "
                f"{_interval(difference, '+.3f')}"
            )
    return lines


def _students_table(condition: Condition, found: dict[str, Any]) -> list[str]:
    lines = [
        "## In the theory's setting",
        "",
        f"Students of a teacher with {identification.MODULES} modules (`compworld theory identification`); {found['seeds']} "
        f"seeds, each with a teacher of its own; {found['tasks']} training tasks and {found['steps']:,} steps for either "
        f"support. Held out: the same {identification.TASKS_EACH} tasks of each of the {found['held_out_combinations']} "
        "combinations that neither trains; R² after fitting a code, aggregated as above.",
        "",
        f"| support | combinations trained | {condition.met} (diagnosis) | R² training (lowest to highest) | R² held out |",
        "|---|---|---|---|---|",
    ]
    for row in found["rows"]:
        low, high = min(row["training"]), max(row["training"])
        met = "yes" if row["met"] else "no"
        start = f"| {row['support']} | {row['trained']} | {met} | {low:.5f} to {high:.5f}"
        lines.append(f"{start} | {_interval(row['held_out'], '.3f')} |")
    return [*lines, "", f"- The first minus the second, held out: {_interval(found['difference'], '+.3f')}"]


def _interval(estimate: dict[str, float], form: str) -> str:
    return f"{estimate['value']:{form}} [{estimate['low']:{form}}, {estimate['high']:{form}}]"


def _decoding(records: list[dict[str, Any]]) -> str:
    if not records:
        return " | "
    r2, shuffled = (np.asarray([record[name] for record in records]) for name in ("total_r2", "permuted_total_r2"))
    return f"{r2.mean():.3f} ({r2.min():.3f} to {r2.max():.3f}) | {shuffled.mean():.2f}"
