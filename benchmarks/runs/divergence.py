"""When training has diverged, and how numbers that are none are recorded."""

import math
from typing import Any

from compworld.agents.training import Trainer


def why_diverged(trainer: Trainer[Any], loss: float) -> str | None:
    """One line for a learner whose training leads nowhere, at a validation; None for all others.

    Args:
        trainer: of the learner.
        loss: of this validation.
    """
    if not math.isfinite(loss):
        return f"diverged: the validation loss is {loss} at outer step {trainer.step_number}"
    if 2 * trainer.skipped > trainer.step_number:
        return (
            f"diverged: {trainer.skipped} of {trainer.step_number} outer steps were skipped, as their gradient was not finite"
        )
    return None


def numbers(values: list[float | None]) -> list[float]:
    """Inverse of :func:`finite` for a list of numbers."""
    return [math.nan if value is None else value for value in values]


def finite(data: Any) -> Any:
    """JSON-able data with None in place of infinite numbers and of those that are none, which JSON does not have."""
    if isinstance(data, dict):
        return {name: finite(value) for name, value in data.items()}
    if isinstance(data, list):
        return [finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data
