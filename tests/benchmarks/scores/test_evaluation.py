"""Scores of policies whose scores are known: the expert's is 1, random play's is 0."""

import dataclasses

import numpy as np
import pytest
import torch

from agents import ANIL, Examples, Fast, Learner
from agents.base import Problem
from benchmarks.evaluation import World, closed_loop, open_loop, task_set
from benchmarks.methods import UniformRandom
from benchmarks.problems import problem_of
from benchmarks.runner import make_world
from compworld.fewshot import FewShotBatch, make_batch
from tests.benchmarks.conftest import tiny

FAMILIES = ["goals-small", "preferences-small", "goals", "preferences"]


class Told(Learner):
    """Predicts the demonstrated action of every observation that it is asked about (a table made from demonstrations)."""

    adapts = False

    def __init__(self, problem: Problem, table: dict[tuple[int, ...], int]) -> None:
        super().__init__(problem)
        self.table = table

    def initial_fast(self, support: object) -> Fast:
        return {}

    def encode(self, examples: Examples, support: object = None) -> Examples:
        return examples

    def predict(self, fast: Fast, encoded: Examples) -> torch.Tensor:
        actions = [
            [self.table.get((task, *rows.tolist()), 0) for rows in encoded.inputs[task]] for task in range(len(encoded.inputs))
        ]
        return torch.nn.functional.one_hot(torch.tensor(actions), self.problem.outputs).float()


def some_tasks(family: str, tasks: int, episodes: int) -> tuple[World, FewShotBatch]:
    config = tiny("anil", family)
    world = make_world(config)
    streams, weights = task_set(world, config, "held_out", tasks)
    return world, make_batch(world.family, world.expert, streams, weights, 1, episodes)


@pytest.mark.parametrize("family", FAMILIES)
def test_perfect_predictions_score_one_and_wrong_ones_less(family: str) -> None:
    world, batch = some_tasks(family, 6, 3)
    table = {
        (task, *rows.tolist()): int(action)
        for task in range(len(batch))
        for rows, action in zip(batch.query.rows_TNR[task], batch.query.actions_TN[task], strict=True)
    }
    config = tiny("anil", family, imitation="optimal_action")
    learner = Told(problem_of(world.family, "optimal_action"), table)
    scores = open_loop(learner, config, batch, 0)
    for metric in ("action_accuracy", "trajectory_accuracy", "first_step_accuracy", "last_step_accuracy"):
        assert (scores[metric] == 1).all(), metric
    # Spoil the first step of task 0's first episode: exactly that shows.
    first = (0, *batch.query.rows_TNR[0, 0].tolist())
    learner.table[first] = (table[first] + 1) % world.family.actions
    spoiled = open_loop(learner, config, batch, 0)
    assert spoiled["first_step_accuracy"][0] < 1
    assert spoiled["trajectory_accuracy"][0] < 1
    assert (spoiled["action_accuracy"][1:] == 1).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_random_play_has_normalised_return_zero(family: str) -> None:
    config = tiny("random", family)
    config = dataclasses.replace(config, evaluation=dataclasses.replace(config.evaluation, rollout_episodes=24))
    world, batch = some_tasks(family, 40, 1)
    learner = UniformRandom(problem_of(world.family, config.imitation))
    returns = closed_loop(learner, config, world, batch, 3)["normalised_return"]
    error = returns.std() / np.sqrt(len(returns))
    assert abs(returns.mean()) < 3.5 * error + 1e-3
    assert error < 0.1


@pytest.mark.parametrize("family", FAMILIES)
def test_the_optimum_has_normalised_return_one(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's own optimal actions, played through the same closed loop."""
    config = tiny("anil", family)
    world, batch = some_tasks(family, 12, 1)
    import gymnasium as gym

    from agents.policy import AdaptedPolicy

    made = []
    make_vec = gym.make_vec

    def remembered(*arguments: object, **options: object) -> object:
        made.append(make_vec(*arguments, **options))  # type: ignore[arg-type]
        return made[-1]

    def optimal(policy: AdaptedPolicy, rows: torch.Tensor) -> torch.Tensor:
        environment = made[-1].unwrapped
        state = environment.engine.state
        left = np.maximum(environment.horizon - state.elapsed_B, 0)
        return torch.as_tensor(world.expert.optimal_action(state, left)).view(rows.shape[:2])

    monkeypatch.setattr(gym, "make_vec", remembered)
    monkeypatch.setattr(AdaptedPolicy, "act", optimal)
    learner = ANIL(problem_of(world.family, config.imitation), width=4, hidden_layers=1)
    scores = closed_loop(learner, config, world, batch, 1)
    np.testing.assert_allclose(scores["normalised_return"], 1.0, atol=1e-9)
    if "goals" in family:
        assert (scores["success_rate"] == 1).all()


def test_an_unknown_set_is_refused() -> None:
    config = tiny()
    with pytest.raises(ValueError, match="unknown set 'test'; allowed: 'train', 'fresh_episodes', 'held_out'"):
        task_set(make_world(config), config, "test", 3)
