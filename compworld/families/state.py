"""Episodes of grid worlds in progress, batched: plain arrays of NumPy or torch.

Axes of array names: B batch, M modules, O objects.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from compworld.backends import Array


@dataclass
class State:
    """A batch of episodes in progress; plain arrays, int64 unless said otherwise. A cell is ``row * columns + column``."""

    weights_BM: Array
    """float64; the task: weight of each module, 0 where it is not active."""
    maze_B: Array
    agent_B: Array
    facing_B: Array
    """MiniGrid's direction of the last move: 0 right, 1 down, 2 left, 3 up."""
    object_cell_BO: Array
    object_feature_BO: Array
    object_reward_BO: Array
    """float64; what collecting (Goals: interacting with) the object is worth."""
    remaining_BO: Array
    """bool; the object is still there."""
    interaction_B: Array
    """Goals: the interaction that the task asks for; Preferences: 0."""
    elapsed_B: Array
    """Steps since the episode began."""

    def __len__(self) -> int:
        return len(self.agent_B)

    def __getitem__(self, where: Any) -> "State":
        """The episodes ``where`` (index array or slice); at least one axis stays."""
        return State(*(getattr(self, name)[where] for name in STATE_FIELDS))

    def take(self, where: np.ndarray) -> "State":
        """Copies of the episodes ``where`` (indices) of NumPy states, batch last in memory; much faster than ``[where]``."""
        fields = [getattr(self, name) for name in STATE_FIELDS]
        return State(*[field.take(where) if field.ndim == 1 else field.T.take(where, axis=1).T for field in fields])

    def put(self, where: Any, other: "State") -> None:
        """Overwrite the episodes ``where`` in place."""
        for name in STATE_FIELDS:
            getattr(self, name)[where] = getattr(other, name)


STATE_FIELDS = tuple(field.name for field in dataclasses.fields(State))


@dataclass(slots=True)
class Outcome:
    """What a step gave, for each episode of the batch."""

    reward_B: Array
    """float64"""
    terminated_B: Array
    """bool"""
    success_B: Array
    """bool"""
