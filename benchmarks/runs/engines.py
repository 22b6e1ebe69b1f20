"""The engines by name, as the command line has them."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from compworld.benchmarks.runs.executors import Engine
from compworld.benchmarks.runs.on_ray import ray_tasks
from compworld.benchmarks.runs.on_slurm import slurm_array
from compworld.benchmarks.runs.workers import side_by_side

ENGINES: dict[str, Callable[..., Any]] = {"local": side_by_side, "ray": ray_tasks, "slurm": slurm_array}


def engine_of(name: str, root: Path, parameters: Sequence[str] = ()) -> Engine:
    """An engine.

    Args:
        name: one of :data:`ENGINES`.
        root: folder of all runs; submitit's files go into a folder in it.
        parameters: of Slurm as ``"name=value"``.

    Raises:
        ValueError: unknown name, or parameters that are none or for another engine.
    """
    if name not in ENGINES:
        raise ValueError(f"unknown executor {name!r}; allowed: {', '.join(map(repr, ENGINES))}")
    given = dict(_parameter(text) for text in parameters)
    if name == "slurm":
        return partial(slurm_array, logs=root / "submitit" / "%j", parameters=given)
    if given:
        raise ValueError(f"executor {name!r} takes no parameters of Slurm; allowed: with executor 'slurm'")
    engine: Engine = ENGINES[name]
    return engine


def _parameter(text: str) -> tuple[str, str | int]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ValueError(f"parameter {text!r} of Slurm; allowed: name=value, such as timeout_min=600")
    return name, int(value) if value.isdecimal() else value
