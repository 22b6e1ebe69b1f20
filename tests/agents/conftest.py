"""Small learners on small problems, for every method in one list."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from compworld import few_shot_tasks, make_family, make_split
from compworld.agents import LEARNERS, GradientLearner, InContextLearner, InnerLoop, MetaBatch, Reference
from compworld.agents.examples import Problem
from compworld.agents.learner import Learner
from compworld.benchmarks.worlds.problems import meta_batch, problem_of
from compworld.families.family import Family
from compworld.fewshot import FewShotBatch

METHODS = tuple(name for name, learner in LEARNERS.items() if name != "random" and not issubclass(learner, Reference))
"""Those with something to meta-learn."""
ADAPTIVE = tuple(name for name in METHODS if issubclass(LEARNERS[name], GradientLearner))
IN_CONTEXT = tuple(name for name in METHODS if issubclass(LEARNERS[name], InContextLearner))

OPTIONS: dict[str, dict[str, Any]] = {
    "linear_hypernetwork": {"width": 10, "hidden_layers": 3, "templates": 5},
    "deep_hypernetwork": {"width": 10, "hidden_layers": 3, "templates": 4, "embedding_width": 6, "depth": 2},
    "anil": {"width": 12, "hidden_layers": 2},
    "maml": {"width": 9, "hidden_layers": 3},
    "shown_transformer": {"width": 12, "layers": 2, "heads": 3},
    "bottleneck_transformer": {"width": 12, "layers": 2, "heads": 3, "latent": 4, "policy_width": 8, "templates": 3},
    "hyla": {"width": 12, "layers": 2, "heads": 3},
    "shown_gru": {"width": 9, "inputs": 10, "policy_width": 12},
    "no_adaptation": {"width": 12, "hidden_layers": 2},
    "told_hypernetwork": {"width": 10, "hidden_layers": 2, "templates": 5},
    "told_network_128": {"hidden_layers": 2},
    "told_network_512": {"hidden_layers": 2},
    "told_network_2048": {"hidden_layers": 1},
}

LOOPS = {
    "adamw": InnerLoop(4, 0.1, weight_decay=0.02),
    "sgd": InnerLoop(3, 0.2, optimizer="sgd"),
    "first order": InnerLoop(3, 0.1, weight_decay=0.02, second_order=False),
    "first order sgd": InnerLoop(3, 0.2, optimizer="sgd", second_order=False),
    "minibatch": InnerLoop(5, 0.1, minibatch=3),
    "minibatch with empty rows": InnerLoop(9, 0.1, minibatch=2, minibatch_rows=40),
    "many steps": InnerLoop(23, 0.05),
    "one step": InnerLoop(1, 0.1),
    "no step": InnerLoop(0, 0.1),
}

EPISODES = {name: {"support_episodes": 9, "query_episodes": 7} for name in ("teacher", "teacher-small")}
"""Of one step each; grid worlds: 2 and 2."""


@dataclass(frozen=True)
class Case:
    """A meta-batch of a family in float64."""

    family: Family
    few_shot: FewShotBatch
    problem: Problem
    batch: MetaBatch


def case_of(family_name: str, imitation: str, tasks: int = 6) -> Case:
    family = make_family(family_name)
    episodes = EPISODES.get(family_name, {"support_episodes": 2, "query_episodes": 2})
    batch = next(few_shot_tasks(family, make_split(family.space), tasks=tasks, **episodes))
    problem = problem_of(family, imitation, torch.float64)
    return Case(family, batch, problem, meta_batch(batch, imitation, dtype=torch.float64))


def made(name: str, problem: Problem, inner: InnerLoop, **options: Any) -> Learner:
    """A method's learner in float64, of these options."""
    given = {"inner": inner} if name in ADAPTIVE else {}
    return LEARNERS[name](problem, **given, **options).double()


def small(name: str, problem: Problem, inner: InnerLoop = LOOPS["adamw"], seed: int = 0) -> Learner:
    """A small learner in float64; biases are moved off 0, where every method would be too symmetric a test."""
    torch.manual_seed(seed)
    learner = made(name, problem, inner, **OPTIONS[name])
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in learner.parameters():
            parameter += torch.as_tensor(0.05 * rng.standard_normal(parameter.shape))
    return learner


def meta_loss(learner: Learner, batch: MetaBatch) -> Tensor:
    """Mean over tasks, by the plain definition, with the same random choices at each call."""
    shown = learner.draw(batch.shown_to(learner), torch.Generator().manual_seed(3))
    return learner.meta_loss(shown, batch.query).mean()


def gradients_of(learner: Learner, loss: Tensor) -> dict[str, Tensor]:
    names = dict(learner.named_parameters())
    found = torch.autograd.grad(loss, list(names.values()), allow_unused=True)
    return {name: torch.zeros_like(p) if g is None else g for (name, p), g in zip(names.items(), found, strict=True)}


def assert_same(ours: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    """Equal up to rounding of the largest gradient."""
    assert ours.keys() == expected.keys()
    scale = max(float(value.abs().max()) for value in expected.values())
    assert scale > 0
    for name, value in ours.items():
        torch.testing.assert_close(
            value, expected[name], rtol=1e-8, atol=1e-10 * scale, msg=lambda text, n=name: f"{n}: {text}"
        )


@pytest.fixture(
    scope="session",
    params=[
        ("goals-small", "optimal_action"),
        ("preferences-small", "summed_action_values"),
        ("teacher", "probabilities"),
        ("teacher-small", "action_values"),
    ],
)
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(*request.param)
