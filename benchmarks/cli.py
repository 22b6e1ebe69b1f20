"""The command ``compworld``; every subcommand explains itself with ``--help``. Nothing heavy is loaded before one runs."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import tyro

from compworld.benchmarks.data.commands import export
from compworld.benchmarks.leaderboard.commands import Runs, leaderboard, status, tune, work
from compworld.benchmarks.published.commands import publish
from compworld.benchmarks.recipes import ending
from compworld.benchmarks.recipes.names import (
    BudgetName,
    DeviceName,
    EnvironmentId,
    ExperimentName,
    FamilyName,
    LoggerName,
    MethodName,
    PresetName,
    SetName,
    SplitName,
    SupportName,
    check_methods,
)
from compworld.benchmarks.recipes.numbers import Count, Few, Pixels, Seed
from compworld.benchmarks.recipes.parsing import parsed, parsed_one
from compworld.benchmarks.runs.failures import RunsFailed
from compworld.benchmarks.site.commands import site
from compworld.benchmarks.submissions.commands import submit, verify

Trust = Annotated[bool, tyro.conf.FlagCreatePairsOff]
Json = Annotated[Path | None, tyro.conf.arg(name="json", help="Also write the data to this file.")]


def train(
    fields: Annotated[tuple[str, ...], tyro.conf.Suppress] = (),
    *,
    method: MethodName | str,
    family: FamilyName = "goals-small",
    preset: PresetName = "quick",
    seed: Seed = 0,
    world: Seed | None = None,
    support: SupportName = "random",
    steps: Count | None = None,
    device: DeviceName = "cpu",
    log: LoggerName | None = None,
    runs: Runs = Path("runs"),
) -> None:
    """Meta-train one learner on one family and score it; the same command again resumes or shows the result.

    Any field of the run's config can be set too, e.g. --width 64 --inner.learning-rate 0.1 --outer.clip 1 --meta-batch 16
    --evaluation.tasks 48 --sizes.horizon 50 --support-options.held-out-fraction 0.5; a wrong name lists all of them.

    Args:
        fields: Fields of the config with their values.
        method: One of these, or your own as module:Class.
        family: A family of the preset: the small ones (quick), preferences, goals and teacher (standard, iclr2024).
        preset: Where the settings come from.
        seed: Of initialisation and of the stream of tasks.
        world: Of mazes, preferences and split; by default the seed.
        support: Which combinations are trained.
        steps: Outer steps, instead of the preset's; the same as --outer.steps.
        device: Where it trains and is scored; only the CPU has compiled code.
        log: Also log training there; needs the extra of that name.
        runs: Folder in which every run has its own folder.
    """
    check_methods(method)
    from dataclasses import replace

    from compworld.benchmarks.recipes.changes import changed
    from compworld.benchmarks.recipes.presets import preset as preset_of
    from compworld.benchmarks.reports.escapes import terminal
    from compworld.benchmarks.reports.summary import table_of
    from compworld.benchmarks.runs.run import run

    config = preset_of(preset).config(family, method, seed, support)
    config = replace(config, world=seed if world is None else world, device=device)
    if steps is not None:
        config = config.with_steps(steps)
    config = changed(config, fields)
    result = run(config, runs, lambda step, loss: print(f"step {step}/{config.steps}  validation loss {loss:.4f}"), log)
    if result.get("diverged"):
        raise RunsFailed(f"run {result['run_id']} {result['diverged']}")
    table_of(result).show(terminal())


def evaluate(run: str, runs: Runs = Path("runs")) -> None:
    """Show the scores of a finished run.

    Args:
        run: Id of the run, the beginning of it, or the path of its folder.
        runs: Folder in which every run has its own folder.
    """
    from compworld.benchmarks.reports.escapes import terminal
    from compworld.benchmarks.reports.summary import table_of
    from compworld.benchmarks.runs.folder import RunFolder

    table_of(RunFolder.open_finished(runs, run)[1]).show(terminal())


def video(
    run: tuple[str, ...],
    split: SetName = "held_out",
    episodes: Count = 4,
    out: Path = Path("video"),
    tile_size: Pixels = 32,
    runs: Runs = Path("runs"),
    trust: Trust = False,
) -> None:
    """Film trained agents beside the expert on the same episodes, as MP4 and GIF.

    Args:
        run: One or more finished runs that play in the same world: ids, beginnings of them, or paths of folders.
        split: Which tasks.
        episodes: How many episodes, each of another task.
        out: Files to write, without suffix.
        tile_size: Pixels per cell.
        runs: Folder in which every run has its own folder.
        trust: Run the code of a method of one's own that the runs name.
    """
    from compworld.benchmarks.reports.video import render_video

    for path in render_video(runs, run, split, episodes, out, tile_size, trust, ending.complain):
        print(path)


def gallery(out: Path = Path("gallery")) -> None:
    """Film each environment and each track at its best, on held-out combinations, as MP4 and GIF.

    Args:
        out: Folder for the films.
    """
    from compworld.benchmarks.reports.gallery import render_gallery

    for path in render_gallery(out, ending.complain):
        print(path)


def inspect(run: str, out: Path = Path("inspection"), runs: Runs = Path("runs"), trust: Trust = False) -> None:
    """Show which modules, pairs and combinations a trained learner fails on, and what it adapted: tables and pictures.

    Args:
        run: Id of a finished run, the beginning of it, or the path of its folder.
        out: Folder for the files.
        runs: Folder in which every run has its own folder.
        trust: Run the code of a method of one's own that the run names.
    """
    from compworld.benchmarks.reports.inspection import inspect_run

    for path in inspect_run(runs, run, out, trust):
        print(path)


def splits(
    family: FamilyName = "preferences", support: SupportName = "random", world: Seed = 0, out: Path | None = None
) -> None:
    """Diagnose which combinations a support trains and holds out; prints a report and writes a picture.

    Args:
        family: Whose combinations.
        support: How they are split.
        world: Seed of the split.
        out: PNG file; by default splits/FAMILY_SUPPORT_WORLD.png.
    """
    from compworld import diagnose, make_family, make_split

    diagnosis = diagnose(make_split(make_family(family, world).space, support, world))
    path = out or Path("splits") / f"{family}_{support}_{world}.png"
    print(diagnosis)
    from compworld.benchmarks.reports.split_plots import split_picture  # needs more than the report

    print(split_picture(diagnosis, path))


def play(env_id: EnvironmentId = "CompWorld-Goals-v0", world: Seed = 0, split: SplitName = "train", seed: Seed = 0) -> None:
    """Play an environment yourself: arrows move, space ends or interacts, further interactions on 1, 2, 3, h asks the expert.

    The window says the task, whether its combination is trained or held out, and what the last episode gave.

    Args:
        env_id: Id of the environment.
        world: Seed of mazes, preferences and split.
        split: Which combinations.
        seed: Of the episodes.
    """
    from compworld.benchmarks.reports.playing import play_in_window

    play_in_window(env_id, world, split, seed)


def bench(repeats: Count = 5, threads: Few | None = None, only: str = "", json_file: Json = None) -> None:
    """Measure the speed of outer steps, demonstrations and environments on this machine.

    Args:
        repeats: Least number of timed calls of each measurement, after a warm-up; short calls are timed for a second. The
            median counts.
        threads: Of PyTorch; by default all cores.
        only: Measure only what has this text in its name, e.g. goals/ or vector.
        json_file: Also write the figures to this file.
    """
    from compworld.benchmarks.reports.escapes import terminal
    from compworld.benchmarks.speed import bench as speed
    from compworld.files import write_json

    found = speed.bench(repeats, threads, only)
    speed.table_of(found).show(terminal(), narrow=True)
    print(speed.notes_of(found))
    if json_file is not None:
        write_json(json_file, found)


def theory(
    experiment: Annotated[ExperimentName, tyro.conf.Positional],
    preset: BudgetName = "quick",
    support: tuple[str, ...] = (),
    family: tuple[FamilyName, ...] = (),
    workers: Few | None = None,
    runs: Runs = Path("runs"),
    out: Path = Path("theory"),
    json_file: Json = None,
) -> None:
    """Experiments on when modules can be recovered.

    Args:
        experiment: identification (which supports make a student find a teacher's modules), connectivity and
            compositionality (connected against disconnected support, compositional against non-compositional, on the same
            held-out combinations), overparameterisation (templates and width), tasks (how many combinations must be trained),
            reach (more active modules than trained), adaptation (shots and inner steps) or coverage (how often the intervals
            of tables hold the truth).
        preset: quick (minutes on two cores; connectivity and compositionality about an hour each) or full (hours).
        support: Of identification: sets of modules trained together, such as "0,1;1,2;2,0"; by default five named ones.
        family: Of connectivity and compositionality: which families; by default all three. The files hold what the last
            call compared.
        workers: Students or runs side by side; by default one per core.
        runs: Folder in which every run has its own folder or file.
        out: Folder for table, data and figure.
        json_file: Also write the data to this file.
    """
    from compworld.benchmarks.theory.studies import study_of
    from compworld.benchmarks.theory.study import carry_out
    from compworld.files import write_json

    found = carry_out(study_of(experiment, support, family), preset, runs, out, workers)
    print((out / f"{experiment}.md").read_text(encoding="utf-8"), end="")
    print(f"Written to {out}.")
    if json_file is not None:
        write_json(json_file, found)


COMMANDS: dict[str, Callable[..., None]] = {
    command.__name__: command
    for command in (
        leaderboard,
        site,
        work,
        tune,
        status,
        train,
        evaluate,
        video,
        gallery,
        inspect,
        publish,
        export,
        splits,
        play,
        bench,
        theory,
        submit,
        verify,
    )
}


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the console script."""
    with ending.in_one_line():
        parsed(COMMANDS, sys.argv[1:] if arguments is None else arguments, "compworld", open_ended=train)()


def leaderboard_main() -> None:
    """Entry point of ``python -m benchmarks.leaderboard``."""
    with ending.in_one_line():
        parsed_one(leaderboard, "python -m benchmarks.leaderboard")()


if __name__ == "__main__":
    main()
