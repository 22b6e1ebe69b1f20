"""The commands about many runs: ``leaderboard``, ``work`` and ``status``. Nothing heavy is loaded before one runs."""

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
    check_methods,
)
from compworld.benchmarks.recipes.numbers import Few

Runs = Annotated[Path, tyro.conf.arg(help="Folder in which every run has its own folder.")]
Flag = Annotated[bool, tyro.conf.FlagCreatePairsOff]


def leaderboard(
    preset: PresetName = "quick",
    method: tuple[MethodName | str, ...] = (),
    family: tuple[FamilyName, ...] = (),
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
    """Run every method on every family of a preset; prints the table and writes Markdown, JSON, CSV, plots and videos.

    Args:
        preset: quick (minutes on two cores), rewarded-quick (agents that adapt by acting, an hour), teacher (the small
            Teacher), evening (the paper's settings, 8 hours) or iclr2024 (its budgets too, days).
        method: Which methods; your own as module:Class; by default those of the preset.
        family: Which families of the preset; by default all.
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
    make_leaderboard(preset, *chosen, seeds, runs, out, workers, device, records, engine, fail_fast, log, submissions)


def work(
    preset: PresetName = "quick",
    method: tuple[MethodName | str, ...] = (),
    family: tuple[FamilyName, ...] = (),
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

    print(run_unclaimed(grid(preset, method or None, family or None, seeds, device), runs, workers, retry, log))


def status(
    preset: PresetName | None = None,
    method: tuple[MethodName | str, ...] = (),
    family: tuple[FamilyName, ...] = (),
    seeds: Few | None = None,
    device: DeviceName = "cpu",
    runs: Runs = Path("runs"),
) -> None:
    """Show which runs of a folder are done, running (where, since when), stale, failed, and how long the rest will take.

    Args:
        preset: Count the runs of this preset that nobody has begun, too.
        method: Of the preset.
        family: Of the preset; by default all.
        seeds: Of the preset.
        device: Of the preset's runs.
        runs: Folder in which every run has its own folder.
    """
    check_methods(*method)
    from compworld.benchmarks.leaderboard.grid import grid
    from compworld.benchmarks.runs.status import lines_of, states_of, summary_of

    states = states_of(runs, grid(preset, method or None, family or None, seeds, device) if preset else ())
    print("\n".join([*lines_of(states), summary_of(states)]))
