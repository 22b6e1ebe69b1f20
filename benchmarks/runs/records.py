"""What files of a run must hold. Every one of them that is read is held against this, in one place."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from compworld.arguments import LARGEST_SEED
from compworld.benchmarks.recipes.config import CONFIG_VERSION, RunConfig
from compworld.benchmarks.runs.divergence import numbers
from compworld.benchmarks.runs.scored import check_evaluations, check_scores
from compworld.files import json_of, read_bytes, unsealed

RESULT_VERSION = 2
"""Raised whenever records of results hold something else."""

RUN_AGAIN = "delete it to run again"

Kind = TypeVar("Kind")


class Validation(msgspec.Struct, forbid_unknown_fields=True):
    """One validation in meta-training; numbers are None where training diverged."""

    step: int
    tasks: int
    seconds: float
    training_loss: float | None
    validation_loss: float | None
    validation_action_accuracy: float | None = None
    validation_return: float | None = None
    environment_steps: int | None = None


class Progress(msgspec.Struct, forbid_unknown_fields=True):
    """What a checkpoint knows of meta-training so far."""

    seconds: float
    best_loss: float | None
    best_step: int
    validation: list[Validation]
    losses: list[float] = []
    diverged: str | None = None


class Decoded(msgspec.Struct):
    """How well modules were decoded from some readings; see :func:`compworld.benchmarks.scores.decoding.decode`."""

    r2: list[float | None]
    total_r2: float
    permuted_r2: list[float | None]
    permuted_total_r2: float
    penalty: float


class Decoding(Decoded):
    """The same from all readings together, and from each alone."""

    layers: dict[str, Decoded]


class Hardware(msgspec.Struct):
    """Where a run was made."""

    processor: str
    cores: int
    memory_gib: float
    system: str


class Settings(msgspec.Struct):
    """What :func:`compworld.evaluate` was asked for."""

    agent: str
    env_id: str
    track: str
    world: int
    support: str
    support_options: dict[str, Any]
    split: str
    split_sha256: str
    sizes: dict[str, Any]
    tasks: int
    episodes: int
    seed: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_SEED)]


class Evaluated(msgspec.Struct):
    """A record of :func:`compworld.evaluate`; its arrays are held against each other when they are read."""

    format: int
    settings: Settings
    episodes: dict[str, Any]


class Result(msgspec.Struct):
    """``result.json``."""

    schema_version: Literal[2]
    run_id: str
    config: dict[str, Any]
    split_sha256: str
    learner_sha256: str | None
    parameters: int
    scores: dict[str, dict[str, list[float | None]]]
    python: str
    packages: dict[str, str]
    hardware: Hardware
    threads: int
    evaluation_seconds: float
    track: str = "shown"
    decoding: Decoding | None = None
    evaluations: dict[str, Evaluated] = {}
    environment_steps: int = 0
    outer_steps: int = 0
    tasks_seen: int = 0
    skipped_steps: int = 0
    best_step: int = 0
    best_validation_loss: float | None = None
    training_seconds: float = 0.0
    diverged: str | None = None
    validation: list[Validation] = []

    def __post_init__(self) -> None:
        if self.diverged and not self.scores:
            return
        check_scores(self.scores, self.track)
        if self.track != "shown":
            check_evaluations({which: one.settings.tasks for which, one in self.evaluations.items()}, self.scores)
        if (self.learner_sha256 is None) != (self.parameters == 0):
            raise ValueError("learner_sha256 is missing, or there is no learner that it could be of")


class Student(msgspec.Struct):
    """Result of a student of the theory; see :func:`compworld.benchmarks.theory.student.identify`."""

    identifiable: bool
    alignment: float
    training: float
    held_out: float
    combination: list[int]
    r2: list[float]


class Failure(msgspec.Struct):
    """``failure.json``."""

    problem: str
    host: str
    time: float
    trace: str


class _Version(msgspec.Struct):
    schema_version: int
    run_id: str


class _ConfigVersion(msgspec.Struct):
    config_version: int | None = None
    method_options: Any = None


def read_config(path: Path) -> RunConfig:
    """The config of a run, from its ``config.json``.

    Raises:
        ValueError: naming file and field: damaged, not one of ours, or of another version.
    """
    what_to_do = "delete the folder to start again"
    content = read_bytes(path)
    found = _decoded(content, _ConfigVersion, path, what_to_do)
    version = found.config_version or (3 if found.method_options is not None else 4)  # which at first did not say so
    if version != CONFIG_VERSION:
        raise ValueError(
            f"{path} was written by another version of CompWorld (config version {version}; allowed: {CONFIG_VERSION}): "
            "train the run again, which gives it a folder of its own, or read this one with the version that wrote it"
        )
    _decoded(content, RunConfig, path, what_to_do)
    data = json_of(content, path)
    data.pop("config_version", None)
    with _named(path, what_to_do):
        return RunConfig.from_dict(data)


def read_result(path: Path, config: RunConfig) -> dict[str, Any]:
    """The result of a run, from its ``result.json``.

    Raises:
        ValueError: naming file and field: damaged, changed, of another version or of another run.
    """
    content = read_bytes(path)
    found = _decoded(content, _Version, path, RUN_AGAIN)
    if found.schema_version != RESULT_VERSION or found.run_id != config.run_id:
        raise ValueError(
            f"{path} has schema {found.schema_version} of run {found.run_id!r:.80}; "
            f"allowed: schema {RESULT_VERSION} of this run; {RUN_AGAIN}"
        )
    result = sealed_record(content, Result, path, {"config": config.as_dict()})
    scores = {which: {name: numbers(values) for name, values in of_set.items()} for which, of_set in result["scores"].items()}
    return {**result, "scores": scores}


def read_student(path: Path, setting: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a student of a setting.

    Raises:
        ValueError: naming file and field: damaged, changed or of another setting.
    """
    return sealed_record(read_bytes(path), Student, path, setting)


