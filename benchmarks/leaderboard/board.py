"""The leaderboard: run every cell of a preset, then write the table, its data, plots and a video.

``python -m benchmarks.leaderboard --preset quick``
"""

import csv
import io
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks import statistics
from benchmarks.config import RunConfig
from benchmarks.executors import run_all
from benchmarks.methods import title_of
from benchmarks.recipes import ADAPTIVE, ALL_METHODS, preset
from benchmarks.results import RunFolder, provenance, write_json, write_text
from benchmarks.statistics import Estimate
from compworld import ENV_IDS, make_family

CLOSED_LOOP = {"preferences": "normalised_return", "goals": "success_rate"}
"""The score of playing, for the families in which one can play."""

COLUMNS = (
    ("fresh_episodes", "action_accuracy"),
    ("held_out", "action_accuracy"),
    ("fresh_episodes", "trajectory_accuracy"),
    ("held_out", "trajectory_accuracy"),
    ("fresh_episodes", "closed_loop"),
    ("held_out", "closed_loop"),
    ("fresh_episodes", "r2"),
    ("held_out", "r2"),
    ("gap", "action_accuracy"),
)

TERMINAL_COLUMNS = tuple(column for column in COLUMNS if column[0] != "gap" and column[1] != "trajectory_accuracy")
"""What 80 characters can show; the files have all columns."""


def columns_of(family: str, columns: Sequence[tuple[str, str]] = COLUMNS) -> list[tuple[str, str]]:
    """The columns that a family has: trajectories and play need an environment, R² needs labels that are values."""
    missing = {"r2"} if family.partition("-")[0] in CLOSED_LOOP else {"trajectory_accuracy", "closed_loop"}
    if family == "teacher":
        missing |= {"r2"}
    return [column for column in columns if column[1] not in missing]


@dataclass(frozen=True)
class Row:
    """One method on one family and support."""

    family: str
    support: str
    method: str
    results: list[dict[str, Any]]

    def scores(self, which: str, metric: str) -> list[np.ndarray]:
        """Per-task scores of each seed."""
        if metric == "closed_loop":
            metric = CLOSED_LOOP[self.family.partition("-")[0]]
        return [np.asarray(result["scores"][which][metric]) for result in self.results]

    def estimate(self, which: str, metric: str) -> Estimate:
        """Aggregate over seeds; ``which`` may be ``"gap"``: fresh episodes minus held out."""
        rng = np.random.default_rng(0)
        if which == "gap":
            return statistics.difference(self.scores("fresh_episodes", metric), self.scores("held_out", metric), rng)
        return statistics.estimate(self.scores(which, metric), rng)


def leaderboard(
    preset_name: str = "quick",
    methods: Sequence[str] = ALL_METHODS,
    families: Sequence[str] | None = None,
    seeds: int | None = None,
    runs: Path = Path("runs"),
    out: Path = Path("leaderboard"),
    workers: int | None = None,
) -> list[Row]:
    """Run what has no result yet, print the table and write everything into ``out / preset``."""
    console = Console()
    chosen = preset(preset_name)
    seed_count = chosen.seeds if seeds is None else seeds
    configs = [
        chosen.config(family, method, seed, support)
        for family in (families or chosen.families)
        for support in chosen.supports.get(family, ())
        for seed in range(seed_count)
        for method in methods
    ]
    if not configs:
        raise ValueError(f"nothing to run for families {families}, methods {list(methods)}, seeds {seed_count}")
    for config in configs:
        _check(config)
    started = time.perf_counter()
    results = _run_with_progress(configs, runs, workers, console)
    rows = group(configs, results)
    folder = out / preset_name
    folder.mkdir(parents=True, exist_ok=True)
    budget = _budget(chosen.title, configs, results, time.perf_counter() - started)
    write_text(folder / "leaderboard.md", markdown(rows, budget))
    write_text(folder / "leaderboard.csv", as_csv(rows))
    write_json(folder / "leaderboard.json", as_json(rows, budget))
    _pictures(rows, runs, folder)
    _print(rows, budget, console)
    for family in dict.fromkeys(config.family for config in configs if config.family in ENV_IDS.values()):
        _video(rows, family, runs, folder, console)
    console.print(f"Written to {folder}: leaderboard.md, .json, .csv, plots and videos.")
    return rows


def group(configs: Sequence[RunConfig], results: Sequence[dict[str, Any]]) -> list[Row]:
    """Collect the seeds of each (family, support, method)."""
    rows: dict[tuple[str, str, str], Row] = {}
    for config, result in zip(configs, results, strict=True):
        key = config.family, config.support, config.method
        rows.setdefault(key, Row(*key, [])).results.append(result)
    return list(rows.values())


