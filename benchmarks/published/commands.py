"""The command ``publish``. Nothing heavy is loaded before it runs."""

from pathlib import Path

from compworld.benchmarks.leaderboard.commands import Runs
from compworld.benchmarks.recipes.names import FamilyName, MethodName, SupportName
from compworld.benchmarks.recipes.numbers import Seed


def publish(
    run: str = "",
    family: FamilyName | None = None,
    method: MethodName | None = None,
    world: Seed = 0,
    support: SupportName = "random",
    out: Path = Path("published"),
    runs: Runs = Path("runs"),
) -> None:
    """Publish the checkpoint of a run with its record, to be loaded by name: compworld.load_agent(name, folder=OUT).

    Without --run, the run of a family and a method that is best on trained combinations with fresh episodes; held-out ones have
    no say.

    Args:
        run: Id of a finished run, the beginning of it, or the path of its folder.
        family: Of the runs to choose from.
        method: Of the runs to choose from.
        world: Of the runs to choose from.
        support: Of the runs to choose from.
        out: Folder of published agents, with their index; an earlier agent of the same name is replaced.
        runs: Folder in which every run has its own folder.
    """
    if not run and not (family and method):
        raise ValueError("nothing says what to publish; allowed: --run, or --family with --method")
    from compworld.benchmarks.published.publish import best_run, publish

    name, paths = publish(runs, run or best_run(runs, str(family), str(method), world, support), out)
    print(f"{name}: {', '.join(map(str, paths))}")
