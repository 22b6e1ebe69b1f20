"""What scores of a run must be: of every set, a value for each of its tasks, and of combinations that the set has."""

from collections.abc import Mapping, Sequence
from typing import Any

from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.scores.names import COMBINATION
from compworld.benchmarks.scores.trials import LOWER_FIFTH, SPLITS, scores_of_trials
from compworld.benchmarks.worlds.world import SETS, World
from compworld.modules.spaces import MOST_COMBINATIONS

Scores = Mapping[str, Mapping[str, Sequence[float | None]]]
"""{set: {score: [T]}}."""


def check_scores(scores: Scores, track: str) -> None:
    """Hold scores against each other.

    Raises:
        ValueError: a set is missing, or scores of one are not those of the others, of different tasks, or of none.
    """
    sets = SETS if track == "shown" else tuple(SPLITS)
    if set(scores) != set(sets):
        raise ValueError(f"scores are of the sets {', '.join(map(repr, scores)) or 'none'}; allowed: {sets}")
    names = set(scores[sets[0]])
    for which, values in scores.items():
        if not names or set(values) != names:
            raise ValueError(f"scores of {which!r} are not those of {sets[0]!r}")
        if len({len(of_tasks) for name, of_tasks in values.items() if name != LOWER_FIFTH} | {0}) != 2:
            raise ValueError(f"scores of {which!r} are of different numbers of tasks, or of none")
        for value in values.get(COMBINATION, ()):
            if value is None or not 0 <= value < MOST_COMBINATIONS or value % 1:
                raise ValueError(f"a task of {which!r} is of combination {value}; allowed: indices of combinations")


def check_evaluations(tasks: Mapping[str, int], scores: Scores) -> None:
    """Hold records of trials against the scores that are made of them.

    Args:
        tasks: of each record, by its set.
        scores: of the run.

    Raises:
        ValueError: a set has no record, or one of another number of tasks.
    """
    if set(tasks) != set(SPLITS):
        raise ValueError(f"evaluations are of the sets {', '.join(map(repr, tasks)) or 'none'}; allowed: {tuple(SPLITS)}")
    for which, number in tasks.items():
        scored = next(len(of_tasks) for name, of_tasks in scores[which].items() if name != LOWER_FIFTH)
        if number != scored:
            raise ValueError(f"evaluations of {which!r} are of {number} tasks; allowed: {scored}, as its scores")


def check_tasks(result: Mapping[str, Any], config: RunConfig, world: World) -> None:
    """Hold a result's scores against the world of its config, before anything is made of them by module or combination.

    Raises:
        ValueError: naming the run: a score is missing, or a task is of a combination that its set does not have.
    """
    needed = (COMBINATION, *world.family.scores) if config.trials is None else scores_of_trials(config.trials.episodes)
    for which, values in result["scores"].items():
        for name in needed:
            if name not in values:
                raise ValueError(f"scores of run {config.run_id!r} lack {name!r} on {which!r}")
        pool = set(world.split.pool("held_out" if which == "held_out" else "train").tolist())
        for combination in values.get(COMBINATION, ()):
            if combination not in pool:
                raise ValueError(
                    f"run {config.run_id!r} has a task of combination {combination} on {which!r}; "
                    f"allowed: the {len(pool)} that its split has there"
                )