def markdown(rows: Sequence[Row], budget: Sequence[str]) -> str:
    """The table as Markdown."""
    lines = ["# CompWorld leaderboard", "", *budget]
    for family, support in dict.fromkeys((row.family, row.support) for row in rows):
        lines += ["", f"## {family}, {support} support", "", "| " + " | ".join(_header(family)) + " |"]
        lines.append("|" + "---|" * (len(columns_of(family)) + 1))
        for row in rows:
            if (row.family, row.support) == (family, support):
                lines.append("| " + " | ".join(_cells(row)) + " |")
        lines += ["", *_leads(rows, family, support), *_decoded(rows, family, support)]
    return "\n".join(lines) + "\n"


def as_csv(rows: Sequence[Row]) -> str:
    """Every number of the table, one per line."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["family", "support", "method", "set", "metric", "value", "low", "high", "seeds", "tasks_per_seed"])
    for row in rows:
        for which, metric in columns_of(row.family):
            e = row.estimate(which, metric)
            tasks = len(row.scores("held_out", "action_accuracy")[0])
            writer.writerow(
                [row.family, row.support, row.method, which, metric, e.value, e.low, e.high, len(row.results), tasks]
            )
    return text.getvalue()


def as_json(rows: Sequence[Row], budget: Sequence[str]) -> dict[str, Any]:
    """The table with the runs behind it."""
    return {
        "budget": list(budget),
        **provenance(),
        "rows": [
            {
                "family": row.family,
                "support": row.support,
                "method": row.method,
                "runs": [result["run_id"] for result in row.results],
                "split_sha256": [result["split_sha256"] for result in row.results],
                "training_seconds": [result.get("training_seconds", 0.0) for result in row.results],
                "estimates": {
                    f"{which}/{metric}": row.estimate(which, metric).as_dict() for which, metric in columns_of(row.family)
                },
            }
            for row in rows
        ],
    }


def _check(config: RunConfig) -> None:
    """Refuse a config that cannot run before any other starts."""
    from benchmarks.methods import method_class

    method_class(config.method)
    make_family(config.family, config.world, **config.sizes)


def _run_with_progress(configs: Sequence[RunConfig], runs: Path, workers: int | None, console: Console) -> list[dict[str, Any]]:
    done = {config.run_id: 0 for config in configs}
    total = sum(config.outer.steps for config in configs)
    finished = sum(RunFolder(runs, config).result() is not None for config in configs)
    console.print(
        f"{len(configs)} runs, {finished} of them finished before; results in {runs}/ (safe to interrupt: runs resume)"
    )
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("meta-training", total=total)

        def progress(run_id: str, step: int, loss: float) -> None:
            done[run_id] = step
            if math.isnan(loss) and not console.is_terminal:  # a log file shows the bar at its end only
                console.print(f"{run_id} finished; {sum(done.values()) / total:.0%} of all steps done", highlight=False)
            bar.update(task, completed=sum(done.values()), description=run_id.rpartition("_")[0])

        return run_all(configs, runs, workers, progress)


def _budget(title: str, configs: Sequence[RunConfig], results: Sequence[dict[str, Any]], seconds: float) -> list[str]:
    """What the numbers cost and what the intervals are; goes with every table."""
    machine = results[0]["hardware"]
    trained = sum(result.get("training_seconds", 0.0) for result in results)
    lines = [
        f"Budget: {title}; {len(configs)} runs of one thread each, {trained / 60:.1f} minutes of training in total; "
        f"this call took {seconds / 60:.1f} minutes on {machine['processor']} ({machine['cores']} cores).",
        f"Tasks seen in meta-training: {_tasks_seen(configs)}.",
        "Each seed plays in its own world (mazes, preferences and split). Values: interquartile mean over "
        f"{len({config.seed for config in configs})} seeds of the mean over {configs[0].evaluation.tasks} tasks per set, "
        "with 95 % intervals from a bootstrap over seeds and tasks.",
        "Fresh: trained combinations with new episodes; held out: combinations never trained; gap: fresh minus held out.",
    ]
    return lines


def _tasks_seen(configs: Sequence[RunConfig]) -> str:
    seen = {
        (config.family, config.method): config.outer.steps * config.meta_batch
        for config in configs
        if config.method != "random"
    }
    return "; ".join(f"{family} {title_of(method)} {tasks:,}" for (family, method), tasks in seen.items())


def _header(family: str, columns: Sequence[tuple[str, str]] = COLUMNS) -> list[str]:
    closed = CLOSED_LOOP.get(family.partition("-")[0], "").replace("_", " ")
    names = {"fresh_episodes": "fresh", "held_out": "held out", "gap": "gap"}
    metrics = {
        "closed_loop": closed,
        "action_accuracy": "action accuracy",
        "trajectory_accuracy": "whole trajectory",
        "r2": "R²",
    }
    return ["method", *(f"{metrics[metric]}, {names[which]}" for which, metric in columns_of(family, columns))]


def _cells(row: Row, columns: Sequence[tuple[str, str]] = COLUMNS) -> list[str]:
    values = [row.estimate(which, metric) for which, metric in columns_of(row.family, columns)]
    return [title_of(row.method), *(f"{e.value:.3f} [{e.low:.3f}, {e.high:.3f}]" for e in values)]


COMPARISONS = (
    *((method, "no_adaptation", "fresh_episodes") for method in ADAPTIVE),
    *((hypernetwork, other, "held_out") for hypernetwork in ADAPTIVE[:2] for other in ADAPTIVE[2:]),
)
"""(method, another, set): does adaptation help at all, and do hypernetworks lead on combinations never trained?"""


def _leads(rows: Sequence[Row], family: str, support: str) -> list[str]:
    """What the intervals carry about one method against another."""
    found = {row.method: row for row in rows if (row.family, row.support) == (family, support)}
    lines = []
    for method, other, which in COMPARISONS:
        if method in found and other in found:
            for metric in dict.fromkeys(metric for _, metric in columns_of(family, TERMINAL_COLUMNS)):
                ours, theirs = (found[name].scores(which, metric) for name in (method, other))
                e = statistics.difference(ours, theirs, np.random.default_rng(0))
                verdict = "ahead" if e.low > 0 else "behind" if e.high < 0 else "undecided"
                name = _header(family, ((which, metric),))[1]
                lines.append(
                    f"- {title_of(method)} minus {title_of(other)}, {name}: "
                    f"{e.value:+.3f} [{e.low:+.3f}, {e.high:+.3f}], {verdict}"
                )
    return lines


def _decoded(rows: Sequence[Row], family: str, support: str) -> list[str]:
    """How well modules can be read off each method after adaptation, altogether and from each layer alone."""
    lines = []
    for row in rows:
        found = [result["decoding"] for result in row.results if result.get("decoding")]
        if (row.family, row.support) == (family, support) and found:
            r2, shuffled = (np.asarray([record[name] for record in found]) for name in ("total_r2", "permuted_total_r2"))
            layers = {name: np.mean([record["layers"][name]["total_r2"] for record in found]) for name in found[0]["layers"]}
            each = ", ".join(f"{name} {value:.2f}" for name, value in layers.items())
            alone = f"; alone: {each}" if len(layers) > 1 else ""
            lines.append(
                f"- modules decoded linearly from {title_of(row.method)}, held out: R² {r2.mean():.2f} "
                f"({r2.min():.2f} to {r2.max():.2f} over seeds); shuffled {shuffled.mean():.2f}{alone}"
            )
    return lines


def _print(rows: Sequence[Row], budget: Sequence[str], console: Console) -> None:
    for family, support in dict.fromkeys((row.family, row.support) for row in rows):
        table = Table(title=f"{family}, {support} support", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
        for number, column in enumerate(_header(family, TERMINAL_COLUMNS)):
            # Narrow: a word a line, for the intervals need the width.
            heading = column.replace("held out", "held-out").replace(", ", " ").replace(" ", "\n")
            table.add_column(heading, justify="right" if number else "left", no_wrap=number > 0)
        for row in rows:
            if (row.family, row.support) == (family, support):
                table.add_row(*(cell.replace(" [", "\n[").replace("[", "\\[") for cell in _cells(row, TERMINAL_COLUMNS)))
        console.print(table)
        for line in (*_leads(rows, family, support), *_decoded(rows, family, support)):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    for line in budget:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _pictures(rows: Sequence[Row], runs: Path, folder: Path) -> None:
    from benchmarks import plots

    cells: dict[str, dict[str, tuple[Estimate, Estimate]]] = {}
    curves: dict[str, dict[str, list[list[dict[str, Any]]]]] = {}
    for row in rows:
        panel = f"{row.family}, {row.support} support"
        cells.setdefault(panel, {})[row.method] = (
            row.estimate("fresh_episodes", "action_accuracy"),
            row.estimate("held_out", "action_accuracy"),
        )
        if row.method != "random":
            records = [RunFolder(runs, RunConfig.from_dict(result["config"])).metrics() for result in row.results]
            curves.setdefault(panel, {})[row.method] = records
    note = "95 % intervals from a bootstrap over seeds and tasks; below the line: worse on combinations never trained"
    plots.held_out_against_fresh(cells, "action accuracy", note, folder / "held_out_against_fresh.png")
    if curves:
        plots.learning_curves(curves, folder / "learning_curves.png")


def _video(rows: Sequence[Row], family: str, runs: Path, folder: Path, console: Console) -> None:
    """Expert beside the agents of seed 0 on held-out combinations."""
    from benchmarks.video import render_video

    shown = [row for row in rows if row.family == family and row.method in ("linear_hypernetwork", "anil")]
    if shown:
        first_support = [row for row in shown if row.support == shown[0].support]
        ids = [row.results[0]["run_id"] for row in first_support]
        files = render_video(runs, ids, "held_out", 4, folder / f"{family}_held_out")
        console.print("Video:", ", ".join(map(str, files)))


if __name__ == "__main__":
    from benchmarks.cli import leaderboard_main

    leaderboard_main()
