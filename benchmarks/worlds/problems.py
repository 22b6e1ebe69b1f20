"""A family's few-shot tasks in the form that learners read."""

from dataclasses import replace

import numpy as np
import torch

from compworld import FewShotBatch, Samples
from compworld.agents import Examples, MetaBatch, Problem
from compworld.families import GridFamily
from compworld.families.family import Family
from compworld.families.relative import relative_size

VALUE_LOSSES = {"action_values": "squared_error", "summed_action_values": "summed_squared_error"}
"""Loss for each way to imitate values: averaged over actions, or summed as in the public code of ICLR 2024."""

IMITATION_LOSSES = {**VALUE_LOSSES, "optimal_action": "cross_entropy", "probabilities": "cross_entropy"}
"""Loss for each imitation target."""


def problem_of(family: Family, imitation: str, dtype: torch.dtype | None = None) -> Problem:
    """What a learner must know about a family; in torch's default type unless another is asked for.

    Raises:
        ValueError: unknown imitation target.
    """
    if imitation not in IMITATION_LOSSES:
        raise ValueError(f"unknown imitation target {imitation!r}; allowed: {', '.join(map(repr, IMITATION_LOSSES))}")
    walls, possible = family.wall_rows, family.possible_rows
    return Problem(
        family.input_size,
        family.actions,
        family.code_size,
        IMITATION_LOSSES[imitation],
        None if walls is None else torch.as_tensor(walls, dtype=dtype or torch.get_default_dtype()),
        None if possible is None else torch.as_tensor(possible),
    )


def acting_problem_of(family: GridFamily, imitation: str) -> Problem:
    """What a method that acts in trials must know about a family: it sees rows relative to the agent.

    Raises:
        ValueError: unknown imitation target.
    """
    return replace(problem_of(family, imitation), inputs=relative_size(family), wall_rows=None, possible_rows=None)


def examples_of(
    samples: Samples, imitation: str, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
) -> Examples:
    """Steps of demonstrations as examples: every step of a task weighs the same, padding nothing."""
    dtype = dtype or torch.get_default_dtype()

    def tensor(values: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(values, device=device)

    valid, values, actions = tensor(samples.valid_TN).to(dtype), tensor(samples.action_values_TNA).to(dtype), samples.actions_TN
    if imitation == "optimal_action":
        values = torch.nn.functional.one_hot(tensor(actions), values.shape[-1]).to(dtype)
    if imitation == "probabilities":
        values = values / values.sum(-1, keepdim=True)  # exact again, for labels are stored in float32
    inputs = tensor(samples.rows_TNR)
    return Examples(
        inputs=inputs.to(dtype) if inputs.is_floating_point() else inputs,
        actions=tensor(actions),
        targets=values,
        rewards=tensor(samples.rewards_TN).to(dtype),
        episodes=tensor(samples.episode_TN),
        weights=valid / valid.sum(1, keepdim=True),
    )


def meta_batch(
    batch: FewShotBatch, imitation: str, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
) -> MetaBatch:
    """A meta-batch of tasks: what may be shown, what is asked, and the tasks' codes; in torch's default type by default."""
    dtype = dtype or torch.get_default_dtype()
    return MetaBatch(
        support=examples_of(batch.support, imitation, device, dtype),
        query=examples_of(batch.query, imitation, device, dtype),
        codes=torch.as_tensor(batch.weights_TM, device=device).to(dtype),
    )
