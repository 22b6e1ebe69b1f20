"""A family's few-shot tasks in the form that learners read."""

import numpy as np
import torch

from agents.base import Examples, Problem
from compworld.families.base import GridFamily
from compworld.fewshot import FewShotBatch, Samples

IMITATION_LOSSES = {"action_values": "squared_error", "optimal_action": "cross_entropy"}
"""Loss for each imitation target."""


def problem_of(family: GridFamily, imitation: str, dtype: torch.dtype = torch.float32) -> Problem:
    """What a learner must know about a family.

    Raises:
        ValueError: unknown imitation target.
    """
    if imitation not in IMITATION_LOSSES:
        raise ValueError(f"unknown imitation target {imitation!r}; allowed: {', '.join(map(repr, IMITATION_LOSSES))}")
    walls = torch.as_tensor(family.wall_rows, dtype=dtype)
    possible = torch.as_tensor(family.possible_rows)
    return Problem(family.input_size, family.actions, family.space.modules, IMITATION_LOSSES[imitation], walls, possible)


def examples_of(
    samples: Samples, weights_TM: np.ndarray, imitation: str, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> Examples:
    """Steps of demonstrations as examples: every step of a task weighs the same, padding nothing."""
    valid = torch.as_tensor(samples.valid_TN, device=device).to(dtype)
    values = torch.as_tensor(samples.action_values_TNA, device=device).to(dtype)
    if imitation == "optimal_action":
        actions = torch.as_tensor(samples.actions_TN, device=device)
        values = torch.nn.functional.one_hot(actions, values.shape[-1]).to(dtype)
    return Examples(
        torch.as_tensor(samples.rows_TNR, device=device),
        values,
        valid / valid.sum(1, keepdim=True),
        torch.as_tensor(weights_TM, device=device).to(dtype),
    )


def support_and_query(
    batch: FewShotBatch, imitation: str, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> tuple[Examples, Examples]:
    """Both sets of a meta-batch."""
    return (
        examples_of(batch.support, batch.weights_TM, imitation, device, dtype),
        examples_of(batch.query, batch.weights_TM, imitation, device, dtype),
    )