def read_failure(path: Path) -> dict[str, Any]:
    """Why a run has no result.

    Raises:
        ValueError: naming file and field: damaged or changed.
    """
    return sealed_record(read_bytes(path), Failure, path, {})


def progress_of(data: Any, path: Path) -> dict[str, Any]:
    """What a checkpoint says of training so far.

    Raises:
        ValueError: naming file and field.
    """
    with _named(path, "delete it to start again"):
        msgspec.convert(data, Progress)
    return {"losses": [], **data}


def check_settings(settings: Mapping[str, Any], path: Path) -> None:
    """Hold the settings of an evaluation's record against their schema.

    Raises:
        ValueError: naming file and field.
    """
    with _named(path, "evaluate the agent again"):
        msgspec.convert(settings, Settings)


def sealed_record(content: bytes, kind: type[Any], path: Path, expected: Mapping[str, Any]) -> dict[str, Any]:
    """A record with its own hash.

    Args:
        content: of the file.
        kind: its schema.
        path: of the file.
        expected: what is known of it beforehand.

    Raises:
        ValueError: naming file and field: damaged, changed, or of something else.
    """
    _decoded(content, kind, path, RUN_AGAIN)
    try:
        found = unsealed(json_of(content, path), path)
    except ValueError as error:
        raise ValueError(f"{error}; {RUN_AGAIN}") from None
    for name, value in expected.items():
        if found.get(name) != json.loads(json.dumps(value)):
            raise ValueError(f"{path} is of another run (its {name!r} is another); {RUN_AGAIN}")
    return found


def _decoded(content: bytes, kind: type[Kind], path: Path, what_to_do: str) -> Kind:
    with _named(path, what_to_do):
        return msgspec.json.decode(content, type=kind)


@contextlib.contextmanager
def _named(path: Path, what_to_do: str) -> Iterator[None]:
    """What is wrong with data, as one line that names the file."""
    try:
        yield
    except (ValueError, TypeError, RecursionError) as error:  # msgspec's errors are of the first
        raise ValueError(f"{path} is damaged or not one of ours ({error}); {what_to_do}") from None
