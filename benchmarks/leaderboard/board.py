"""The leaderboard: what has no result yet is run; then tables, data, plots and videos are made."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from compworld.arguments import in_terminal
from compworld.benchmarks.leaderboard.behind import as_lines
from compworld.benchmarks.leaderboard.entries import add_entries
from compworld.benchmarks.leaderboard.files import as_csv, as_json, markdown, table_of
from compworld.benchmarks.leaderboard.films import films
from compworld.benchmarks.leaderboard.grid import grid
from compworld.benchmarks.leaderboard.published import write_board
from compworld.benchmarks.leaderboard.records import add_records, read_records
from compworld.benchmarks.leaderboard.sections import GENERALISATION, Section, TrialSection, sections_of
from compworld.benchmarks.leaderboard.sentences import adapted, budget, decoded, leads, missing, played
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.methods import ADAPTIVE
from compworld.benchmarks.recipes.presets import preset
from compworld.benchmarks.reports.escapes import terminal
from compworld.benchmarks.runs.executors import Engine, Outcome, results_of, run_all
from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.runs.workers import Ended, Event, Step, side_by_side
from compworld.benchmarks.scores.names import headline, title_of_score
from compworld.benchmarks.scores.statistics import INTERVALS
from compworld.files import write_text

if TYPE_CHECKING:
    from compworld.benchmarks.reports.result_plots import Panel


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
    engine: Engine = side_by_side,
    fail_fast: bool = False,
    log: str | None = None,
    submissions: Path | None = None,
    supports: Sequence[str] | None = None,
) -> list[Section]:
    """Run what has no result yet, print the table and write everything into ``out / preset``.

    A run that fails is missing from the table, which says why.

    Args:
        preset_name: key of :data:`compworld.benchmarks.recipes.presets.PRESETS`.
        methods: names, or ``module:Class`` for one's own; by default those of the preset.
        families: of the preset; by default all.
        seeds: their number, instead of the preset's.
        runs: folder of all runs.
        out: folder for the files.
        workers: runs side by side; by default one per core.
        device: where runs train and are scored.
        records: of :func:`compworld.evaluate`, to be listed beside the runs.
        engine: who runs them; see :mod:`compworld.benchmarks.runs.executors`.
        fail_fast: stop at the first run that fails, and make no table.
        log: logger of each run; see :mod:`compworld.benchmarks.runs.loggers`.
        submissions: folder of entries; those that were verified are listed too.
        supports: of the preset; by default all.

    Raises:
        ValueError: something of this does not exist, or nothing is left to run.
        RunsFailed: a run failed, or has no scores; with ``fail_fast`` at once, else after everything is written.
    """
    console = terminal()
    chosen, folder = preset(preset_name), out / preset_name
    configs = grid(preset_name, methods, families, seeds, device, supports)
    others = read_records(records, configs)
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    outcomes = run_with_progress(configs, runs, workers, console, engine, fail_fast, log)
    sections = sections_of(outcomes)
    add_records(sections, others)
    unlisted = [] if submissions is None else add_entries(sections, submissions)
    cost = [*budget(chosen.title, outcomes, time.perf_counter() - started), *unlisted]
    write_text(folder / "leaderboard.md", markdown(sections, cost))
    write_text(folder / "leaderboard.csv", as_csv(sections))
    write_board(folder, as_json(sections, cost), as_lines(sections))
    show(sections, cost, console)
    pictures(sections, folder)
    for line in films(sections, runs, folder):
        _say(console, line)
    _say(console, f"Written to {folder}: leaderboard.md, .json, .csv, runs.jsonl, plots and videos.")
    results_of(outcomes)
    return sections


def run_with_progress(
    configs: Sequence[RunConfig],
    runs: Path,
    workers: int | None,
    console: Console,
    engine: Engine = side_by_side,
    fail_fast: bool = False,
    log: str | None = None,
) -> list[Outcome]:
    """:func:`compworld.benchmarks.runs.executors.run_all` behind a bar; in a log file, a line for each run that ends."""
    done = {config.run_id: 0 for config in configs}
    trained = any(config.steps for config in configs)
    lengths, unit = {config.run_id: config.steps if trained else 1 for config in configs}, "steps" if trained else "runs"
    total = sum(lengths.values())
    finished = sum(_has_result(RunFolder(runs, config)) for config in configs)
    _say(
        console,
        f"{len(configs)} runs, {finished} of them finished before; results in {runs}/ (safe to interrupt: runs resume)",
    )
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("meta-training", total=total)

        def watch(event: Event) -> None:
            done[event.name] = event.step if isinstance(event, Step) else lengths[event.name]
            # A log file shows the bar at its end only.
            if isinstance(event, Ended) and (event.problem or not console.is_terminal):
                share = sum(done.values()) / total
                how = f"failed: {event.problem}" if event.problem else "finished"
                _say(console, f"{event.name} {how}; {share:.0%} of all {unit} done")
            bar.update(task, completed=sum(done.values()), description=event.name.rpartition("_")[0])

        return run_all(configs, runs, workers, watch, engine, fail_fast, log)


def _has_result(folder: RunFolder) -> bool:
    try:
        return folder.result() is not None
    except ValueError:  # its row will say why
        return False


def show(sections: Sequence[Section], cost: Sequence[str], console: Console) -> None:
    """Print everything."""
    for section in sections:
        table_of(section, section.narrow_columns).show(console, narrow=True)
        for line in (*missing(section), *leads(section), *decoded(section), *played(section), *adapted(section)):
            _say(console, line)
    for line in cost:
        _say(console, line)


def _say(console: Console, line: str) -> None:
    """A line as it is, however long."""
    console.print(in_terminal(line), soft_wrap=True)


def pictures(sections: Sequence[Section], folder: Path) -> None:
    """Held-out against trained combinations, learning curves and failures; of trials, adaptation curves and learning curves."""
    from compworld.benchmarks.reports import failures, result_plots

    shown = [section for section in sections if not isinstance(section, TrialSection)]
    trials = [section for section in sections if isinstance(section, TrialSection) and section.scored]
    panels = [panel for section in shown if (panel := _panel(section, headline(section.family))).estimates]
    note = f"{INTERVALS}; below the diagonal: worse on combinations never trained"
    if panels:
        result_plots.held_out_against_fresh(panels, note, folder / "held_out_against_fresh.png")
    if any(panel.curves for panel in panels):
        result_plots.learning_curves(panels, folder / "learning_curves.png")
    for section in shown:
        if section.support == "random" and (adapting := _adapting(section)):
            path = folder / f"failures_{section.family.label}.png"
            failures.failures_picture(section.family, section.support, adapting, path)
    if trials:
        curves = [
            {
                method: [section.curve(method, which) for which in GENERALISATION]
                for method, row in section.rows.items()
                if row.results
            }
            for section in trials
        ]
        result_plots.adaptation_curves(curves, [section.title for section in trials], folder / "adaptation_curves.png")
    panels = [_panel(section, section.compared) for section in trials]
    if any(panel.curves for panel in panels):
        result_plots.learning_curves(panels, folder / "learning_curves_of_trials.png", *result_plots.OF_TRIALS)


def _adapting(section: Section) -> dict[str, list[dict[str, Any]]]:
    """The results of the methods that adapt, as far as there is something to draw of them."""
    drawn = _panel(section, headline(section.family)).estimates
    return {method: list(section.rows[method].results.values()) for method in ADAPTIVE if method in drawn}


def _panel(section: Section, score: str) -> "Panel":
    from compworld.benchmarks.reports import result_plots, style

    panel = result_plots.Panel(f"{section.family.label}, {style.support_title(section.support)} support", title_of_score(score))
    for method, row in section.rows.items():
        fresh, held_out = (row.estimate(which, score) for which in GENERALISATION)
        if fresh is None or held_out is None or not (fresh.is_finite and held_out.is_finite):
            continue
        panel.estimates[method] = fresh, held_out
        curves = [result.get("validation", []) for result in row.results.values()]
        if all(curves):
            panel.curves[method] = curves
    return panel
