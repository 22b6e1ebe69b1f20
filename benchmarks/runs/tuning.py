"""Tuning: a method's settings are tried in worlds that no table plays, and judged by validation alone."""

import itertools
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from compworld.benchmarks.recipes.changes import changed
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.claims import claimed, patiently
from compworld.benchmarks.runs.courses import course_of
from compworld.benchmarks.runs.divergence import finite, why_diverged
from compworld.benchmarks.runs.provenance import provenance
from compworld.benchmarks.runs.records import sealed_record
from compworld.benchmarks.runs.run import new_method
from compworld.benchmarks.runs.surroundings import of_a_run
from compworld.benchmarks.runs.threads import limit_threads
from compworld.benchmarks.worlds.world import World
from compworld.files import check_writable, read_bytes, sealed, write_json

FIRST_WORLD = 100
"""Tables play worlds below this one."""


class Trial(msgspec.Struct):
    """A setting that was tried; see :func:`tune`."""

    run_id: str
    settings: str
    world: int
    steps: int
    validation_loss: float | None
    best_step: int
    processor_seconds: float
    diverged: str | None = None
    validation_action_accuracy: float | None = None


class Tuning(msgspec.Struct):
    """The settings of a method that were tried on a family."""

    family: str
    method: str
    trials: list[Trial]


def tune(configs: Sequence[RunConfig], grid: Sequence[str], path: Path) -> list[dict[str, Any]]:
    """Try every combination of some settings; what came of each is written at once, and not tried again.

    Several processes may do so with one record at once: each trial is added to what the others have written.

    Args:
        configs: whose settings are changed: of one family and method, in each world.
        grid: fields with their values, see :func:`settings_of`.
        path: of the record.

    Returns:
        All trials of the record.

    Raises:
        ValueError: a method without training, no world or one that tables may play, an impossible setting, or a record that is
            damaged or of something else.
        OSError: the record cannot be written.
    """
    if not configs:
        raise ValueError(f"worlds are none; allowed: at least one, from {FIRST_WORLD}")
    for config in configs:
        if config.outer is None:
            raise ValueError(f"method {config.method!r} is not trained; allowed: methods with parameters")
        if config.world < FIRST_WORLD:
            raise ValueError(f"world is {config.world}; allowed: from {FIRST_WORLD}, for tables play those below")
    about = {"family": configs[0].family, "method": configs[0].method}
    wanted = [(settings, changed(config, settings)) for settings in settings_of(grid) for config in configs]
    check_writable(path)  # before hours are spent
    for settings, config in wanted:
        if config.run_id in _known(path, about):
            continue
        found = {"run_id": config.run_id, "settings": " ".join(settings), "world": config.world, "steps": config.steps}
        trial = {**found, **finite(validated(config))}
        patiently(lambda trial=trial: _add(trial, path, about))  # type: ignore[misc]
    return list(_known(path, about).values())


def _known(path: Path, about: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The trials that a record has by now, by their runs."""
    return {trial["run_id"]: trial for trial in read_trials(path, about)} if path.exists() else {}


def _add(trial: dict[str, Any], path: Path, about: Mapping[str, Any]) -> None:
    """Write a trial beside those of a record; of two of one run that which is there stays.

    Raises:
        Busy: another process writes.
    """
    with claimed(path.with_suffix(".claim")) as claim:
        known = _known(path, about)
        if trial["run_id"] not in known:
            claim.check()
            write_json(path, sealed({**about, **provenance(), "trials": [*known.values(), trial]}))


def read_trials(path: Path, about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The trials of a record.

    Args:
        path: of the record.
        about: the family and the method that it must be of.

    Raises:
        ValueError: naming file and field: damaged, changed, or of something else.
    """
    trials: list[dict[str, Any]] = sealed_record(read_bytes(path), Tuning, path, about)["trials"]
    return trials


def settings_of(grid: Sequence[str]) -> list[list[str]]:
    """Arguments for :func:`compworld.benchmarks.recipes.changes.changed` of every combination of values.

    Args:
        grid: fields with their values, such as ``"outer.learning-rate=0.001,0.003"``.

    Raises:
        ValueError: a field without values.
    """
    columns = []
    for text in grid:
        name, equals, values = text.partition("=")
        if not equals or not all(values.split(",")):
            raise ValueError(f"grid {text!r:.80}; allowed: a field and its values, such as outer.learning-rate=0.001,0.003")
        columns.append([(f"--{name}", value) for value in values.split(",")])
    return [list(itertools.chain(*row)) for row in itertools.product(*columns)]


@of_a_run()
def validated(config: RunConfig) -> dict[str, Any]:
    """Train a config; its best validation, with ``validation_loss`` None if it diverged at once, and processor seconds."""
    limit_threads()
    world = World(config)
    course = course_of(new_method(config, world), config, world)
    best: dict[str, Any] = {"validation_loss": None, "best_step": 0, "diverged": None}
    started = time.process_time()
    for step in range(1, config.steps + 1):
        course.step()
        if step % config.evaluation.validate_every and step < config.steps:
            continue
        found = course.validate()
        best["diverged"] = why_diverged(course.trainer, found["validation_loss"])
        if best["diverged"]:
            break
        if best["validation_loss"] is None or found["validation_loss"] < best["validation_loss"]:
            best.update(found, best_step=step)
    return {**best, "processor_seconds": round(time.process_time() - started, 1)}
