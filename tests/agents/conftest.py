"""Small learners on small problems, for every method in one list."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from agents import LEARNERS
from agents.base import Examples, Learner, Problem
from benchmarks.problems import problem_of, support_and_query
from compworld import few_shot_tasks, make_family, make_split
from compworld.families import Family
from compworld.fewshot import FewShotBatch

METHODS = tuple(LEARNERS)
ADAPTIVE = tuple(name for name in METHODS if LEARNERS[name].adapts)

OPTIONS: dict[str, dict[str, Any]] = {
    "linear_hypernetwork": {"width": 10, "hidden_layers": 3, "templates": 5},
    "deep_hypernetwork": {"width": 10, "hidden_layers": 3, "templates": 4, "embedding_width": 6, "depth": 2},
    "anil": {"width": 12, "hidden_layers": 2},
    "maml": {"width": 9, "hidden_layers": 3},
    "no_adaptation": {"width": 12, "hidden_layers": 2},
    "oracle": {"width": 10, "hidden_layers": 2, "templates": 5},
}


EPISODES = {name: {"support_episodes": 9, "query_episodes": 7} for name in ("teacher", "teacher-small")}
"""Of one step each; grid worlds: 2 and 2."""


@dataclass(frozen=True)
class Case:
    """A meta-batch of a family in float64."""

    family: Family
    batch: FewShotBatch
    problem: Problem
    support: Examples
    query: Examples


def case_of(family_name: str, imitation: str, tasks: int = 6) -> Case:
    family = make_family(family_name)
    split = make_split(family.space)
    batch = next(
        few_shot_tasks(family, split, tasks=tasks, **EPISODES.get(family_name, {"support_episodes": 2, "query_episodes": 2}))
    )
    support, query = support_and_query(batch, imitation, dtype=torch.float64)
    return Case(family, batch, problem_of(family, imitation, torch.float64), support, query)


def small(name: str, problem: Problem, seed: int = 0) -> Learner:
    """A small learner in float64; biases are moved off 0, where every method would be too symmetric a test."""
    torch.manual_seed(seed)
    learner = LEARNERS[name](problem, **OPTIONS[name]).double()
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in learner.parameters():
            parameter += torch.as_tensor(0.05 * rng.standard_normal(parameter.shape))
    return learner


@pytest.fixture(
    scope="session",
    params=[
        ("goals-small", "optimal_action"),
        ("preferences-small", "action_values"),
        ("teacher", "probabilities"),
        ("teacher-small", "action_values"),
    ],
)
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(*request.param)
