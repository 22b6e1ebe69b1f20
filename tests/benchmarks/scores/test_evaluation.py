"""Scores of policies whose scores are known: the expert's is 1, random play's is 0."""

import dataclasses

import numpy as np
import pytest
import torch

from compworld import ENV_IDS, FewShotBatch
from compworld.agents import Adapted, NoAdaptation, Nothing, UniformRandom
from compworld.benchmarks.scores.closed_loop import closed_loop
from compworld.benchmarks.scores.open_loop import open_loop
from compworld.benchmarks.scores.r_squared import r_squared
from compworld.benchmarks.worlds.problems import meta_batch, problem_of
from compworld.benchmarks.worlds.world import World
from tests.benchmarks.conftest import tiny

PLAYED = list(ENV_IDS.values())


def some_tasks(family: str, tasks: int, episodes: int) -> tuple[World, FewShotBatch]:
    world = World(tiny("anil", family))
    streams, weights = world.tasks("held_out", tasks, 0)
    return world, world.batch(streams, weights, 1, episodes)


@pytest.mark.parametrize("family", PLAYED)
def test_perfect_predictions_score_one_and_wrong_ones_less(family: str) -> None:
    world, batch = some_tasks(family, 6, 3)
    query = meta_batch(batch, "optimal_action").query
    learner = NoAdaptation(problem_of(world.family, "optimal_action"), 4, 1)
    outputs = query.targets.clone()
    scores = open_loop(learner, outputs, query, batch.query, "optimal_action")
    for name in ("action_accuracy", "trajectory_accuracy", "first_step_accuracy", "last_step_accuracy"):
        assert (scores[name] == 1).all(), name
    # Spoil the first step of task 0's first episode: exactly that shows.
    outputs[0, 0] = outputs[0, 0].roll(1)
    spoiled = open_loop(learner, outputs, query, batch.query, "optimal_action")
    assert spoiled["first_step_accuracy"][0] < 1
    assert spoiled["trajectory_accuracy"][0] < 1
    assert (spoiled["action_accuracy"][1:] == 1).all()
    assert "r2" not in scores


def test_r_squared_is_one_for_truth_and_zero_for_the_mean() -> None:
    _, batch = some_tasks("preferences-small", 6, 3)
    examples = meta_batch(batch, "action_values", dtype=torch.float64)
    query = examples.query
    query = dataclasses.replace(query, targets=torch.rand(query.targets.shape, dtype=torch.float64))
    mean = (query.targets * query.weights[..., None]).sum(1, keepdim=True).expand_as(query.targets)
    learner = NoAdaptation(problem_of(World(tiny(family="preferences-small")).family, "action_values"), 4, 1).double()
    for outputs, value in ((query.targets, 1.0), (mean, 0.0), (2 * mean - query.targets, -3.0)):
        found = open_loop(learner, outputs, query, batch.query, "action_values")["r2"]
        np.testing.assert_allclose(found, value, atol=1e-9)


def test_r_squared_serves_numpy_and_torch_alike() -> None:
    rng = np.random.default_rng(0)
    predicted, targets, weights = rng.normal(size=(4, 5, 3)), rng.normal(size=(4, 5, 3)), rng.uniform(size=(4, 5, 1))
    guess = targets.mean(1, keepdims=True)
    of_numpy = r_squared(predicted, targets, guess, (1, 2), weights)
    of_torch = r_squared(*map(torch.from_numpy, (predicted, targets, guess)), (1, 2), torch.from_numpy(weights))
    np.testing.assert_allclose(of_torch.numpy(), of_numpy, rtol=1e-12)
    error, baseline = (((values - targets) ** 2 * weights).sum((1, 2)) for values in (predicted, guess))
    np.testing.assert_allclose(of_numpy, 1 - error / baseline, rtol=1e-12)


@pytest.mark.parametrize("family", PLAYED)
def test_random_play_has_normalised_return_zero(family: str) -> None:
    world, batch = some_tasks(family, 40, 1)
    adapted = UniformRandom(problem_of(world.family, world.family.imitation)).adapt(Nothing(40))
    returns = closed_loop(adapted, world, batch.weights_TM, 24, 3)["normalised_return"]
    error = returns.std() / np.sqrt(len(returns))
    assert abs(returns.mean()) < 3.5 * error + 1e-3
    assert error < 0.1


@dataclasses.dataclass
class Optimal(Adapted):
    """Plays what the environment's own expert does."""

    world: World
    made: list  # type: ignore[type-arg]

    def predict(self, inputs: torch.Tensor) -> torch.Tensor:
        actions = torch.as_tensor(self.made[-1].expert_action()).view(inputs.shape[:2])
        return torch.nn.functional.one_hot(actions, self.world.family.actions).float()

    def __getitem__(self, tasks: slice) -> "Optimal":
        return self


@pytest.mark.parametrize("family", PLAYED)
def test_the_optimum_has_normalised_return_one(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's own optimal actions, played through the same closed loop."""
    world, batch = some_tasks(family, 12, 1)
    made: list[object] = []
    environments = World.environments

    def remembered(self: World, *arguments: int, **options: object) -> object:
        made.append(environments(self, *arguments, **options))
        return made[-1]

    monkeypatch.setattr(World, "environments", remembered)
    scores = closed_loop(Optimal(world, made), world, batch.weights_TM, 2, 1)
    np.testing.assert_allclose(scores["normalised_return"], 1.0, atol=1e-9)
    if "success_rate" in world.family.scores:
        assert (scores["success_rate"] == 1).all()
