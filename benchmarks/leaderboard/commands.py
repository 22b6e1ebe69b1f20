"""The commands about many runs: ``leaderboard``, ``work``, ``tune`` and ``status``. Nothing heavy is loaded before one runs."""

from pathlib import Path
from typing import Annotated

import tyro

from compworld.benchmarks.recipes.names import (
    DeviceName,
    ExecutorName,
    FamilyName,
    LoggerName,
    MethodName,
    PresetName,
    SupportName,
    check_methods,
)
from compworld.benchmarks.recipes.numbers import Count, Few, Seed

Runs = Annotated[Path, tyro.conf.arg(help="Folder in which every run has its own folder.")]
Flag = Annotated[bool, tyro.conf.FlagCreatePairsOff]


def leaderboard(
    preset: PresetName = "quick",
    method: tuple[MethodName | str, ...] = (),
    family: tuple[FamilyName, ...] = (),
    support: tuple[SupportName, ...] = (),
    seeds: Few | None = None,
    workers: Few | None = None,
    device: DeviceName = "cpu",
    executor: ExecutorName = "local",
    slurm: tuple[str, ...] = (),
    fail_fast: Flag = False,
    log: LoggerName | None = None,
    runs: Runs = Path("runs"),
    out: Path = Path("leaderboard"),
    records: tuple[Path, ...] = (),
    submissions: Path = Path("submissions"),
) -> None:
    """Run methods on the families of a preset; prints the table and writes Markdown, JSON, CSV, plots and videos.

    Args:
        preset: quick (minutes on two cores), hour (the same in eight worlds, with two to four times the steps),
            rewarded-quick (agents that adapt by acting, an hour), teacher (the small Teacher), standard (the standard ids,
            a night) or iclr2024 (the paper's settings, days).
        method: Which methods; your own as module:Class; by default those of the preset.
        family: Which families of the preset; by default all.
        support: Which supports of the preset; by default all.
        seeds: Number of seeds, instead of the preset's; seed s plays in world s.
        workers: Runs side by side; by default one per core of this machine, or what a cluster has.
        device: Where runs train and are scored; only the CPU has compiled code.
        executor: Processes of this machine, tasks of a Ray cluster, or an array job of Slurm; the folder of runs must be one
            that all machines share.
        slurm: Parameters of submitit for Slurm, such as timeout_min=600 slurm_partition=long.
        fail_fast: Stop everything at the first run that fails; by default the others go on.
        log: Also log training there; needs the extra of that name.
        runs: Folder in which every run has its own folder.
        out: Folder for the table.
        records: Files that results of compworld.evaluate were saved to; they are listed beside the runs.
        submissions: Folder of entries; those that were verified are listed beside the runs.
    """
    check_methods(*method)
    from compworld.benchmarks.leaderboard.board import leaderboard as make_leaderboard
    from compworld.benchmarks.runs.engines import engine_of

    engine = engine_of(executor, runs, slurm)
    chosen = method or None, family or None
    supports = support or None
    make_leaderboard(preset, *chosen, seeds, runs, out, workers, device, records, engine, fail_fast, log, submissions, supports)


def work(
    preset: PresetName = "quick",
    method: tuple[MethodName | str, ...] = (),
    family: tuple[FamilyName, ...] = (),
    support: tuple[SupportName, ...] = (),
    seeds: Few | None = None,
    workers: Few = 1,
    device: DeviceName = "cpu",
    retry: Flag = False,
    log: LoggerName | None = None,
    runs: Runs = Path("runs"),
) -> None:
    """Take runs of a preset that nobody works on, one after the other, until none is left; makes no table.

    Start as many as you like, on any machine that sees the folder: by ssh, sbatch --array or as a job of Kubernetes. The same
    choices for compworld leaderboard then make the table.

    Args:
        preset: As for leaderboard.
        method: As for leaderboard.
        family: As for leaderboard.
        support: As for leaderboard.
        seeds: As for leaderboard.
        workers: Runs side by side.
        device: Where runs train and are scored; only the CPU has compiled code.
        retry: Try runs that have failed again; by default they are left alone.
        log: Also log training there; needs the extra of that name.
        runs: Folder in which every run has its own folder.
    """
    check_methods(*method)
    from compworld.benchmarks.leaderboard.grid import grid
    from compworld.benchmarks.runs.executors import run_unclaimed

    chosen = grid(preset, method or None, family or None, seeds, device, support or None)
    print(run_unclaimed(chosen, runs, workers, retry, log))


def tune(
    grid: tuple[str, ...],
    *,
    method: MethodName | str,
    family: FamilyName = "goals-small",
    preset: PresetName = "quick",
    world: tuple[Seed, ...] = (101,),
    steps: Count | None = None,
    out: Path = Path("tuning"),
) -> None:
    """Try every combination of some settings of a method, on validation tasks of worlds that no table plays.

    What a record has already is not tried again, and held-out combinations are never looked at.

    Args:
        grid: Fields of the run's config with their values, such as outer.learning-rate=0.001,0.003 width=32,64.
        method: One of these, or your own as module:Class.
        family: A family of the preset.
        preset: Where all other settings come from.
        world: Worlds in which each setting is tried, from 100.
        steps: Outer steps, instead of the preset's.
        out: Folder of the records, one file for each family and method.
    """
    check_methods(method)
    from compworld.benchmarks.recipes.presets import preset as preset_of
    from compworld.benchmarks.reports.escapes import terminal
    from compworld.benchmarks.reports.table import Table
    from compworld.benchmarks.runs import tuning

    configs = [preset_of(preset).config(family, method, number) for number in world]
    if steps is not None:
        configs = [config.with_steps(steps, steps // 10) for config in configs]
    path = out / family / f"{method.replace(':', '.')}.json"
    trials = tuning.tune(configs, grid, path)
    table = Table(["settings", "world", "steps", "validation loss", "processor seconds"], title=f"{method}, {family}")
    names = ("settings", "world", "steps", "validation_loss", "processor_seconds")
    table.rows += [tuple(trial[name] for name in names) for trial in trials]
    table.show(terminal())


def status(
    preset: PresetName | None = None,
    method: tuple[MethodName | str, ...] = (),
    family: tuple[FamilyName, ...] = (),
    support: tuple[SupportName, ...] = (),
    seeds: Few | None = None,
    device: DeviceName = "cpu",
    runs: Runs = Path("runs"),
) -> None:
    """Show which runs of a folder are done, running (where, since when), stale, failed, and how long the rest will take.

    Args:
        preset: Count the runs of this preset that nobody has begun, too.
        method: Of the preset.
        family: Of the preset; by default all.
        support: Of the preset; by default all.
        seeds: Of the preset.
        device: Of the preset's runs.
        runs: Folder in which every run has its own folder.
    """
    check_methods(*method)
    from compworld.arguments import in_terminal
    from compworld.benchmarks.leaderboard.grid import grid
    from compworld.benchmarks.runs.status import lines_of, states_of, summary_of

    chosen = grid(preset, method or None, family or None, seeds, device, support or None) if preset else ()
    states = states_of(runs, chosen)
    print("\n".join([*map(in_terminal, lines_of(states)), summary_of(states)]))
