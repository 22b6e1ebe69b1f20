"""Connected against disconnected support, scored on the same held-out combinations (ICLR 2024, sections 3.2 and 4.2).

The paper's supports train different numbers of combinations; beside them stands a connected one that trains no more of them
than the disconnected one. The same question is put to students in the theory's setting, where it can be decided within minutes.
What is predicted, by :func:`compworld.diagnose`, is written to a file before anything is trained.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import identification, statistics
from benchmarks.config import RunConfig
from benchmarks.executors import run_all
from benchmarks.methods import title_of
from benchmarks.recipes import preset as preset_of
from benchmarks.results import provenance, write_json, write_text
from compworld import diagnose, make_family, make_split
from compworld.tasks.splits import Split

STUDENT_SUPPORTS = {"connected": identification.SUPPORTS[0], "disconnected": identification.SUPPORTS[3]}
"""A ring of pairs and two triangles: six combinations each."""

STUDENTS = dataclasses.replace(identification.PRESETS["quick"], seeds=5)
"""Budget of students, the same for both supports."""


@dataclass(frozen=True)
class Experiment:
    """A preset's recipes on one family and several methods, scored by one metric."""

    preset: str
    family: str
    sizes: dict[str, Any]
    templates: int
    """Of the hypernetworks: as many for each module as in the preset, whose teacher has 4 modules."""
    methods: tuple[str, ...]
    seeds: int
    metric: str


PRESETS = {
    "quick": Experiment("teacher", "teacher-small", {"modules": 8}, 16, ("linear_hypernetwork",), 10, "r2"),
    "full": Experiment(
        "iclr2024",
        "teacher",
        {"modules": 8},
        32,
        ("linear_hypernetwork", "deep_hypernetwork", "anil", "maml"),
        3,
        "action_accuracy",
    ),
}


def connectivity(preset: str, runs: Path, out: Path, workers: int | None = None) -> dict[str, Any]:
    """Run all cells that have no result yet; writes table and data into ``out``.

    Returns:
        ``rows``: for each method and support, whether it is connected, how many combinations it trains, its scores, and how
        well each seed's modules can be decoded from what adapted;
        ``differences``: matched connected minus disconnected support, paired by seed;
        ``theory_setting``: rows and ``difference`` of students in the theory's setting; provenance.

    Raises:
        ValueError: unknown preset.
    """
    if preset not in PRESETS:
        raise ValueError(f"unknown preset {preset!r}; allowed: {', '.join(map(repr, PRESETS))}")
    chosen = PRESETS[preset]
    space = make_family(chosen.family, 0, **chosen.sizes).space
    count = int(make_split(space, "disconnected").trained.sum())
    supports: dict[str, tuple[str, dict[str, Any]]] = {
        "connected": ("connected", {}),
        f"connected, {count} combinations": ("connected", {"trained_combinations": count}),
        "disconnected": ("disconnected", {}),
    }
    splits = {
        name: [make_split(space, support, world, **options) for world in range(chosen.seeds)]
        for name, (support, options) in supports.items()
    }
    _predict(splits, out / "connectivity_predicted.md")
    in_theory = _students(runs, workers)
    cells = [(method, name) for method in chosen.methods for name in supports]
    configs = [_config(chosen, method, seed, *supports[name]) for method, name in cells for seed in range(chosen.seeds)]
    results = run_all(configs, runs, workers)
    scores: dict[tuple[str, str], dict[str, list[np.ndarray]]] = {}
    decoded: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for number, cell in enumerate(cells):
        found = results[number * chosen.seeds : (number + 1) * chosen.seeds]
        scores[cell] = {
            which: [np.asarray(result["scores"][which][chosen.metric]) for result in found]
            for which in ("fresh_episodes", "held_out")
        }
        decoded[cell] = [result["decoding"] for result in found if result["decoding"]]
    rows = []
    for method, name in cells:
        row: dict[str, Any] = {"method": method, "support": name, "trained": int(splits[name][0].trained.sum())}
        row["connected"] = all(diagnose(split).connected for split in splits[name])
        for which, values in scores[method, name].items():
            row[which] = statistics.estimate(values, np.random.default_rng(0)).as_dict()
        row["decoding"] = decoded[method, name]
        rows.append(row)
    matched = list(supports)[1]
    differences = {
        method: statistics.difference(
            scores[method, matched]["held_out"], scores[method, "disconnected"]["held_out"], np.random.default_rng(0)
        ).as_dict()
        for method in chosen.methods
    }
    steps = {config.method: config.outer.steps for config in configs}
    found_all = {
        "preset": preset,
        "family": chosen.family,
        "sizes": chosen.sizes,
        "metric": chosen.metric,
        "seeds": chosen.seeds,
        "outer_steps": steps,
        "rows": rows,
        "differences": differences,
        "theory_setting": in_theory,
        "runs": [result["run_id"] for result in results],
        **provenance(),
    }
    write_json(out / "connectivity.json", found_all)
    write_text(out / "connectivity.md", markdown(found_all))
    return found_all


def _predict(splits: dict[str, list[Split]], path: Path) -> None:
    """Write down what the diagnosis says about the supports, of learners (first world) and of students."""
    reports = {f"Learners, {name}": diagnose(several[0]) for name, several in splits.items()}
    reports |= {f"Theory's setting, {name}": diagnose(identification.split_of(sets)) for name, sets in STUDENT_SUPPORTS.items()}
    lines = ["# Predicted before training: higher held-out scores where the support is connected", ""]
    for name, report in reports.items():
        lines += [f"## {name}", "", "```", str(report), "```", ""]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "\n".join(lines))


