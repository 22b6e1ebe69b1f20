"""The ``info`` of environments; every array in it is the caller's own.

It holds ``task`` and ``split`` of the episode, ``success`` of the step, and ``is_success``, the same under the name that
Stable-Baselines3 and others look for.
"""

from typing import Any

import numpy as np

from compworld.envs.engine import Engine


def single_info(engine: Engine, success: bool) -> dict[str, Any]:
    """Of the only environment of an engine; weights of a task are an array, float64 [M]."""
    task = engine.family.task_of(engine.state.weights_BM[0])
    return {
        "task": {name: np.asarray(value) if isinstance(value, list) else value for name, value in task.items()},
        "split": engine.split_names[0],
        "success": success,
        "is_success": success,
    }


def batched_info(engine: Engine, tasks: dict[str, np.ndarray], success_B: np.ndarray, where_B: np.ndarray) -> dict[str, Any]:
    """Of the environments ``where_B`` (bool) in Gymnasium's form: arrays, each with a mask ``_name`` beside it.

    Args:
        engine: whose episodes these are.
        tasks: as from ``task_of`` for all of them.
        success_B: bool.
        where_B: bool; what the masks say.
    """
    return _with_masks({"task": tasks, "split": engine.split_names, "success": success_B, "is_success": success_B}, where_B)


def _with_masks(values: dict[str, Any], mask: np.ndarray) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for name, value in values.items():
        whole[name] = _with_masks(value, mask) if isinstance(value, dict) else value.copy()
        whole[f"_{name}"] = mask.copy()
    return whole
