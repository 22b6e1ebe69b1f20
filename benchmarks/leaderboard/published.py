"""What is published of a leaderboard: ``leaderboard.json``, its table, and ``runs.jsonl``, a line for each run behind the rows.

Both are held against these schemas when they are read, and against the hashes that the table names.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from compworld.benchmarks.runs.records import Hardware
from compworld.files import json_of, read_bytes, sealed, unsealed, write_json, write_text

RESULTS = Path(__file__).parents[1] / "results"
"""Leaderboards that come with the package."""

TABLE, RUNS = "leaderboard.json", "runs.jsonl"

WRITE_AGAIN = "compworld leaderboard writes it anew"

Kind = TypeVar("Kind")


class PublishedWorld(msgspec.Struct, frozen=True):
    """What the tasks of a world say, see :class:`compworld.evaluation.interval.Tasks`; None for numbers that are none."""

    mean: float | None
    number: int = 1
    deviation: float | None = None
    lowest: float | None = None
    highest: float | None = None


class PublishedEstimate(msgspec.Struct, frozen=True):
    """A value with its interval, and what each world says; None for numbers that are none."""

    value: float | None
    low: float | None
    high: float | None
    worlds: list[PublishedWorld]


class PublishedSection(msgspec.Struct, frozen=True):
    """What the rows of a section have in common.

    Attributes:
        headline: key of the score that methods are compared by.
        scores: words for each key of a score.
    """

    title: str
    family: str
    support: str
    track: str
    headline: str
    scores: dict[str, str]


class PublishedRow(msgspec.Struct, frozen=True):
    """A method in a section; ``estimates`` are by ``"set/score"``, ``problems`` by seed, ``training_seconds`` None of records.

    ``recomputed_by`` is, of an entry that was submitted, the command that made its scores again in worlds of its own.
    """

    section: str
    method: str
    seeds: list[int]
    runs: list[str]
    split_sha256: list[str]
    training_seconds: list[float | None]
    problems: dict[str, str]
    estimates: dict[str, PublishedEstimate]
    recomputed_by: str = ""


class PublishedComparison(msgspec.Struct, frozen=True):
    """A method's score minus another's, paired by world, and what the interval carries."""

    section: str
    method: str
    other: str
    set: str
    metric: str
    seeds: list[int]
    verdict: str
    value: float | None
    low: float | None
    high: float | None
    confidence: float


class PublishedTable(msgspec.Struct, frozen=True):
    """``leaderboard.json``; ``runs_sha256`` is of the file of its runs."""

    budget: list[str]
    packages: dict[str, str]
    hardware: Hardware
    sections: list[PublishedSection]
    rows: list[PublishedRow]
    comparisons: list[PublishedComparison]
    runs_sha256: str = ""


class Curve(msgspec.Struct, frozen=True):
    """A score of validation after so many tasks; None where training diverged."""

    score: str
    tasks: list[int]
    values: list[float | None]


class PublishedRun(msgspec.Struct, frozen=True):
    """A run behind a row.

    Attributes:
        parameters, tasks_seen, environment_steps: None of records, which do not say.
        curve: while it was trained; None for what is not.
        episodes: of what acts in trials, by set the normalised return of each episode.
        modules: by set and name of a module, the headline score over the tasks that have it.
    """

    run_id: str
    track: str
    config: dict[str, Any]
    split_sha256: str
    learner_sha256: str | None
    parameters: int | None
    tasks_seen: int | None
    environment_steps: int | None
    packages: dict[str, str]
    curve: Curve | None
    episodes: dict[str, list[float | None]]
    modules: dict[str, dict[str, float | None]]


@dataclass(frozen=True)
class Board:
    """A leaderboard that was published.

    Attributes:
        name: of its preset.
        table: what is compared.
        runs: behind it by their ids, as far as they are ours.
        folder: where its files are.
    """

    name: str
    table: PublishedTable
    runs: dict[str, PublishedRun]
    folder: Path


def write_board(folder: Path, table: Mapping[str, Any], lines: str) -> None:
    """Write the files of a leaderboard.

    Args:
        folder: where to.
        table: for :class:`PublishedTable`, without hashes.
        lines: a :class:`PublishedRun` each.
    """
    write_text(folder / RUNS, lines)
    write_json(folder / TABLE, sealed({"runs_sha256": hashlib.sha256(lines.encode()).hexdigest(), **table}))


def read_boards(folder: Path) -> list[Board]:
    """The leaderboards in the folders of a folder, by name.

    Raises:
        ValueError: there is none, or a file is damaged or was changed, naming it and the field.
    """
    tables = sorted(folder.glob(f"*/{TABLE}"))
    if not tables:
        raise ValueError(
            f"no leaderboard in {folder}; allowed: a folder with {TABLE} in folders of it, as compworld leaderboard writes"
        )
    return [_read_board(path) for path in tables]


def _read_board(path: Path) -> Board:
    content, lines = read_bytes(path), path.with_name(RUNS)
    table = _decoded(content, PublishedTable, path)
    try:
        unsealed(json_of(content, path), path)
        found = read_bytes(lines)
        if hashlib.sha256(found).hexdigest() != table.runs_sha256:
            raise ValueError(f"{lines} is damaged, or {path} was written with another")
    except ValueError as error:
        raise ValueError(f"{error}; {WRITE_AGAIN}") from None
    runs = [_decoded(line, PublishedRun, lines) for line in found.splitlines()]
    return Board(path.parent.name, table, {run.run_id: run for run in runs}, path.parent)


def _decoded(content: bytes, kind: type[Kind], path: Path) -> Kind:
    try:
        return msgspec.json.decode(content, type=kind)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged or of another version ({error}); {WRITE_AGAIN}") from None
