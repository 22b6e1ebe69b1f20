"""What stands behind the rows of a table: a line for each run, with its config, hashes, curves and where it fails."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from compworld.benchmarks.leaderboard.published import Curve, PublishedRun
from compworld.benchmarks.leaderboard.sections import GENERALISATION, Section
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.reports.inspection import grouped
from compworld.benchmarks.runs.scored import check_tasks
from compworld.benchmarks.scores.names import COMBINATION, headline
from compworld.benchmarks.scores.trials import SPLITS, episode_score
from compworld.benchmarks.worlds.world import World
from compworld.evaluation.combinations import combinations_of_trials

DIGITS = 4
"""Of scores: what is drawn of a single run needs no more."""

VALIDATED = ("validation_return", "validation_action_accuracy")
"""Scores of validation, what a run has first."""


def as_lines(sections: Sequence[Section]) -> str:
    """A line of JSON for each run of the sections that has scores, as :class:`PublishedRun` reads it."""
    results = {
        result["run_id"]: result
        for section in sections
        for row in section.rows.values()
        for result in row.results.values()
        if "config" in result  # records of other people's agents have none
    }
    return "".join(f"{msgspec.json.encode(run_of(result)).decode()}\n" for result in results.values())


def run_of(result: dict[str, Any]) -> PublishedRun:
    """What is published of a run's result.

    Raises:
        ValueError: its scores are not those of its world.
    """
    config = RunConfig.from_dict(result["config"])
    world = World(config)
    check_tasks(result, config, world)
    return PublishedRun(
        run_id=result["run_id"],
        track=config.track,
        config=result["config"],
        split_sha256=result["split_sha256"],
        learner_sha256=result["learner_sha256"],
        parameters=result["parameters"],
        tasks_seen=result.get("tasks_seen", 0),
        environment_steps=result.get("environment_steps", 0),
        packages=result["packages"],
        curve=_curve(result.get("validation", [])),
        episodes=_episodes(config, result),
        modules=_modules(config, world, result),
    )


def _curve(validation: list[dict[str, Any]]) -> Curve | None:
    names = [name for name in VALIDATED if validation and name in validation[0]]
    if not names:
        return None
    return Curve(names[0], [record["tasks"] for record in validation], [_short(record[names[0]]) for record in validation])


def _episodes(config: RunConfig, result: dict[str, Any]) -> dict[str, list[float | None]]:
    if config.trials is None:
        return {}
    scores = [episode_score("episode", k + 1) for k in range(config.trials.episodes)]
    return {which: [_short(np.mean(result["scores"][which][score])) for score in scores] for which in GENERALISATION}


def _modules(config: RunConfig, world: World, result: dict[str, Any]) -> dict[str, dict[str, float | None]]:
    """Means over the tasks that have a module: which ones a run fails on."""
    score, scores = headline(world.family), result["scores"]
    if config.trials is not None:
        score = episode_score("episode", config.trials.episodes)
        scores = {
            which: {COMBINATION: _combinations(world, result["evaluations"][which], split), score: scores[which][score]}
            for which, split in SPLITS.items()
        }
    found: dict[str, dict[str, float | None]] = {which: {} for which in GENERALISATION}
    for row in grouped(scores, world.split, [score]):
        if row["group"] == "module":
            found[row["set"]][row["name"]] = _short(row[score])
    return found


def _combinations(world: World, record: dict[str, Any], split: str) -> list[int]:
    settings = record["settings"]
    return combinations_of_trials(world.grid_family, world.split, split, settings["tasks"], settings["seed"]).tolist()


def _short(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), DIGITS)
