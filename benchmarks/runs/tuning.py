"""Tuning: a method's settings are tried in worlds that no table plays, and judged by validation alone.

``python -m compworld.benchmarks.runs.tuning --family goals-small --method hyla --grid outer.learning-rate=0.001,0.003``
"""

import itertools
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tyro

from compworld.benchmarks.recipes.changes import changed
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.ending import in_one_line
from compworld.benchmarks.recipes.presets import preset as preset_named
from compworld.benchmarks.runs.courses import course_of
from compworld.benchmarks.runs.divergence import why_diverged
from compworld.benchmarks.runs.provenance import provenance
from compworld.benchmarks.runs.run import new_method
from compworld.benchmarks.runs.surroundings import of_a_run
from compworld.benchmarks.runs.threads import limit_threads
from compworld.benchmarks.worlds.world import World
from compworld.files import json_of, read_bytes, write_json

FIRST_WORLD = 100
"""Tables play worlds below this one."""


def tune(
    family: str,
    method: str,
    grid: tuple[str, ...],
    preset: str = "quick",
    worlds: tuple[int, ...] = (101,),
    steps: int | None = None,
    out: Path = Path("tuning"),
) -> None:
    """Try every combination of some settings, and write what came of each to ``out / family / method.json``.

    What the file has already is not tried again. Held-out combinations are never looked at.

    Args:
        family: of the preset.
        method: whose recipe is changed.
        grid: a field of the config with its values, such as outer.learning-rate=0.001,0.003; each as compworld train has it.
        preset: from which everything else is taken.
        worlds: in which each is tried; from 100, so that no table has them.
        steps: outer steps, instead of the preset's.
        out: folder of the records.
    """
    if min(worlds) < FIRST_WORLD:
        raise ValueError(f"worlds are {worlds}; allowed: from {FIRST_WORLD}, for tables play those below")
    path = out / family / f"{method}.json"
    trials: list[dict[str, Any]] = json_of(read_bytes(path), path)["trials"] if path.exists() else []
    known = {trial["run_id"] for trial in trials}
    for settings, world in itertools.product(settings_of(grid), worlds):
        config = preset_named(preset).config(family, method, world)
        config = changed(config if steps is None else config.with_steps(steps, steps // 10), settings)
        if config.run_id in known:
            continue
        found = {"run_id": config.run_id, "settings": " ".join(settings), "world": world, "steps": config.steps}
        trials.append({**found, **validated(config)})
        write_json(path, {"family": family, "method": method, "preset": preset, **provenance(), "trials": trials})
        print(trials[-1], file=sys.stderr)


def settings_of(grid: Sequence[str]) -> list[list[str]]:
    """Command-line arguments of every combination of values.

    Raises:
        ValueError: a field without values.
    """
    columns = []
    for text in grid:
        name, equals, values = text.partition("=")
        if not equals or not all(values.split(",")):
            raise ValueError(f"grid {text!r}; allowed: a field and its values, such as outer.learning-rate=0.001,0.003")
        columns.append([(f"--{name}", value) for value in values.split(",")])
    return [list(itertools.chain(*row)) for row in itertools.product(*columns)]


@of_a_run()
def validated(config: RunConfig) -> dict[str, Any]:
    """Train a config; its best validation, with ``validation_loss`` None if it diverged at once, and processor seconds."""
    limit_threads()
    world = World(config)
    course = course_of(new_method(config, world), config, world)
    best: dict[str, Any] = {"validation_loss": None, "best_step": 0}
    started = time.process_time()
    for step in range(1, config.steps + 1):
        course.step()
        if step % config.evaluation.validate_every and step < config.steps:
            continue
        found = course.validate()
        diverged = why_diverged(course.trainer, found["validation_loss"])
        if diverged:
            best["diverged"] = diverged
            break
        if best["validation_loss"] is None or found["validation_loss"] < best["validation_loss"]:
            best.update(found, best_step=step)
    return {**best, "processor_seconds": round(time.process_time() - started, 1)}


if __name__ == "__main__":
    with in_one_line():
        tyro.cli(tune, prog="tuning")
