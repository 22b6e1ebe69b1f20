"""Scores of trials, by :func:`compworld.evaluate`, as of anyone's agent. Axes of array names: T tasks, K episodes."""

from typing import Any

import numpy as np

import compworld
from compworld.agents import Actor
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.worlds.world import World
from compworld.evaluation.result import Evaluation, linearised

SPLITS = {"fresh_episodes": "train", "held_out": "held_out"}
"""Sets of tasks, and which combinations they are of."""

GAIN, LOWER_FIFTH = "gain", "lower_fifth"

TABLE_SEED, VALIDATION_SEED = 0, 1
"""Trials of the table have :func:`compworld.evaluate`'s own seed: all agents meet the same."""


def score_trials(method: Actor, config: RunConfig, world: World) -> dict[str, Any]:
    """``scores`` of every set by :func:`scores_of`, and ``evaluations``: the records that they are made of."""
    found = {which: evaluation_of(method, config, world, which, config.evaluation.tasks) for which in SPLITS}
    return {
        "scores": {which: scores_of(evaluation) for which, evaluation in found.items()},
        "evaluations": {which: evaluation.record() for which, evaluation in found.items()},
    }


def evaluation_of(method: Actor, config: RunConfig, world: World, which: str, tasks: int, seed: int = TABLE_SEED) -> Evaluation:
    """What :func:`compworld.evaluate` finds for a method on a set of tasks."""
    assert config.trials is not None
    world.require_environment()
    player = method.player(world.grid_family, world.split, config.trials.episodes)
    return compworld.evaluate(
        player,
        str(world.family.env_id),
        config.track,
        config.world,
        SPLITS[which],
        tasks,
        seed,
        episodes=config.trials.episodes,
        observation=player.observation,
        support=config.support,
        support_options=config.support_options,
        name=config.method,
        **world.family.sizes,
    )


def settings_of(config: RunConfig) -> dict[str, Any]:
    """What all records of a config's run say they were played in, before anything is played."""
    assert config.trials is not None
    world = World(config)
    return {
        "env_id": str(world.family.env_id),
        "track": config.track,
        "world": config.world,
        "support": world.split.support,
        "support_options": world.split.options,
        "split_sha256": world.split.sha256,
        "sizes": dict(world.family.sizes),
        "tasks": config.evaluation.tasks,
        "episodes": config.trials.episodes,
        "seed": TABLE_SEED,
    }


def episode_score(score: str, episode: int) -> str:
    """How a score of the k-th episode of trials is called, counted from 1."""
    return f"{score}_{episode}"


def scores_of_trials(episodes: int) -> list[str]:
    """The scores of :func:`scores_of` that tables have of trials of so many episodes."""
    last = episode_score("success", episodes)
    return [*(episode_score("episode", k + 1) for k in range(episodes)), last, GAIN, LOWER_FIFTH]


def scores_of(evaluation: Evaluation) -> dict[str, list[float]]:
    """Scores of each task: those of every episode, what the last one has above the first, and the last one's own values.

    Returns are normalised on sums over tasks, as in :meth:`compworld.evaluation.Evaluation.summary`: a task's score is such
    that the mean is the normalised return and that means of resampled tasks have its spread. The last episode's own
    normalised returns, of which tables tell the 20th percentile, are left out where there is nothing to gain.
    """
    played = evaluation.played
    found: dict[str, np.ndarray] = {}
    episodes = played.returns.shape[1]
    for k in range(episodes):
        gained, possible = (played.returns - played.random)[:, k], (played.optimal - played.random)[:, k]
        found[episode_score("episode", k + 1)] = linearised(gained, possible)
        found[episode_score("success", k + 1)] = played.success[:, k]
        found[episode_score("speed", k + 1)] = linearised(played.discounted[:, k], played.expert_discounted[:, k])
    found[GAIN] = found[episode_score("episode", episodes)] - found[episode_score("episode", 1)]
    last = evaluation.normalised_return[:, -1]
    found[LOWER_FIFTH] = last[np.isfinite(last)]
    return {name: values.tolist() for name, values in found.items()}
