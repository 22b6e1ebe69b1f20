"""Scores of a learner on three sets of tasks: open loop (predictions) and closed loop (playing in the environment).

``train``: the first tasks of the training stream itself; ``fresh_episodes``: trained combinations, new episodes and weights;
``held_out``: combinations never trained. Axes: T tasks, E episodes, N samples, A actions, R active rows.
"""

from dataclasses import dataclass

import gymnasium as gym
import numpy as np
import torch

from agents.adaptation import sample_weights
from agents.base import Examples, Learner
from agents.metatraining import adapted_predictions
from agents.policy import AdaptedPolicy
from benchmarks.config import RunConfig
from benchmarks.problems import examples_of, support_and_query
from compworld import ENV_IDS
from compworld.experts import Expert
from compworld.families import Family
from compworld.fewshot import FewShotBatch, make_batch, task_streams
from compworld.randomness import key_of
from compworld.tasks.splits import Split

SETS = ("train", "fresh_episodes", "held_out")
TASKS_AT_ONCE = 64


@dataclass(frozen=True)
class World:
    """What a config's environments are made of."""

    family: Family
    split: Split
    expert: Expert | None
    """None where there is nothing to act in."""


def task_set(
    world: World, config: RunConfig, which: str, tasks: int, purpose: str = "evaluation"
) -> tuple[np.ndarray, np.ndarray]:
    """Random streams [T] and weights [T, M] of an evaluation set; combinations take turns, so that all weigh the same.

    Raises:
        ValueError: unknown set.
    """
    if which not in SETS:
        raise ValueError(f"unknown set {which!r}; allowed: {', '.join(map(repr, SETS))}")
    numbers = np.arange(tasks)
    pool = world.split.pool("held_out" if which == "held_out" else "train")
    if which == "train":
        streams = task_streams(config.seed, "train", numbers)
        return streams, world.family.draw_weights(streams, pool)
    streams = task_streams(config.seed, f"{purpose} {which}", numbers)
    return streams, world.family.weights_in_turn(streams, pool)


def evaluate(learner: Learner, config: RunConfig, world: World) -> dict[str, dict[str, list[float]]]:
    """Per-task scores of every set: {set: {metric: [T]}}."""
    return {which: evaluate_set(learner, config, world, which) for which in SETS}


def evaluate_set(learner: Learner, config: RunConfig, world: World, which: str) -> dict[str, list[float]]:
    """Per-task scores of one set, with the combination of each task."""
    streams, weights = task_set(world, config, which, config.evaluation.tasks)
    scores: dict[str, list[float]] = {"combination": world.family.combination_of(weights).tolist()}
    for first in range(0, len(streams), TASKS_AT_ONCE):
        part = slice(first, first + TASKS_AT_ONCE)
        batch = make_batch(
            world.family, world.expert, streams[part], weights[part], config.support_episodes, config.evaluation.query_episodes
        )
        seed = key_of(config.seed, which, first) % 2**31
        found = open_loop(learner, config, batch, seed)
        if world.expert is not None:
            found |= closed_loop(learner, config, world, batch, seed)
        for metric, values in found.items():
            scores.setdefault(metric, []).extend(values.tolist())
    return scores


def validation_loss(learner: Learner, config: RunConfig, batch: FewShotBatch) -> tuple[float, float]:
    """Mean query loss and action accuracy on a validation batch."""
    scores = open_loop(learner, config, batch, 0)
    return float(scores["query_loss"].mean()), float(scores["action_accuracy"].mean())


