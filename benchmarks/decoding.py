"""Linear decoding: can the weights of a task's modules be read off the parameters that adapted to it (ICLR 2024, section 4)?

Axes of array names: T tasks, F fast parameters, M modules.
"""

from typing import Any

import numpy as np
import torch
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold

from agents.adaptation import adapt, sample_weights
from agents.base import Learner
from benchmarks.config import RunConfig
from benchmarks.evaluation import TASKS_AT_ONCE, World, task_set
from benchmarks.problems import examples_of
from compworld.fewshot import make_batch
from compworld.randomness import key_of

PENALTIES = np.logspace(-4, 4, 17)
PERMUTATIONS = 5


def decoding(learner: Learner, config: RunConfig, world: World) -> dict[str, Any] | None:
    """Fit on trained combinations (fresh episodes), score on held-out ones.

    None for methods without adaptation, and where the fast parameters do not mean the same for all tasks (MAML carries those
    rows of the first layer that a task's demonstrations use).
    """
    if not learner.adapts or config.inner.steps == 0 or not learner.comparable_fast:
        return None
    features, weights, groups = adapted_parameters(learner, config, world, "fresh_episodes")
    held_out_features, held_out_weights, _ = adapted_parameters(learner, config, world, "held_out")
    rng = np.random.default_rng(config.seed)
    return decode(features, weights, groups, held_out_features, held_out_weights, rng)


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
    folds = GroupKFold(min(5, len(np.unique(combination_T))))
    search = GridSearchCV(Ridge(), {"alpha": PENALTIES}, cv=folds, scoring="neg_mean_squared_error")
    # One scale for all features: a scale for each would blow up those that hardly vary in the first set and do in the second.
    scale = max(np.sqrt(features_TF.var(0).mean()), 1e-12)
    deviation_M = ((held_out_weights_TM - weights_TM.mean(0)) ** 2).sum(0)

    def score(features: np.ndarray) -> tuple[np.ndarray, float]:
        search.fit(features / scale, weights_TM, groups=combination_T)
        error_M = ((held_out_weights_TM - search.predict(held_out_features_TF / scale)) ** 2).sum(0)
        r2_M = np.where(deviation_M > 1e-9, 1 - error_M / np.maximum(deviation_M, 1e-9), np.nan)
        return r2_M, 1 - error_M.sum() / deviation_M.sum()

    # Each shuffling chooses its own penalty: with that of the true features it would fit noise, and score far below 0.
    permuted, permuted_totals = zip(*(score(rng.permutation(features_TF)) for _ in range(PERMUTATIONS)), strict=True)
    r2, total = score(features_TF)
    return {
        "r2": [None if np.isnan(value) else float(value) for value in r2],
        "total_r2": float(total),
        "permuted_r2": [None if np.isnan(value) else float(value) for value in np.mean(permuted, 0)],
        "permuted_total_r2": float(np.mean(permuted_totals)),
        "penalty": float(search.best_params_["alpha"]),
    }


def adapted_parameters(
    learner: Learner, config: RunConfig, world: World, which: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adapted fast parameters [T, F], module weights [T, M] and combinations of a set's tasks."""
    streams, weights = task_set(world, config, which, config.evaluation.tasks)
    found = []
    for first in range(0, len(streams), TASKS_AT_ONCE):
        part = slice(first, first + TASKS_AT_ONCE)
        batch = make_batch(world.family, world.expert, streams[part], weights[part], config.support_episodes, 1)
        support = examples_of(batch.support, batch.weights_TM, config.imitation)
        generator = torch.Generator().manual_seed(key_of(config.seed, which, first) % 2**31)
        with torch.no_grad():
            sampled = sample_weights(config.inner, support, generator)
            fast = adapt(learner, config.inner, learner.encode(support), support, sampled)
        found.append(torch.cat([value.flatten(1) for value in fast.values()], 1).numpy())
    return np.concatenate(found).astype(np.float64), weights, world.family.combination_of(weights)
