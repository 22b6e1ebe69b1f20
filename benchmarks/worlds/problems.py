"""A family's few-shot tasks in the form that learners read."""

from dataclasses import replace

import numpy as np
import torch

from agents.base import Examples, Problem
from compworld.families import Family, GridFamily
from compworld.fewshot import FewShotBatch, Samples

IMITATION_LOSSES = {"action_values": "squared_error", "optimal_action": "cross_entropy", "probabilities": "cross_entropy"}
"""Loss for each imitation target."""


def problem_of(family: Family, imitation: str, dtype: torch.dtype = torch.float32) -> Problem:
    """What a learner must know about a family.

    Raises:
        ValueError: unknown imitation target.
    """
    if imitation not in IMITATION_LOSSES:
        raise ValueError(f"unknown imitation target {imitation!r}; allowed: {', '.join(map(repr, IMITATION_LOSSES))}")
    dense = Problem(family.input_size, family.actions, family.code_size, IMITATION_LOSSES[imitation])
    if not isinstance(family, GridFamily):
        return dense
    walls = torch.as_tensor(family.wall_rows, dtype=dtype)
    return replace(dense, wall_rows=walls, possible_rows=torch.as_tensor(family.possible_rows))


def examples_of(
    samples: Samples, weights_TM: np.ndarray, imitation: str, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> Examples:
    """Steps of demonstrations as examples: every step of a task weighs the same, padding nothing."""
    valid = torch.as_tensor(samples.valid_TN, device=device).to(dtype)
    values = torch.as_tensor(samples.action_values_TNA, device=device).to(dtype)
    if imitation == "optimal_action":
        actions = torch.as_tensor(samples.actions_TN, device=device)
        values = torch.nn.functional.one_hot(actions, values.shape[-1]).to(dtype)
    if imitation == "probabilities":
        values = values / values.sum(-1, keepdim=True)  # exact again, for labels are stored in float32
    inputs = torch.as_tensor(samples.rows_TNR, device=device)
    return Examples(
        inputs.to(dtype) if inputs.is_floating_point() else inputs,
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
