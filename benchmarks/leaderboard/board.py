"""The leaderboard: what has no result yet is run; then tables, data, plots and videos are made."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmarks.leaderboard.files import as_csv, as_json, markdown, table_of
from benchmarks.leaderboard.records import add_records
from benchmarks.leaderboard.sections import GENERALISATION, Section, TrialSection, sections_of
from benchmarks.leaderboard.sentences import budget, decoded, leads, played
from benchmarks.recipes.config import RunConfig
from benchmarks.recipes.methods import method_class
from benchmarks.recipes.presets import preset
from benchmarks.reports.escapes import in_terminal, terminal
from benchmarks.runs.executors import run_all
from benchmarks.runs.folder import RunFolder
from benchmarks.runs.run import check_device
from benchmarks.scores.names import headline, title_of_score
from compworld import make_family
from compworld.files import write_json, write_text

if TYPE_CHECKING:
    from benchmarks.reports.result_plots import Panel

FILMED = ("linear_hypernetwork", "anil")
FILMED_TRIALS = ("recurrent_hypernetwork", "gru")


def leaderboard(
    preset_name: str = "quick",
    methods: Sequence[str] | None = None,
    families: Sequence[str] | None = None,
    seeds: int | None = None,
    runs: Path = Path("runs"),
    out: Path = Path("leaderboard"),
    workers: int | None = None,
    device: str = "cpu",
    records: Sequence[Path] = (),
) -> list[Section]:
    """Run what has no result yet, print the table and write everything into ``out / preset``.

    Args:
        preset_name: key of :data:`benchmarks.recipes.presets.PRESETS`.
        methods: names, or ``module:Class`` for one's own; by default those of the preset.
        families: of the preset; by default all.
        seeds: their number, instead of the preset's.
        runs: folder of all runs.
        out: folder for the files.
        workers: runs side by side; by default one per core.
        device: where runs train and are scored.
        records: of :func:`compworld.evaluate`, to be listed beside the runs.

    Raises:
        ValueError: something of this does not exist, or nothing is left to run.
    """
    console = terminal()
    folder = out / preset_name
    folder.mkdir(parents=True, exist_ok=True)
    chosen = preset(preset_name)
    configs = [replace(config, device=device) for config in chosen.configs(methods, families, seeds)]
    if not configs:
        raise ValueError(f"nothing to run for families {families}, methods {methods}, seeds {seeds}")
    check_device(device)
    for config in configs:
        _check(config)
    started = time.perf_counter()
    results = _run_with_progress(configs, runs, workers, console)
    sections = sections_of(configs, results)
    add_records(sections, records)
    cost = budget(chosen.title, configs, results, time.perf_counter() - started)
    write_text(folder / "leaderboard.md", markdown(sections, cost))
    write_text(folder / "leaderboard.csv", as_csv(sections))
    write_json(folder / "leaderboard.json", as_json(sections, cost))
    show(sections, cost, console)
    pictures(sections, folder)
    _videos(sections, runs, folder, console)
    _say(console, f"Written to {folder}: leaderboard.md, .json, .csv, plots and videos.")
    return sections


def _check(config: RunConfig) -> None:
    """Refuse a config that cannot run before any other starts."""
    method_class(config.method)
    make_family(config.family, config.world, **config.sizes)


def _run_with_progress(configs: Sequence[RunConfig], runs: Path, workers: int | None, console: Console) -> list[dict[str, Any]]:
    done = {config.run_id: 0 for config in configs}
    total = sum(config.steps for config in configs)
    finished = sum(RunFolder(runs, config).result() is not None for config in configs)
    _say(
        console,
        f"{len(configs)} runs, {finished} of them finished before; results in {runs}/ (safe to interrupt: runs resume)",
    )
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("meta-training", total=total)

        def progress(run_id: str, step: int, loss: float) -> None:
            done[run_id] = step
            if math.isnan(loss) and not console.is_terminal:  # a log file shows the bar at its end only
                share = sum(done.values()) / max(1, total)
                _say(console, f"{run_id} finished; {share:.0%} of all steps done")
            bar.update(task, completed=sum(done.values()), description=run_id.rpartition("_")[0])

        return run_all(configs, runs, workers, progress)


def show(sections: Sequence[Section], cost: Sequence[str], console: Console) -> None:
    """Print everything."""
    for section in sections:
        table_of(section, section.narrow_columns).show(console, narrow=True)
        for line in (*leads(section), *decoded(section), *played(section)):
            _say(console, line)
    for line in cost:
        _say(console, line)


def _say(console: Console, line: str) -> None:
    """A line as it is, however long."""
    console.print(in_terminal(line), soft_wrap=True)


def pictures(sections: Sequence[Section], folder: Path) -> None:
    """Held-out against trained combinations and learning curves; of trials, adaptation curves and learning curves."""
    from benchmarks.reports import result_plots

    shown = [section for section in sections if not isinstance(section, TrialSection)]
    trials = [section for section in sections if isinstance(section, TrialSection)]
    panels = [_panel(section, headline(section.family)) for section in shown]
    note = "95 % intervals from a bootstrap over seeds and tasks; below the diagonal: worse on combinations never trained"
    if panels:
        result_plots.held_out_against_fresh(panels, note, folder / "held_out_against_fresh.png")
    if any(panel.curves for panel in panels):
        result_plots.learning_curves(panels, folder / "learning_curves.png")
    if trials:
        curves = [
            {method: [section.curve(method, which) for which in GENERALISATION] for method in section.rows}
            for section in trials
        ]
        result_plots.adaptation_curves(curves, [section.title for section in trials], folder / "adaptation_curves.png")
        panels = [_panel(section, section.compared[0]) for section in trials]
        result_plots.learning_curves(panels, folder / "learning_curves_of_trials.png", *result_plots.OF_TRIALS)


def _panel(section: Section, score: str) -> "Panel":
    from benchmarks.reports import result_plots, style

    panel = result_plots.Panel(f"{section.family.label}, {style.support_title(section.support)} support", title_of_score(score))
    for method, row in section.rows.items():
        fresh, held_out = (row.estimate(which, score) for which in GENERALISATION)
        panel.estimates[method] = fresh, held_out
        curves = [result.get("validation", []) for result in row.results]
        if all(curves):
            panel.curves[method] = curves
    return panel


def _videos(sections: Sequence[Section], runs: Path, folder: Path, console: Console) -> None:
    """Expert beside the agents of seed 0 on held-out combinations: the first support of each family, episodes and trials."""
    from benchmarks.reports.video import render_video

    filmed: set[str] = set()
    for section in sections:
        trials = isinstance(section, TrialSection)
        name = f"{section.family.label}_held_out{'_trials' if trials else ''}"
        chosen = FILMED_TRIALS if trials else FILMED
        ids = [section.rows[method].results[0]["run_id"] for method in chosen if method in section.rows]
        if section.family.expert is None or not ids or name in filmed:
            continue
        filmed.add(name)
        episodes = 2 if trials else 4
        try:
            files = render_video(runs, ids, "held_out", episodes, folder / name, tell=lambda line: _say(console, line))
            _say(console, f"Video: {', '.join(map(str, files))}")
        except (OSError, ValueError, RuntimeError) as error:  # the table is worth more than its film
            _say(console, f"No video of {section.family.label}: {error}")
