"""The command ``compworld``; every subcommand explains itself with ``--help``."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import tyro

from benchmarks.recipes import ALL_METHODS

Runs = Annotated[Path, tyro.conf.arg(help="Folder in which every run has its own folder.")]


def train(
    method: str,
    family: str = "goals-small",
    preset: str = "quick",
    seed: int = 0,
    world: int | None = None,
    support: str = "random",
    steps: int | None = None,
    runs: Runs = Path("runs"),
) -> None:
    """Meta-train one learner on one family and score it; the same command again resumes or shows the result.

    Args:
        method: linear_hypernetwork, deep_hypernetwork, anil, maml, no_adaptation, oracle, or your own as module:Class.
        family: A family of the preset: goals-small, preferences-small, teacher-small (quick), goals, preferences
            (evening), these and teacher (iclr2024).
        preset: Where the settings come from: quick, teacher, evening or iclr2024.
        seed: Of initialisation and of the stream of tasks.
        world: Of mazes, preferences and split; by default the seed.
        support: Which combinations are trained: random, compositional, non_compositional, connected, disconnected, k_hot,
            equal.
        steps: Outer steps, instead of the preset's.
        runs: Folder in which every run has its own folder.
    """
    import dataclasses

    from benchmarks.recipes import preset as preset_of

    config = preset_of(preset).config(family, method, seed, support, **({} if world is None else {"world": world}))
    if steps is not None:
        config = dataclasses.replace(config, outer=dataclasses.replace(config.outer, steps=steps))
    from benchmarks.runner import run

    result = run(config, runs, lambda step, loss: print(f"step {step}/{config.outer.steps}  validation loss {loss:.4f}"))
    _show(result)


def evaluate(run: str, runs: Runs = Path("runs")) -> None:
    """Show the scores of a finished run.

    Args:
        run: Id of the run (the folder's name), or the beginning of it.
        runs: Folder in which every run has its own folder.
    """
    from benchmarks.results import RunFolder

    folder = RunFolder.open(runs, run)
    result = folder.result()
    if result is None:
        raise ValueError(f"run {folder.path.name!r} has not finished; allowed: finished runs (train it again to resume)")
    _show(result)


def video(
    run: tuple[str, ...],
    split: str = "held_out",
    episodes: int = 4,
    out: Path = Path("video"),
    tile_size: int = 32,
    runs: Runs = Path("runs"),
) -> None:
    """Film trained agents beside the expert on the same episodes, as MP4 and GIF.

    Args:
        run: Ids of one or more finished runs that play in the same world.
        split: Which tasks: held_out, fresh_episodes or train.
        episodes: How many episodes, each of another task.
        out: Files to write, without suffix.
        tile_size: Pixels per cell.
        runs: Folder in which every run has its own folder.
    """
    from benchmarks.video import render_video

    for path in render_video(runs, run, split, episodes, out, tile_size):
        print(path)


def inspect(run: str, out: Path = Path("inspection"), runs: Runs = Path("runs")) -> None:
    """Show which modules, pairs and combinations a trained learner fails on, and what it adapted: tables and pictures.

    Args:
        run: Id of a finished run (the folder's name), or the beginning of it.
        out: Folder for the files.
        runs: Folder in which every run has its own folder.
    """
    from benchmarks.inspection import inspect_run

    for path in inspect_run(runs, run, out):
        print(path)


def splits(family: str = "preferences", support: str = "random", world: int = 0, out: Path | None = None) -> None:
    """Diagnose which combinations a support trains and holds out; prints a report and writes a picture.

    Args:
        family: preferences, goals, teacher, or one of them with -small behind it.
        support: random, compositional, non_compositional, connected, disconnected, k_hot, equal or active_modules.
        world: Seed of the split.
        out: PNG file; by default splits/FAMILY_SUPPORT_WORLD.png.
    """
    from benchmarks.plots import split_picture
    from compworld import diagnose, make_family, make_split

    diagnosis = diagnose(make_split(make_family(family, world).space, support, world))
    path = out or Path("splits") / f"{family}_{support}_{world}.png"
    print(diagnosis)
    split_picture(diagnosis, path)
    print(path)


def play(env_id: str = "CompWorld-Goals-v0", world: int = 0, split: str = "train", seed: int = 0) -> None:
    """Play an environment yourself: arrow keys move, space ends or interacts, further interactions on 1, 2, 3.

    Args:
        env_id: Id of the environment.
        world: Seed of mazes, preferences and split.
        split: train, held_out or all.
        seed: Of the episodes.
    """
    import compworld

    if env_id not in compworld.ENV_IDS:
        raise ValueError(f"unknown environment {env_id!r}; allowed: {', '.join(map(repr, compworld.ENV_IDS))}")
    import gymnasium as gym
    import pygame
    from gymnasium.utils.play import play as play_environment

    environment = gym.make(env_id, world=world, split=split, render_mode="rgb_array", tile_size=48)
    names = environment.unwrapped.family.action_names  # type: ignore[attr-defined]
    arrows = {"up": pygame.K_UP, "right": pygame.K_RIGHT, "down": pygame.K_DOWN, "left": pygame.K_LEFT}
    others = [pygame.K_SPACE, pygame.K_1, pygame.K_2, pygame.K_3]
    rest = [number for number, name in enumerate(names) if name not in arrows]
    keys = {(arrows[name],): number for number, name in enumerate(names) if name in arrows}
    keys |= {(key,): number for key, number in zip(others, rest, strict=False)}
    play_environment(environment, keys_to_action=keys, noop=None, seed=seed, wait_on_player=True)


def leaderboard(
    preset: str = "quick",
    method: tuple[str, ...] = ALL_METHODS,
    family: tuple[str, ...] = (),
    seeds: int | None = None,
    workers: int | None = None,
    runs: Runs = Path("runs"),
    out: Path = Path("leaderboard"),
) -> None:
    """Run every method on every family of a preset; prints the table and writes Markdown, JSON, CSV, plots and videos.

    Args:
        preset: quick (minutes on two cores), teacher (the small Teacher), evening
            (the paper's settings, 8 hours) or iclr2024 (its budgets too, days).
        method: Which methods; your own as module:Class.
        family: Which families of the preset; by default all.
        seeds: Number of seeds, instead of the preset's; seed s plays in world s.
        workers: Runs side by side; by default one per core.
        runs: Folder in which every run has its own folder.
        out: Folder for the table.
    """
    from benchmarks.leaderboard import leaderboard as make_leaderboard

    make_leaderboard(preset, method, family or None, seeds, runs, out, workers)


def bench(
    repeats: int = 5,
    threads: int | None = None,
    only: str = "",
    json_file: Annotated[Path | None, tyro.conf.arg(name="json")] = None,
) -> None:
    """Measure the speed of outer steps, demonstrations and environments on this machine.

    Args:
        repeats: Least number of timed calls of each measurement, after a warm-up; short calls are timed for a second. The
            median counts.
        threads: Of PyTorch; by default all cores.
        only: Measure only what has this text in its name, e.g. goals/ or vector.
        json_file: Also write the figures to this file.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from benchmarks.bench import bench as measure
    from benchmarks.results import write_json

    found = measure(repeats, threads, only)
    table = Table("seconds for one", "", "per second", "reference", "arithmetic", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for row in found["rows"]:
        reference, limit = row["reference_seconds"], row["arithmetic_seconds"]
        table.add_row(
            f"{row['unit']} of {row['name']}\n  {row['note']}",
            f"{row['seconds']:.3g}",
            f"{row['per_second']:,.3g}",
            "" if reference is None else f"{reference}\n{reference / row['seconds']:.1f}x",
            "" if limit is None else f"{limit:.3g}\n{row['seconds'] / limit:.1f}x",
        )
    Console().print(table)
    print(
        "Reference: seconds of the paper's code for the same on a 2-core CPU, and how many times faster this is. "
        "Arithmetic: how long its matrix products would take at this machine's dense rate, and how many times slower this is."
    )
    machine = found["machine"]
    print(
        f"{machine['hardware']['processor']}, {machine['hardware']['cores']} cores, {machine['threads']} threads; "
        f"matrix product {machine['matmul_gflops']} GFLOP/s"
    )
    if json_file is not None:
        write_json(json_file, found)


def theory(
    experiment: Annotated[str, tyro.conf.Positional],
    preset: str = "quick",
    support: tuple[str, ...] = (),
    family: tuple[str, ...] = (),
    workers: int | None = None,
    runs: Runs = Path("runs"),
    out: Path = Path("theory"),
    json_file: Annotated[Path | None, tyro.conf.arg(name="json")] = None,
) -> None:
    """Experiments on when modules can be recovered.

    Args:
        experiment: identification (which supports make a student find a teacher's modules), connectivity and
            compositionality (connected against disconnected support, compositional against non-compositional, on the same
            held-out combinations), overparameterisation (templates and width), tasks (how many combinations must be trained),
            reach (more active modules than trained) or adaptation (shots and inner steps).
        preset: quick (minutes on two cores; connectivity and compositionality about an hour each) or full (hours).
        support: Of identification: sets of modules trained together, such as "0,1;1,2;2,0"; by default five named ones.
        family: Of connectivity and compositionality: which families; by default all three. The files hold what the last
            call compared.
        workers: Students or runs side by side; by default one per core.
        runs: Folder in which every run has its own folder or file.
        out: Folder for table, data and figure.
        json_file: Also write the data to this file.
    """
    from benchmarks import conditions, identification, sweeps
    from benchmarks.results import write_json

    for value, name, takes in ((support, "support", ("identification",)), (family, "family", tuple(conditions.CONDITIONS))):
        if value and experiment not in takes:
            raise ValueError(f"experiment {experiment!r} takes no {name}; allowed for {' and '.join(map(repr, takes))}")
    if experiment == "identification":
        found = identification.identification(preset, support or identification.SUPPORTS, runs, out, workers)
    elif experiment in conditions.CONDITIONS:
        found = conditions.compare(experiment, preset, runs, out, workers, family)
    elif experiment in sweeps.SWEEPS:
        found = sweeps.sweep(experiment, preset, runs, out, workers)
    else:
        allowed = ", ".join(map(repr, ("identification", *conditions.CONDITIONS, *sweeps.SWEEPS)))
        raise ValueError(f"unknown experiment {experiment!r}; allowed: {allowed}")
    print((out / f"{experiment}.md").read_text(), end="")
    print(f"Written to {out}.")
    if json_file is not None:
        write_json(json_file, found)


COMMANDS: dict[str, Callable[..., None]] = {
    "leaderboard": leaderboard,
    "train": train,
    "evaluate": evaluate,
    "video": video,
    "inspect": inspect,
    "splits": splits,
    "play": play,
    "bench": bench,
    "theory": theory,
}


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the console script."""
    _guarded(lambda: tyro.extras.subcommand_cli_from_dict(COMMANDS, prog="compworld", args=arguments))


def leaderboard_main() -> None:
    """Entry point of ``python -m benchmarks.leaderboard``."""
    _guarded(lambda: tyro.cli(leaderboard, prog="python -m benchmarks.leaderboard"))


def _guarded(command: Callable[[], Any]) -> None:
    """Errors of the user and of the machine end with one line; everything else is ours and shows its trace."""
    # A method given as module:Class is looked for in the current folder too.
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        command()
    except (ValueError, OSError) as error:
        sys.exit(f"compworld: {error}")
    except KeyboardInterrupt:
        sys.exit("compworld: interrupted; finished runs are kept, the same command continues the others")


def _show(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=result["run_id"])
    sets = list(result["scores"])
    for column in ("mean over tasks", *sets):
        table.add_column(column)
    for metric in result["scores"][sets[0]]:
        if metric != "combination":
            values = (result["scores"][which][metric] for which in sets)
            table.add_row(metric, *(f"{sum(v) / len(v):.3f}" for v in values))
    Console().print(table)


if __name__ == "__main__":
    main()
