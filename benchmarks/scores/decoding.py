"""Linear decoding: can the weights of a task's modules be read off a learner that adapted to it (ICLR 2024, section 4)?

Axes of array names: T tasks, F features, M modules, P penalties.
"""

import dataclasses
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold

from agents.adaptation import adapt, sample_weights
from agents.base import Examples, Learner
from benchmarks.config import RunConfig
from benchmarks.evaluation import TASKS_AT_ONCE, World, task_set
from benchmarks.problems import examples_of
from compworld.families import GridFamily
from compworld.fewshot import make_batch
from compworld.randomness import key_of

PENALTIES = np.logspace(-4, 4, 17)
PERMUTATIONS = 5
PROBES = 16
"""Inputs at which activations are read, from as many demonstrations, each of which has at least one."""


def decoding(learner: Learner, config: RunConfig, world: World) -> dict[str, Any] | None:
    """Fit on trained combinations (fresh episodes), score on held-out ones.

    Returns:
        What :func:`decode` finds in all readings together, and ``layers``: the same for each of :meth:`Learner.readings`
        alone, by name. None for methods without adaptation, or without a reading that means the same for all tasks.
    """
    if not learner.adapts or config.inner.steps == 0:
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
    if features_TF.shape[1] > len(features_TF):
        # A ridge's solution is in the span of the features it was fitted to: as many of them as tasks, rotated, say the same.
        span_TF = np.linalg.svd(features_TF, full_matrices=False)[2]
        features_TF, held_out_features_TF = features_TF @ span_TF.T, held_out_features_TF @ span_TF.T
    held_out_TF = held_out_features_TF / scale
    deviation_M = ((held_out_weights_TM - weights_TM.mean(0)) ** 2).sum(0)

    def score(features: np.ndarray) -> tuple[np.ndarray, float, float]:
        penalty = _chosen_penalty(features / scale, weights_TM, combination_T)
        model = _ridge(features / scale, weights_TM, np.asarray([penalty]))
        error_M = ((held_out_weights_TM - _predicted(model, held_out_TF, 1)[:, 0]) ** 2).sum(0)
        r2_M = np.where(deviation_M > 1e-9, 1 - error_M / np.maximum(deviation_M, 1e-9), np.nan)
        return r2_M, 1 - error_M.sum() / deviation_M.sum(), penalty

    # Each shuffling chooses its own penalty: with that of the true features it would fit noise, and score far below 0.
    permuted, permuted_totals, _ = zip(*(score(rng.permutation(features_TF)) for _ in range(PERMUTATIONS)), strict=True)
    r2, total, penalty = score(features_TF)
    return {
        "r2": [None if np.isnan(value) else float(value) for value in r2],
        "total_r2": float(total),
        "permuted_r2": [None if np.isnan(value) else float(value) for value in np.mean(permuted, 0)],
        "permuted_total_r2": float(np.mean(permuted_totals)),
        "penalty": penalty,
    }


def _chosen_penalty(features_TF: np.ndarray, weights_TM: np.ndarray, combination_T: np.ndarray) -> float:
    """The penalty with the least squared error on combinations left out, mean over folds."""
    folds = GroupKFold(min(5, len(np.unique(combination_T)))).split(features_TF, groups=combination_T)
    error_P = np.zeros(len(PENALTIES))
    for fitted, left_out in folds:
        predicted_TPM = _predicted(
            _ridge(features_TF[fitted], weights_TM[fitted], PENALTIES), features_TF[left_out], len(error_P)
        )
        error_P += ((predicted_TPM - weights_TM[left_out, None]) ** 2).mean((0, 2))
    return float(PENALTIES[error_P.argmin()])


def _ridge(features_TF: np.ndarray, weights_TM: np.ndarray, penalties_P: np.ndarray) -> Ridge:
    """One regression for each penalty and module: every target has its penalty, and one decomposition serves them all."""
    penalty_of_target = np.repeat(penalties_P, weights_TM.shape[1])
    return Ridge(penalty_of_target, solver="svd").fit(features_TF, np.tile(weights_TM, len(penalties_P)))


def _predicted(model: Ridge, features_TF: np.ndarray, penalties: int) -> np.ndarray:
    """Weights by every penalty, [T, P, M]."""
    return np.asarray(model.predict(features_TF)).reshape(len(features_TF), penalties, -1)


def readings_of(
    learner: Learner, config: RunConfig, world: World, which: str
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Readings of a set's tasks (each [T, F], by layer), module weights [T, M] and combinations [T].

    Readings whose size differs between tasks are left out: they cannot mean the same for all of them.
    """
    streams, weights = task_set(world, config, which, config.evaluation.tasks)
    probes = _probes(config, world)
    found: dict[str, list[np.ndarray]] = {}
    for first in range(0, len(streams), TASKS_AT_ONCE):
        part = slice(first, first + TASKS_AT_ONCE)
        batch = make_batch(world.family, world.expert, streams[part], weights[part], config.support_episodes, 1)
        support = examples_of(batch.support, batch.weights_TM, config.imitation)
        generator = torch.Generator().manual_seed(key_of(config.seed, which, first) % 2**31)
        with torch.no_grad():
            sampled = sample_weights(config.inner, support, generator)
            encoded = learner.encode(support)
            fast = adapt(learner, config.inner, encoded, support, sampled)
            asked = probes[torch.zeros(len(batch), dtype=torch.int64)]
            for name, values in learner.readings(fast, learner.encode(asked, encoded)).items():
                found.setdefault(name, []).append(values.reshape(len(batch), -1).numpy().astype(np.float64))
    alike = {name: parts for name, parts in found.items() if len({part.shape[1] for part in parts}) == 1}
    readings = {name: np.concatenate(parts) for name, parts in alike.items()}
    return readings, weights, world.family.combination_of(weights)


def _probes(config: RunConfig, world: World) -> Examples:
    """The inputs that every task's adapted network is asked about: the first ones of demonstrations of one task, [1, N, ...].

    Where mazes differ between tasks, these have no walls: the maze would tell the task.
    """
    family = world.family
    streams, weights = task_set(world, config, "fresh_episodes", 1, "probes")
    batch = make_batch(family, world.expert, streams, weights, PROBES, 1)
    probes = examples_of(batch.support, batch.weights_TM, config.imitation)
    inputs = probes.inputs[:, :PROBES]
    if isinstance(family, GridFamily) and len(family.wall_rows) > 1:
        inputs = torch.where(inputs >= family.input_size, family.input_size + len(family.wall_rows), inputs)
    return dataclasses.replace(probes, inputs=inputs, targets=probes.targets[:, :PROBES], weights=probes.weights[:, :PROBES])
