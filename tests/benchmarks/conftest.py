"""A run that takes a second, and the list of all methods that inherit the common suite."""

import dataclasses
from pathlib import Path

import pytest

from benchmarks.config import Evaluation, RunConfig
from benchmarks.methods import METHODS
from benchmarks.recipes import preset

METHOD_NAMES = tuple(METHODS)


def tiny(method: str = "anil", family: str = "goals-small", **changes: object) -> RunConfig:
    """The family's recipe cut down to four outer steps."""
    name = next(name for name in ("quick", "teacher", "iclr2024") if family in preset(name).families)
    config = preset(name).config(family, method, 0)
    return dataclasses.replace(
        config,
        outer=dataclasses.replace(config.outer, steps=min(4, config.outer.steps)),
        evaluation=Evaluation(2, validation_tasks=8, tasks=12, query_episodes=2, rollout_episodes=2),
        meta_batch=8,
        **changes,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="session")
def finished_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run of three methods in the same world."""
    from benchmarks.runner import run

    root = tmp_path_factory.mktemp("runs")
    for method in ("linear_hypernetwork", "anil", "maml"):
        run(tiny(method), root)
    return root