def _students(runs: Path, workers: int | None) -> dict[str, Any]:
    """Students of :data:`STUDENT_SUPPORTS`, scored on the same tasks of all combinations that neither support trains."""
    splits = {name: identification.split_of(sets) for name, sets in STUDENT_SUPPORTS.items()}
    settings = identification.settings_of(STUDENTS, tuple(STUDENT_SUPPORTS.values()))
    results = identification.run_all(settings, runs, workers)
    common = np.flatnonzero(np.logical_and.reduce([split.held_out for split in splits.values()]))
    rows: list[dict[str, Any]] = []
    scores: dict[str, list[np.ndarray]] = {}
    for number, (name, split) in enumerate(splits.items()):
        found = results[number * STUDENTS.seeds : (number + 1) * STUDENTS.seeds]
        scores[name] = [np.asarray(result["r2"])[np.isin(result["combination"], common)] for result in found]
        rows.append(
            {
                "support": f"{name}: {STUDENT_SUPPORTS[name]}",
                "trained": int(split.trained.sum()),
                "connected": diagnose(split).connected,
                "training": [result["training"] for result in found],
                "held_out": statistics.estimate(scores[name], np.random.default_rng(0)).as_dict(),
                "held_out_of_seeds": [float(values.mean()) for values in scores[name]],
            }
        )
    return {
        "seeds": STUDENTS.seeds,
        **{name: getattr(settings[0], name) for name in ("weights", "steps", "width", "samples", "tasks")},
        "held_out_combinations": len(common),
        "rows": rows,
        "difference": statistics.difference(scores["connected"], scores["disconnected"], np.random.default_rng(0)).as_dict(),
        **provenance(),
    }


def _config(chosen: Experiment, method: str, seed: int, support: str, options: dict[str, Any]) -> RunConfig:
    config = preset_of(chosen.preset).config(chosen.family, method, seed, support, support_options=options, sizes=chosen.sizes)
    if "templates" not in config.method_options:
        return config
    return dataclasses.replace(config, method_options={**config.method_options, "templates": chosen.templates})


def markdown(found: dict[str, Any]) -> str:
    """The table as Markdown."""
    steps = ", ".join(f"{title_of(method)} {count:,}" for method, count in found["outer_steps"].items())
    lines = [
        "# Connected against disconnected support",
        "",
        f"{found['family']} with {found['sizes']}; {found['seeds']} seeds; outer steps: {steps}. "
        f"{'R²' if found['metric'] == 'r2' else 'Action accuracy'}, interquartile mean over seeds with 95 % intervals from a "
        "bootstrap over seeds and tasks; held-out combinations are the same in all rows. Decoding: R² of all modules' weights "
        "together, read off the adapted parameters linearly on held-out combinations; mean over seeds (lowest and highest), "
        "and with features shuffled among tasks.",
        "",
        "| method | support | combinations trained | connected (diagnosis) | fresh episodes | held out | decoding | shuffled |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in found["rows"]:
        values = " | ".join(_interval(row[which], ".3f") for which in ("fresh_episodes", "held_out"))
        connected = "yes" if row["connected"] else "no"
        start = f"| {title_of(row['method'])} | {row['support']} | {row['trained']} | {connected} | {values}"
        lines.append(f"{start} | {_decoding(row['decoding'])} |")
    lines.append("")
    for method, difference in found["differences"].items():
        lines.append(f"- {title_of(method)}, matched connected minus disconnected, held out: {_interval(difference, '+.3f')}")
    return "\n".join([*lines, "", *_students_table(found["theory_setting"])]) + "\n"


def _students_table(found: dict[str, Any]) -> list[str]:
    lines = [
        "## In the theory's setting",
        "",
        f"Students of a teacher with {identification.MODULES} modules (`compworld theory identification`); {found['seeds']} "
        f"seeds, each with a teacher of its own; {found['tasks']} training tasks and {found['steps']:,} steps for either "
        f"support. Held out: the same {identification.TASKS_EACH} tasks of each of the {found['held_out_combinations']} "
        "combinations that neither trains; R² after fitting a code, aggregated as above.",
        "",
        "| support | combinations trained | connected (diagnosis) | R² training (lowest to highest) | R² held out |",
        "|---|---|---|---|---|",
    ]
    for row in found["rows"]:
        low, high = min(row["training"]), max(row["training"])
        connected = "yes" if row["connected"] else "no"
        start = f"| {row['support']} | {row['trained']} | {connected} | {low:.5f} to {high:.5f}"
        lines.append(f"{start} | {_interval(row['held_out'], '.3f')} |")
    return [*lines, "", f"- Connected minus disconnected, held out: {_interval(found['difference'], '+.3f')}"]


def _interval(estimate: dict[str, float], form: str) -> str:
    return f"{estimate['value']:{form}} [{estimate['low']:{form}}, {estimate['high']:{form}}]"


def _decoding(records: list[dict[str, Any]]) -> str:
    if not records:
        return " | "
    r2, shuffled = (np.asarray([record[name] for record in records]) for name in ("total_r2", "permuted_total_r2"))
    return f"{r2.mean():.3f} ({r2.min():.3f} to {r2.max():.3f}) | {shuffled.mean():.2f}"
