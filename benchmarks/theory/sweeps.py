"""Theory experiments that train one recipe at several settings of the small Teacher and plot the score against the setting.

``overparameterisation``: templates and width of the student; ``tasks``: how many combinations are trained; ``reach``: trained
on few active modules, scored on many; ``adaptation``: shots and inner steps at evaluation (ICLR 2024, sections 4.1 and 4.2).
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import statistics
from benchmarks.config import RunConfig
from benchmarks.evaluation import evaluate_set
from benchmarks.executors import run_all
from benchmarks.methods import title_of
from benchmarks.plots import sweep_picture
from benchmarks.recipes import ADAPTIVE
from benchmarks.recipes import preset as preset_of
from benchmarks.results import provenance, write_json, write_text
from benchmarks.runner import trained_learner
from compworld import make_family, make_split

FAMILY, METRIC = "teacher-small", "r2"
SETS = {"held_out": "held out", "fresh_episodes": "fresh episodes"}


@dataclass(frozen=True)
class Point:
    """A place in a figure with the per-task scores of one run."""

    panel: str
    line: str
    x: float
    scores: np.ndarray


@dataclass(frozen=True)
class Sweep:
    """An experiment.

    Attributes:
        title: what it asks.
        axis: label of the horizontal axis.
        cells: from a seed to the (line, config) pairs that are trained.
        points: from (line, config, result, folder of runs) to the points that the run gives.
        conclusions: from all rows to sentences below the table.
    """

    title: str
    axis: str
    cells: Callable[[int], list[tuple[str, RunConfig]]]
    points: Callable[[str, RunConfig, dict[str, Any], Path], Iterator[Point]]
    conclusions: Callable[[list[dict[str, Any]]], list[str]] = lambda rows: []


@dataclass(frozen=True)
class Budget:
    """Outer steps of each run, and number of seeds."""

    steps: int
    seeds: int


PRESETS = {"quick": Budget(1500, 3), "full": Budget(20_000, 5)}


def _config(method: str, seed: int, templates: int = 8, width: int = 32, **changes: Any) -> RunConfig:
    config = preset_of("teacher").config(FAMILY, method, seed, **changes)
    if "templates" in config.method_options:
        options = {**config.method_options, "templates": templates, "width": width}
        config = dataclasses.replace(config, method_options=options)
    return config


def _scores(result: dict[str, Any], which: str) -> np.ndarray:
    return np.asarray(result["scores"][which][METRIC])


# Overparameterisation -------------------------------------------------------------------------------------------------


def _student_cells(seed: int) -> list[tuple[str, RunConfig]]:
    cells = [
        (f"{width} wide", _config("linear_hypernetwork", seed, templates, width))
        for width in (16, 32, 128)
        for templates in (4, 8, 32)
    ]
    for templates in (4, 8, 32):
        config = _config("linear_hypernetwork", seed, templates)
        cells.append(
            (
                "32 wide, weight decay 0.1",
                dataclasses.replace(config, outer=dataclasses.replace(config.outer, weight_decay=0.1)),
            )
        )
    return cells


def _student_points(line: str, config: RunConfig, result: dict[str, Any], runs: Path) -> Iterator[Point]:
    for which, panel in SETS.items():
        yield Point(panel, line, config.method_options["templates"], _scores(result, which))


# Number of training combinations --------------------------------------------------------------------------------------


HELD_OUT_FRACTIONS = {4: (0.1, 0.25, 0.5), 6: (0.1, 0.25, 0.5, 0.7), 8: (0.1, 0.25, 0.5, 0.7), 12: (0.5, 0.7, 0.8)}
"""For each number M of modules; at least M combinations are trained."""

ENOUGH = 0.95
"""Of the score on trained combinations that held-out ones should reach."""


def _task_cells(seed: int) -> list[tuple[str, RunConfig]]:
    return [
        (
            f"M = {modules}",
            _config(
                "linear_hypernetwork",
                seed,
                templates=2 * modules,
                sizes={"modules": modules},
                support_options={"held_out_fraction": fraction},
            ),
        )
        for modules, fractions in HELD_OUT_FRACTIONS.items()
        for fraction in fractions
    ]


def _task_points(line: str, config: RunConfig, result: dict[str, Any], runs: Path) -> Iterator[Point]:
    space = make_family(config.family, config.world, **config.sizes).space
    trained = int(make_split(space, config.support, config.world, **config.support_options).trained.sum())
    for which, panel in SETS.items():
        yield Point(panel, line, trained, _scores(result, which))


def _needed(rows: list[dict[str, Any]]) -> list[str]:
    """How many combinations each number of modules needs, and the straight line through those numbers."""
    panels: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for row in rows:
        panels.setdefault(row["line"], {}).setdefault(row["panel"], []).append((row["x"], row["value"]))
    found = {}
    for modules in HELD_OUT_FRACTIONS:
        if f"M = {modules}" not in panels:
            continue
        trained, held_out = np.transpose(sorted(panels[f"M = {modules}"][SETS["held_out"]]))
        fresh = np.mean([value for _, value in panels[f"M = {modules}"][SETS["fresh_episodes"]]])
        enough = np.flatnonzero(held_out >= ENOUGH * fresh)
        if not len(enough) or enough[0] == 0:
            continue  # never reached, or already with the fewest
        (x0, x1), (y0, y1) = (values[enough[0] - 1 : enough[0] + 1] for values in (trained, held_out))
        found[modules] = x0 + (x1 - x0) * (ENOUGH * fresh - y0) / (y1 - y0)
    numbers = ", ".join(f"{count:.1f} (M = {modules})" for modules, count in found.items()) or "none"
    lines = [
        f"Combinations needed for held-out R² to be {100 * ENOUGH:.0f} % of that on fresh episodes (mean of a line), "
        f"interpolated linearly: {numbers}."
    ]
    if len(found) > 2:
        numbers_M, counts_M = np.asarray(list(found)), np.asarray(list(found.values()))
        slope, start = np.polyfit(numbers_M, counts_M, 1)
        exponent, _ = np.polyfit(np.log(numbers_M), np.log(counts_M), 1)
        error = np.abs(slope * numbers_M + start - counts_M).max()
        lines.append(
            f"Straight line: {slope:.2f} M {start:+.1f}, off by at most {error:.1f}; as a power of M: exponent {exponent:.2f} "
            f"(all pairs grow with exponent 2)."
        )
    return lines


# More active modules than trained -------------------------------------------------------------------------------------


def _reach_cells(seed: int) -> list[tuple[str, RunConfig]]:
    return [
        (
            f"{title_of(method)}, trained on 1 to {active} active",
            _config(
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


def _reach_points(line: str, config: RunConfig, result: dict[str, Any], runs: Path) -> Iterator[Point]:
    counts = make_family(config.family, config.world, **config.sizes).space.active_counts
    for which in SETS:
        active = counts[np.asarray(result["scores"][which]["combination"], dtype=np.int64)]
        for number in np.unique(active).tolist():
            yield Point(
                "new episodes of trained and held-out combinations", line, number, _scores(result, which)[active == number]
            )


# Adaptation -----------------------------------------------------------------------------------------------------------


def _adaptation_cells(seed: int) -> list[tuple[str, RunConfig]]:
    return [(title_of(method), _config(method, seed)) for method in ADAPTIVE]


def _adaptation_points(line: str, config: RunConfig, result: dict[str, Any], runs: Path) -> Iterator[Point]:
    learner, config, world = trained_learner(runs, result["run_id"])
    for shots in (1, 2, 4, 8, 16, 32, 64):
        changed = dataclasses.replace(config, support_episodes=shots)
        yield Point("held out, by shots", line, shots, np.asarray(evaluate_set(learner, changed, world, "held_out")[METRIC]))
    for steps in (0, 1, 2, 5, 10, 20, 50):
        changed = dataclasses.replace(config, inner=dataclasses.replace(config.inner, steps=steps))
        yield Point(
            "held out, by inner steps", line, steps, np.asarray(evaluate_set(learner, changed, world, "held_out")[METRIC])
        )


SWEEPS = {
    "overparameterisation": Sweep(
        "Does a larger student generalise worse? The teacher has 4 modules and is 16 wide",
        "templates",
        _student_cells,
        _student_points,
    ),
    "tasks": Sweep("How many combinations must be trained?", "trained combinations", _task_cells, _task_points, _needed),
    "reach": Sweep("Trained on few active modules of 6, scored on many", "active modules", _reach_cells, _reach_points),
    "adaptation": Sweep(
        "How much adaptation does each method need?", "shots, or inner steps", _adaptation_cells, _adaptation_points
    ),
}


def sweep(name: str, preset: str, runs: Path, out: Path, workers: int | None = None) -> dict[str, Any]:
    """Train what has no result yet; writes table, data and figure into ``out``.

    Returns:
        ``rows``: panel, line, x, and the estimate of R² over seeds; budget and provenance.

    Raises:
        ValueError: unknown experiment or preset.
    """
    if name not in SWEEPS:
        raise ValueError(f"unknown experiment {name!r}; allowed: {', '.join(map(repr, SWEEPS))}")
    if preset not in PRESETS:
        raise ValueError(f"unknown preset {preset!r}; allowed: {', '.join(map(repr, PRESETS))}")
    chosen, budget = SWEEPS[name], PRESETS[preset]
    cells = [
        (
            line,
            dataclasses.replace(config, outer=dataclasses.replace(config.outer, steps=budget.steps, warmup=budget.steps // 10)),
        )
        for seed in range(budget.seeds)
        for line, config in chosen.cells(seed)
    ]
    results = run_all([config for _, config in cells], runs, workers)
    found: dict[tuple[str, str, float], list[np.ndarray]] = {}
    for (line, config), result in zip(cells, results, strict=True):
        for point in chosen.points(line, config, result, runs):
            found.setdefault((point.panel, point.line, point.x), []).append(point.scores)
    # The number of trained combinations may differ between worlds: an estimate is over those seeds that have the same.
    rows = [
        {
            "panel": panel,
            "line": line,
            "x": x,
            "seeds": len(scores),
            **statistics.estimate(scores, np.random.default_rng(0)).as_dict(),
        }
        for (panel, line, x), scores in sorted(found.items())
    ]
    everything = {"experiment": name, "title": chosen.title, "preset": preset, **dataclasses.asdict(budget), "rows": rows}
    everything |= {
        "conclusions": chosen.conclusions(rows),
        "tasks_seen": budget.steps * cells[0][1].meta_batch,
        "runs": [result["run_id"] for result in results],
    }
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / f"{name}.json", {**everything, **provenance()})
    write_text(out / f"{name}.md", markdown(everything, chosen.axis))
    sweep_picture(rows, chosen.title, chosen.axis, out / f"{name}.png")
    return everything


def markdown(found: dict[str, Any], axis: str) -> str:
    """The table as Markdown."""
    lines = [
        f"# {found['title']}",
        "",
        f"{FAMILY}; {found['seeds']} seeds, {found['steps']:,} outer steps ({found['tasks_seen']:,} tasks) each; R², "
        "interquartile mean over seeds with 95 % intervals from a bootstrap over seeds and tasks.",
        "",
        f"| | | {axis} | R² |",
        "|---|---|---|---|",
    ]
    for row in found["rows"]:
        lines.append(
            f"| {row['panel']} | {row['line']} | {row['x']:g} | {row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}] |"
        )
    for sentence in found["conclusions"]:
        lines += ["", sentence]
    return "\n".join(lines) + "\n"
