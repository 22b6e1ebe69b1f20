"""One's own runs as a leaderboard: each way to set a method is a row."""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from compworld.agents import METHODS
from compworld.benchmarks.leaderboard.behind import run_of
from compworld.benchmarks.leaderboard.files import as_json
from compworld.benchmarks.leaderboard.published import Board, PublishedRun, PublishedTable
from compworld.benchmarks.leaderboard.sections import sections_of
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.executors import Outcome
from compworld.benchmarks.runs.folder import RunFolder

NAME = "own"
"""Of the leaderboard, in addresses."""


class Finished(NamedTuple):
    """A run, and what is published of it."""

    outcome: Outcome
    run: PublishedRun


def own_boards(root: Path, trust: bool, tell: Callable[[str], None]) -> list[Board]:
    """A leaderboard of one row for each way to set a method, over its seeds.

    Args:
        root: folder of all runs.
        trust: import the code of methods ``module:Class`` that act in trials, without which their tables are not known.
        tell: called with a line about each run that is left out.

    Raises:
        ValueError: there is no such folder.
    """
    if not root.is_dir():
        raise ValueError(f"no folder {root}; allowed: a folder of runs")
    groups: dict[str, list[Finished]] = {}
    boards = []
    for path in sorted(root.glob("*/config.json")):
        with _telling(tell):
            finished = _finished(path.parent, trust)
            groups.setdefault(_setting(finished.outcome.config), []).append(finished)
    for found in groups.values():
        with _telling(tell):
            boards.append(_board(root, found))
    return boards


@contextlib.contextmanager
def _telling(tell: Callable[[str], None]) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        tell(f"left out: {error}")


def _finished(path: Path, trust: bool) -> Finished:
    folder, result = RunFolder.open_finished(path.parent, str(path))
    config = folder.config
    if config.method not in METHODS and config.trials is not None and not trust:
        raise ValueError(f"run {config.run_id!r} is of the method {config.method!r}, whose code would be imported; say --trust")
    return Finished(Outcome(config, result, result.get("diverged") or ""), run_of(result))


def _setting(config: RunConfig) -> str:
    """What runs of a row have in common: all but the seed, and the world that follows from it."""
    common = {name: value for name, value in config.as_dict().items() if name != "seed"}
    return json.dumps({**common, "world": config.world - config.seed}, sort_keys=True)


def _board(root: Path, found: Iterable[Finished]) -> Board:
    found = sorted(found, key=lambda finished: finished.outcome.config.seed)
    table = msgspec.convert(as_json(sections_of([finished.outcome for finished in found]), []), PublishedTable)
    return Board(NAME, table, {finished.run.run_id: finished.run for finished in found}, root)
