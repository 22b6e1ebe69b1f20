"""A run that takes a second, and the lists of methods and families that inherit the common suite."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compworld import make_family
from compworld.agents import METHODS
from compworld.benchmarks.recipes.config import Evaluation, RunConfig
from compworld.benchmarks.recipes.methods import track_of
from compworld.benchmarks.recipes.presets import PRESETS, preset
from compworld.families import FAMILIES, register_family, unregister_family
from compworld.files import HASH
from examples.own_family import Reach

METHOD_NAMES = tuple(METHODS)
FAMILY_NAMES = tuple(family.label_of("small") for family in FAMILIES.values() if "small" in family.variants)
"""The small variant of every family that has one."""
CELLS = tuple(
    (method, family)
    for method in METHOD_NAMES
    for family in FAMILY_NAMES
    if METHODS[method].covers(make_family(family)) and (track_of(method) == "shown" or make_family(family).env_id is not None)
)
"""Every method on every family that it can be on."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if {"method", "family_name"} <= set(metafunc.fixturenames):
        metafunc.parametrize(("method", "family_name"), CELLS)
        return
    for name, values in {"method": METHOD_NAMES, "family_name": FAMILY_NAMES, "preset_name": tuple(PRESETS)}.items():
        if name in metafunc.fixturenames and not _marked(metafunc, name):
            metafunc.parametrize(name, values)


def _marked(metafunc: pytest.Metafunc, name: str) -> bool:
    return any(name in str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize"))


def tiny(method: str = "anil", family: str = "goals-small", **changes: object) -> RunConfig:
    """The family's recipe cut down to four outer steps.

    Raises:
        ValueError: the family has nothing for the method to act in.
    """
    track = track_of(method)
    there = [name for name in PRESETS if any(p.family == family and p.takes(track) for p in preset(name).protocols)]
    if not there:
        raise ValueError(f"no preset has track {track!r} on {family!r}")
    config = preset(there[0]).config(family, method, 0)
    return dataclasses.replace(
        config if config.outer is None else config.with_steps(4),
        evaluation=Evaluation(2, validation_tasks=8, tasks=12, query_episodes=2, rollout_episodes=2),
        meta_batch=8,
        **changes,  # type: ignore[arg-type]
    )


def left_by(root: Path, config: RunConfig) -> dict[str, Any]:
    """Every file that a finished run leaves, byte for byte but for the times in its records, and the hash of those."""
    found: dict[str, Any] = {path.name: path.read_bytes() for path in (root / config.run_id).iterdir()}
    found["result.json"] = _timeless(json.loads(found["result.json"]))
    if "metrics.jsonl" in found:
        found["metrics.jsonl"] = [_timeless(json.loads(line)) for line in found["metrics.jsonl"].splitlines()]
    return found


def _timeless(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _timeless(value) for name, value in data.items() if "seconds" not in name and name != HASH}
    return [_timeless(value) for value in data] if isinstance(data, list) else data


@pytest.fixture(scope="session")
def finished_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run of three methods in the same world; whoever changes it copies it before."""
    from compworld.benchmarks.runs.run import run

    root = tmp_path_factory.mktemp("runs")
    for method in ("linear_hypernetwork", "anil", "maml"):
        run(tiny(method), root)
    return root


@pytest.fixture
def toy_family() -> Iterator[str]:
    """The name of a family of one's own, registered for a test."""
    register_family(Reach)
    yield "reach-small"
    unregister_family(Reach)