def open_loop(learner: Learner, config: RunConfig, batch: FewShotBatch, seed: int) -> dict[str, np.ndarray]:
    """Compare predictions with the query demonstrations; each metric [T]."""
    support, query = support_and_query(batch, config.imitation)
    with torch.no_grad():
        weights = sample_weights(config.inner, support, torch.Generator().manual_seed(seed))
        predictions = adapted_predictions(learner, config.inner, support, query, weights)
        loss = learner.loss.value(predictions, query.targets, query.weights).numpy()
        explained = {"r2": _explained(predictions, query)} if config.imitation == "action_values" else {}
    valid, episode = batch.query.valid_TN, batch.query.episode_TN
    right = (predictions.argmax(-1).numpy() == batch.query.actions_TN) & valid
    shape = (len(valid), int(episode.max()) + 1)
    steps, hits = np.zeros(shape), np.zeros(shape)
    task = np.broadcast_to(np.arange(len(valid))[:, None], valid.shape)
    np.add.at(steps, (task, episode), valid)
    np.add.at(hits, (task, episode), right)
    return {
        "query_loss": loss,
        "action_accuracy": hits.sum(1) / steps.sum(1),
        "trajectory_accuracy": (hits == steps).mean(1),
        "first_step_accuracy": _at_border(right, valid, episode, -1),
        "last_step_accuracy": _at_border(right, valid, episode, 1),
        **explained,
    }


def _explained(predictions_TNA: torch.Tensor, query: Examples) -> np.ndarray:
    """R² of each task [T]: 1 minus squared error over that of the task's mean target (arXiv 2507.07207, appendix)."""
    weights = query.weights[..., None]
    mean = (query.targets * weights).sum(1, keepdim=True)
    error, baseline = (
        ((guess - query.targets).square() * weights).sum((1, 2)) for guess in (predictions_TNA, mean.expand_as(query.targets))
    )
    return (1 - error / baseline.clamp_min(1e-12)).numpy()


def _at_border(right_TN: np.ndarray, valid_TN: np.ndarray, episode_TN: np.ndarray, side: int) -> np.ndarray:
    """Share of correct actions on the first (side -1) or last (side 1) step of the episodes, [T]."""
    marked = np.where(valid_TN, episode_TN, -1)
    border = np.full((len(marked), 1), -1)
    pair = (border, marked[:, :-1]) if side < 0 else (marked[:, 1:], border)
    at_border = valid_TN & (marked != np.concatenate(pair, axis=1))
    return np.asarray((right_TN & at_border).sum(1) / at_border.sum(1))


def closed_loop(learner: Learner, config: RunConfig, world: World, batch: FewShotBatch, seed: int) -> dict[str, np.ndarray]:
    """Let the adapted policy play; success rate, and return normalised to random = 0 and exact optimum = 1, each [T].

    Returns are normalised on sums over a task's episodes, since the optimum of a single episode may be 0.
    """
    tasks, episodes = len(batch), config.evaluation.rollout_episodes
    support = examples_of(batch.support, batch.weights_TM, config.imitation)
    policy = AdaptedPolicy(learner, config.inner, support, torch.Generator().manual_seed(seed))
    environment = gym.make_vec(
        environment_id(config.family),
        num_envs=tasks * episodes,
        world=config.world,
        support=config.support,
        support_options=config.support_options,
        split="all",
        observation="indices",
        autoreset_mode="Disabled",
        **config.sizes,
    )
    wanted = [world.family.task_of(weights) for weights in batch.weights_TM for _ in range(episodes)]
    observation, _ = environment.reset(seed=seed, options={"task": wanted})
    start = environment.unwrapped.engine.state  # type: ignore[attr-defined]
    horizon = np.full(tasks * episodes, environment.unwrapped.horizon)  # type: ignore[attr-defined]
    returns, success = np.zeros(tasks * episodes), np.zeros(tasks * episodes, dtype=bool)
    ended = np.zeros(tasks * episodes, dtype=bool)
    while not ended.all():
        rows = torch.as_tensor(observation).view(tasks, episodes, -1)
        observation, reward, terminated, truncated, info = environment.step(policy.act(rows).reshape(-1).numpy())
        returns += reward
        newly = (terminated | truncated) & ~ended
        success[newly] = info["success"][newly]
        ended |= newly
    assert world.expert is not None
    best = world.expert.optimal_return(start, horizon).reshape(tasks, episodes).sum(1)
    random = world.expert.random_return(start, horizon).reshape(tasks, episodes).sum(1)
    return {
        "success_rate": success.reshape(tasks, episodes).mean(1),
        "normalised_return": (returns.reshape(tasks, episodes).sum(1) - random) / np.maximum(best - random, 1e-9),
    }


def environment_id(family: str) -> str:
    """The Gymnasium id of a family."""
    return next(env_id for env_id, name in ENV_IDS.items() if name == family)
