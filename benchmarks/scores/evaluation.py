"""Scores of a learner on every set of tasks: open loop (predictions) and closed loop (playing in the environment)."""

from dataclasses import dataclass

import numpy as np
import torch

from compworld import FewShotBatch
from compworld.agents import Adapted, Learner, MetaBatch, accelerate
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.scores.closed_loop import closed_loop
from compworld.benchmarks.scores.names import COMBINATION
from compworld.benchmarks.scores.open_loop import open_loop
from compworld.benchmarks.worlds.problems import meta_batch
from compworld.benchmarks.worlds.world import SETS, World
from compworld.randomness import key_of

TASKS_AT_ONCE = 64


@dataclass(frozen=True)
class Shown:
    """A batch of tasks, and the learner that adapted to what it may be shown of them."""

    batch: FewShotBatch
    examples: MetaBatch
    adapted: Adapted


def show(learner: Learner, config: RunConfig, batch: FewShotBatch, seed: int) -> Shown:
    """Adapt a learner to tasks, by compiled code where there is some.

    Args:
        learner: meta-trained.
        config: of its run.
        batch: the tasks.
        seed: of what adapting draws, such as minibatches.
    """
    dtype = next((parameter.dtype for parameter in learner.parameters()), torch.float32)
    examples = meta_batch(batch, config.imitation, config.device, dtype)
    with torch.no_grad():
        adapted = accelerate.adapt(learner, examples.shown_to(learner), torch.Generator().manual_seed(seed))
    return Shown(batch, examples, adapted)


def evaluate(learner: Learner, config: RunConfig, world: World) -> dict[str, dict[str, list[float]]]:
    """Per-task scores of every set: {set: {score: [T]}}."""
    return {which: evaluate_set(learner, config, world, which) for which in SETS}


def evaluate_set(learner: Learner, config: RunConfig, world: World, which: str) -> dict[str, list[float]]:
    """Per-task scores of one set, with the combination of each task."""
    wanted = config.evaluation
    streams, weights = world.tasks(which, wanted.tasks, config.seed)
    scores: dict[str, list[float]] = {COMBINATION: world.family.combination_of(weights).tolist()}
    for first in range(0, len(streams), TASKS_AT_ONCE):
        part = slice(first, first + TASKS_AT_ONCE)
        batch = world.batch(streams[part], weights[part], config.support_episodes, wanted.query_episodes)
        seed = key_of(config.seed, which, first) % 2**31
        shown = show(learner, config, batch, seed)
        found = compare(learner, config, shown)
        if world.has_environment:
            episodes = wanted.rollout_episodes
            found |= closed_loop(shown.adapted, world, batch.weights_TM, episodes, seed, config.device)
        for name, values in found.items():
            scores.setdefault(name, []).extend(values.tolist())
    return scores


def compare(learner: Learner, config: RunConfig, shown: Shown) -> dict[str, np.ndarray]:
    """Scores of predictions for the query sets, each [T]."""
    query = shown.examples.query
    with torch.no_grad():
        outputs = shown.adapted.predict(query.inputs)
    return open_loop(learner, outputs, query, shown.batch.query, config.imitation)


def validation_loss(learner: Learner, config: RunConfig, batch: FewShotBatch) -> tuple[float, float]:
    """Mean query loss and action accuracy on a validation batch."""
    scores = compare(learner, config, show(learner, config, batch, 0))
    return float(scores["query_loss"].mean()), float(scores["action_accuracy"].mean())
