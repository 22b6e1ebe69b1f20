"""What all families have in common: modules, and tasks made of them.

Axes of array names: B batch, M modules.
"""

import inspect
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from compworld import randomness
from compworld.backends import Array, Tables, namespace
from compworld.tasks.compositions import ModuleSpace
from compworld.tasks.splits import Split

TASK_DRAWS = 32
"""Draws 0 to 31 of an episode's stream make its task, those after them its placement."""


class Family(ABC):
    """A family of tasks.

    Attributes:
        world: seed of what is fixed within the family.
        sizes: the constructor's sizes by name.
        space: the combinations of modules.
        tables: constant arrays for NumPy and torch.
        input_size: length D of an observation.
        actions: number of outputs that a learner predicts.
    """

    name: ClassVar[str]
    imitation: str
    """The paper's target: ``"action_values"``, ``"optimal_action"`` or ``"probabilities"``."""
    shots: int
    """The paper's number of demonstrations, or of labelled inputs, to adapt to."""

    world: int
    sizes: dict[str, Any]
    space: ModuleSpace
    tables: Tables

    @property
    @abstractmethod
    def input_size(self) -> int: ...

    @property
    @abstractmethod
    def actions(self) -> int: ...

    @property
    def code_size(self) -> int:
        """Length of a task's weights."""
        return self.space.modules

    @classmethod
    def size_defaults(cls) -> dict[str, Any]:
        """The constructor's sizes with their defaults."""
        parameters = inspect.signature(cls).parameters
        return {name: parameter.default for name, parameter in parameters.items() if name != "world"}

    @classmethod
    def size_names(cls) -> tuple[str, ...]:
        return tuple(cls.size_defaults())

    def draw_weights(self, stream_B: Array, pool: Array) -> Array:
        """Draw a task per stream: a combination uniformly from ``pool`` (indices), then its weights; float64 [B, M]."""
        combination = pool[randomness.integers(randomness.draws(stream_B, 0, 1)[:, 0], len(pool))]
        return self.weigh(stream_B, self._active(stream_B, combination))

    def weights_in_turn(self, stream_B: Array, pool: Array) -> Array:
        """Draw weights such that the combinations of ``pool`` take turns; float64 [B, M]."""
        xp = namespace(stream_B)
        turn = pool[xp.arange(len(stream_B), device=stream_B.device) % len(pool)]
        return self.weigh(stream_B, self._active(stream_B, turn))

    def _active(self, stream_B: Array, combination_B: Array) -> Array:
        """Active modules (0 or 1, [B, M]) of combinations; the batch is last in memory."""
        xp = namespace(stream_B)
        return xp.take(self.tables.like(stream_B)["combinations"].T, combination_B, axis=1).T

    def combination_of(self, weights_BM: np.ndarray) -> np.ndarray:
        """Index of each task's combination, -1 where the space does not have it, int [B]."""
        return self.space.index_of(weights_BM != 0)

    def sample_task(self, rng: np.random.Generator, split: Split | None = None, which: str = "train") -> dict[str, Any]:
        """Draw a task as plain data, for ``reset(options={"task": ...})``.

        Args:
            rng: source of randomness.
            split: from :func:`compworld.make_split`; by default every combination is drawn from.
            which: combinations of ``"train"``, ``"held_out"`` or ``"all"`` of the split.
        """
        pool = np.arange(len(self.space)) if split is None else split.pool(which)
        return self.task_of(self.draw_weights(rng.integers(2**63, size=1), pool)[0])

    @abstractmethod
    def weigh(self, stream_B: Array, active_BM: Array) -> Array:
        """Draw weights for active modules (0 or 1, [B, M]), by draws 1 and following; float64 [B, M]."""

    @abstractmethod
    def task_of(self, weights_M: np.ndarray) -> dict[str, Any]:
        """A task as JSON-able data, as in ``info["task"]``; for a batch [B, M], the same keys with arrays."""

    @abstractmethod
    def weights_of(self, task: dict[str, Any]) -> np.ndarray:
        """Inverse of :meth:`task_of` for one task, float64 [M].

        Raises:
            ValueError: naming what is wrong with the task.
        """

    @abstractmethod
    def mission(self, weights_M: np.ndarray) -> str:
        """The task in words."""
