"""Publishing: a run's files are copied beside the index, which then names them."""

import shutil
from pathlib import Path

import numpy as np

from compworld.benchmarks.published.index import agent_of, entry_of, name_of, published, write_index
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.runs.run import trained_run
from compworld.benchmarks.scores.names import headline
from compworld.benchmarks.scores.trials import episode_score
from compworld.benchmarks.worlds.world import World
from compworld.files import new_file

FILES = ("config.json", "result.json", "learner.safetensors")


def publish(root: Path, run: str, folder: Path) -> tuple[str, list[Path]]:
    """Copy a finished run into a folder of published agents and name it in the index, in the place of an earlier one.

    Args:
        root: folder of all runs.
        run: the run, see :meth:`RunFolder.open`.
        folder: of the published agents.

    Returns:
        The agent's name, and the files that were written.

    Raises:
        ValueError: no such run, it has not finished, its files are damaged, its method is not one of ours, there is nothing
            to act in or to load, it needs a device that others lack, or the folder is that of the run itself.
    """
    trained = trained_run(root, run)
    agent_of(trained)
    if not trained.method.trainable:
        raise ValueError(f"method {trained.config.method!r} learns nothing; allowed: methods with parameters")
    if trained.config.device != "cpu":
        raise ValueError(f"run {run!r} is on device {trained.config.device!r}; allowed: 'cpu', which is everywhere")
    source = RunFolder.open(root, run).path
    if folder.resolve() == source.parent.resolve():
        raise ValueError(f"{folder} is the folder of the run itself; allowed: another one, where what is replaced may go")
    place = folder / trained.config.run_id
    for name in FILES:
        with new_file(place / name) as part:
            shutil.copyfile(source / name, part)
    entries, name = published(folder), name_of(trained.config)
    before = entries.get(name)
    entries[name] = entry_of(place)
    write_index(entries, folder)
    if before is not None and before.run not in {entry.run for entry in entries.values()}:
        _remove(folder / before.run)
    return name, [place / name for name in FILES]


def _remove(place: Path) -> None:
    """What publishing put there, and the folder where nothing else is in it."""
    for name in FILES:
        (place / name).unlink(missing_ok=True)
    if place.is_dir() and not any(place.iterdir()):
        place.rmdir()


def best_run(root: Path, family: str, method: str, world: int, support: str) -> str:
    """The finished run of a method on a family in a world that is best on trained combinations with fresh episodes.

    Held-out combinations have no say: what is published was not chosen by them.

    Raises:
        ValueError: there is none.
    """
    found: dict[str, float] = {}
    for path in sorted(root.glob(f"{family}_{method.replace('_', '-')}_s*/config.json")):
        try:
            opened = RunFolder.open(root, path.parent.name)
            result, config = opened.result(), opened.config
        except ValueError:  # of another version, or damaged: not among those that can be published
            continue
        if (config.world, config.support) == (world, support) and result is not None and result["scores"]:
            found[config.run_id] = float(np.mean(result["scores"]["fresh_episodes"][score_of(config)]))
    if not found:
        raise ValueError(
            f"{root} has no finished run of {method!r} on {family!r} in world {world}, support {support!r}; "
            "allowed: runs of compworld train or leaderboard"
        )
    return max(found, key=lambda run: found[run])


def score_of(config: RunConfig) -> str:
    """The score by which runs of one kind are compared: the family's headline, or the return of a trial's last episode."""
    if config.trials is None:
        return headline(World(config).family)
    return episode_score("episode", config.trials.episodes)
