"""Linear decoding: can the weights of a task's modules be read off a learner that adapted to it (ICLR 2024, section 4)?

Axes of array names: T tasks, F features, M modules.
"""

from typing import Any

import numpy as np
import torch
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from compworld.agents import Code, Learner, Nothing
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.scores.evaluation import TASKS_AT_ONCE, show
from compworld.benchmarks.scores.r_squared import r_squared
from compworld.benchmarks.scores.ridge import Decomposition
from compworld.benchmarks.worlds.problems import examples_of
from compworld.benchmarks.worlds.world import World
from compworld.randomness import key_of

PENALTIES = np.logspace(-4, 4, 17)
PERMUTATIONS = 5
FOLDS = 5
PROBES = 16
"""Inputs at which activations are read, from as many demonstrations, each of which has at least one."""


def decoding(learner: Learner, config: RunConfig, world: World) -> dict[str, Any] | None:
    """Fit on trained combinations (fresh episodes), score on held-out ones.

    Returns:
        What :func:`decode` finds in all readings together, and ``layers``: the same for each reading alone, by name. None for
        learners that are shown no samples of a task, or have no reading that means the same for all tasks.
    """
    if learner.evidence in (Nothing, Code):
        return None
    readings, weights, groups = readings_of(learner, config, world, "fresh_episodes")
    held_out_readings, held_out_weights, _ = readings_of(learner, config, world, "held_out")
    names = [name for name in readings if name in held_out_readings]
    if not names:
        return None

    def found(*names: str) -> dict[str, Any]:
        features, held_out_features = (
            np.concatenate([several[name] for name in names], 1) for several in (readings, held_out_readings)
        )
        rng = np.random.default_rng(config.seed)
        return decode(features, weights, groups, held_out_features, held_out_weights, rng)

    together = found(*names)
    return {**together, "layers": {name: found(name) for name in names} if len(names) > 1 else {names[0]: together}}


def decode(
    features_TF: np.ndarray,
    weights_TM: np.ndarray,
    combination_T: np.ndarray,
    held_out_features_TF: np.ndarray,
    held_out_weights_TM: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Ridge regression with intercept from the features, on one scale, to all modules' weights.

    The penalty is chosen by cross-validation that leaves whole combinations out. R² is out of sample (Campbell and Thompson
    2008): 1 minus the squared error over that of predicting the mean of the first set, which is all that a probe
    without information could know, so that 0 stands for no information also where the second set's mean is another.

    Returns:
        ``r2``: of each module on the second set, None for a module whose weight is always that mean; ``total_r2``: of all
        modules together, squared errors over squared deviations, which modules that hardly vary do not spoil; ``permuted_r2``
        and ``permuted_total_r2``: their means when fitted to features that were shuffled among tasks; ``penalty``.
    """
    # One scale for all features: a scale for each would blow up those that hardly vary in the first set and do in the second.
    scale = max(np.sqrt(features_TF.var(0).mean()), 1e-12)
    groups = min(FOLDS, len(np.unique(combination_T)))
    folds = [left_out for _, left_out in GroupKFold(groups).split(weights_TM, groups=combination_T)]
    guess = weights_TM.mean(0)
    varies_M = ((held_out_weights_TM - guess) ** 2).sum(0) > 1e-9

    def score(shuffled: Decomposition) -> tuple[np.ndarray, float, float]:
        penalty = float(PENALTIES[shuffled.errors_left_out(weights_TM, PENALTIES, folds).argmin()])
        predicted = shuffled.predict(weights_TM, penalty, held_out_features_TF / scale)
        each_M = np.where(varies_M, r_squared(predicted, held_out_weights_TM, guess, 0), np.nan)
        return each_M, float(r_squared(predicted, held_out_weights_TM, guess, (0, 1))), penalty

    orders = [rng.permutation(len(features_TF)) for _ in range(PERMUTATIONS)]
    with threadpool_limits(1, user_api="blas"):  # for such small matrices more threads take ten times as long on a busy machine
        decomposition = Decomposition.of(features_TF / scale)
        # Each shuffling chooses its own penalty: with that of the true features it would fit noise, and score far below 0.
        permuted, permuted_totals, _ = zip(*(score(decomposition.shuffled(order)) for order in orders), strict=True)
        r2, total, penalty = score(decomposition)
    return {
        "r2": [None if np.isnan(value) else float(value) for value in r2],
        "total_r2": total,
        "permuted_r2": [None if np.isnan(value) else float(value) for value in np.mean(permuted, 0)],
        "permuted_total_r2": float(np.mean(permuted_totals)),
        "penalty": penalty,
    }


def readings_of(
    learner: Learner, config: RunConfig, world: World, which: str
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Readings of a set's tasks (each [T, F], by layer), module weights [T, M] and combinations [T].

    Readings whose size differs between tasks are left out: they cannot mean the same for all of them. So are those of a learner
    that diverged on a task.
    """
    streams, weights = world.tasks(which, config.evaluation.tasks, config.seed)
    probes = probes_of(config, world)
    found: dict[str, list[np.ndarray]] = {}
    for first in range(0, len(streams), TASKS_AT_ONCE):
        part = slice(first, first + TASKS_AT_ONCE)
        batch = world.batch(streams[part], weights[part], config.support_episodes, 1)
        shown = show(learner, config, batch, key_of(config.seed, which, first) % 2**31)
        asked = probes.expand(len(batch), *probes.shape[1:])
        with torch.no_grad():
            for name, values in shown.adapted.readings(asked).items():
                found.setdefault(name, []).append(values.reshape(len(batch), -1).cpu().numpy().astype(np.float64))
    alike = {name: parts for name, parts in found.items() if len({part.shape[1] for part in parts}) == 1}
    together = {name: np.concatenate(parts) for name, parts in alike.items()}
    readings = {name: values for name, values in together.items() if np.isfinite(values).all()}
    return readings, weights, world.family.combination_of(weights)


def probes_of(config: RunConfig, world: World) -> torch.Tensor:
    """The inputs that every task's adapted network is asked about: the first ones of demonstrations of one task, [1, N, ...].

    Where mazes differ between tasks, these have no walls: the maze would tell the task.
    """
    family = world.family
    streams, weights = world.tasks("fresh_episodes", 1, config.seed, "probes")
    batch = world.batch(streams, weights, PROBES, 1)
    inputs = examples_of(batch.support, config.imitation, config.device).inputs[:, :PROBES]
    if family.wall_rows is None or len(family.wall_rows) == 1:
        return inputs
    return inputs.masked_fill(inputs >= family.input_size, family.input_size + len(family.wall_rows))
