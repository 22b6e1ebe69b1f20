"""An entry as it was submitted: read, and held against itself, before anything of it is run."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compworld.agents import METHODS
from compworld.benchmarks.leaderboard.records import read_record
from compworld.benchmarks.leaderboard.sections import GENERALISATION, kinds_of
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.scores.trials import SPLITS, scores_of
from compworld.benchmarks.submissions.places import Place, place_of_records, place_of_run
from compworld.benchmarks.submissions.submission import (
    ABOUT,
    CODE,
    RECORDS,
    RUNS,
    Submission,
    files_of,
    read_about,
    tree_sha256,
)
from compworld.evaluation import Evaluation

Scores = dict[str, dict[str, list[float]]]
"""Of a world: {set: {score: [T]}}."""

LEAST_WORLDS = 3
"""Of a claim: an interval over fewer says nothing."""
OF_A_RUN = ("seed", "world")
OF_A_RECORD = ("world", "split", "split_sha256")
"""In what the runs, or the records, of an entry differ."""
TABLES = {"shown": (["shown"],), "rewarded": (["labels"], ["rewards"], ["labels", "rewards"]), "told": (["told"],)}
"""Which tables methods of a track can stand in."""


@dataclass(frozen=True)
class Claim:
    """What an entry says of a world.

    Attributes:
        world: its number.
        scores: of each set.
        run: the folder and the config that it is from; None where it is from records.
        records: of the sets, by name, where it is from them.
        threads: that the run had; with another number sums have another order.
    """

    world: int
    scores: Scores
    run: RunFolder | None = None
    records: dict[str, Evaluation] = dataclasses.field(default_factory=dict)
    threads: int = 1


@dataclass(frozen=True)
class Entry:
    """An entry that is in order.

    Attributes:
        folder: of it.
        about: what it says of itself.
        sha256: of its files.
        place: where it stands.
        claims: of each world.
    """

    folder: Path
    about: Submission
    sha256: str
    place: Place
    claims: list[Claim]


def read_entry(folder: Path) -> Entry:
    """Read a submission.

    Raises:
        ValueError: naming what is wrong: a file, a field, or two that do not agree.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; allowed: that of a submission")
    folder = folder.resolve()
    files, about = files_of(folder), read_about(folder)
    try:
        place, claims = _of_records(folder, about) if about.how == "replayed" else _of_runs(folder, about, files)
        worlds = [claim.world for claim in claims]
        if len(set(worlds)) != len(worlds) or len(worlds) < LEAST_WORLDS:
            raise ValueError(f"it is about worlds {_listed(worlds)}; allowed: at least {LEAST_WORLDS}, each once")
        if sorted(worlds) != sorted(about.worlds):
            raise ValueError(f"it names worlds {_listed(about.worlds)}, and holds {_listed(worlds)}; allowed: the same")
        if about.tables not in TABLES[about.track]:
            raise ValueError(f"tables are {about.tables}; allowed: {' or '.join(map(str, TABLES[about.track]))}")
    except ValueError as error:
        raise ValueError(f"{folder / ABOUT}: {error}") from None
    return Entry(folder, about, tree_sha256(folder), place, claims)


def common_config(configs: Sequence[RunConfig]) -> dict[str, Any]:
    """What all runs of an entry share.

    Raises:
        ValueError: they differ in something else than seed and world.
    """
    return _common([config.as_dict() for config in configs], OF_A_RUN, "runs")


def common_settings(records: Sequence[Evaluation]) -> dict[str, Any]:
    """What all records of an entry share.

    Raises:
        ValueError: they differ in something else than world and split.
    """
    return _common([record.settings for record in records], OF_A_RECORD, "records")


def claims_of(records: Sequence[Evaluation]) -> list[Claim]:
    """What records say, world by world.

    Raises:
        ValueError: a world lacks one of the splits, or has one twice.
    """
    found: dict[int, dict[str, Evaluation]] = {}
    for record in records:
        which = next(which for which, split in SPLITS.items() if split == record.settings["split"])
        of_world = found.setdefault(record.settings["world"], {})
        if which in of_world:
            raise ValueError(f"two records are of world {record.settings['world']}, split {SPLITS[which]!r}; allowed: one")
        of_world[which] = record
    for world, of_world in found.items():
        if set(of_world) != set(SPLITS):
            missing = ", ".join(repr(SPLITS[which]) for which in SPLITS if which not in of_world)
            raise ValueError(f"records of world {world} lack split {missing}; allowed: both of 'train' and 'held_out'")
    return [
        Claim(world, {which: scores_of(record) for which, record in of_world.items()}, records=of_world)
        for world, of_world in found.items()
    ]


def module_file(method: str) -> str:
    """Where the code of a method ``module:Class`` lies in an entry."""
    return f"{CODE}/{method.partition(':')[0].replace('.', '/')}.py"


def _of_runs(folder: Path, about: Submission, files: Sequence[str]) -> tuple[Place, list[Claim]]:
    names = sorted({name.split("/")[1] for name in files if name.startswith(f"{RUNS}/")})
    found = [RunFolder.open_finished(folder, str(folder / RUNS / name)) for name in names]
    if not found:
        raise ValueError(f"it has no runs; allowed: at least {LEAST_WORLDS}")
    configs = [run.config for run, _ in found]
    _same(about.config, common_config(configs))
    first = configs[0]
    if about.track != first.track:
        raise ValueError(f"track is {about.track!r}; allowed: that of its runs, {first.track!r}")
    with_learners = {run.learner.exists() for run, _ in found}
    expected = "re-evaluated" if with_learners == {True} else "retrained"
    if len(with_learners) > 1 or about.how != expected:
        raise ValueError(f"how is {about.how!r}; allowed: {expected!r}, for its runs hold learners or do not")
    if first.method in METHODS:
        kinds = ["shown"] if first.trials is None else kinds_of(first.method)
        if about.tables != kinds:
            raise ValueError(f"tables are {about.tables}; allowed: those of {first.method!r}, {kinds}")
    elif module_file(first.method) not in files:
        raise ValueError(f"method is {first.method!r}; allowed: with its code in {module_file(first.method)}")
    place = place_of_run(first, tuple(about.tables))
    return place, [
        Claim(run.config.world, {which: result["scores"][which] for which in GENERALISATION}, run, threads=result["threads"])
        for run, result in found
    ]


def _of_records(folder: Path, about: Submission) -> tuple[Place, list[Claim]]:
    records = [read_record(path) for path in sorted((folder / RECORDS).glob("*.json"))]
    if not records:
        raise ValueError("it has no records; allowed: two of each world")
    settings = common_settings(records)
    _same(about.config, settings)
    if about.track != settings["track"]:
        raise ValueError(f"track is {about.track!r}; allowed: that of its records, {settings['track']!r}")
    return place_of_records(settings, tuple(about.tables)), claims_of(records)


def _common(settings: Sequence[dict[str, Any]], apart_from: Sequence[str], what: str) -> dict[str, Any]:
    kept = [{name: value for name, value in one.items() if name not in apart_from} for one in settings]
    for one in kept:
        for name in {**kept[0], **one}:
            if one.get(name) != kept[0].get(name):
                raise ValueError(f"its {what} differ in {name!r:.80}; allowed: in {' and '.join(map(repr, apart_from))} only")
    return kept[0]


def _same(said: dict[str, Any], found: dict[str, Any]) -> None:
    for name in {**said, **found}:
        if said.get(name) != found.get(name):
            raise ValueError(f"config names another {name!r:.80} than what lies beside it")


def _listed(worlds: Sequence[int]) -> str:
    return ", ".join(map(str, worlds[:10])) or "none"
