"""What a config plays in: made once, then handed on.

Axes of array names: T tasks, M modules.
"""

from typing import Any

import numpy as np

from compworld import FewShotBatch, make_family, make_split
from compworld.benchmarks.recipes.config import RunConfig
from compworld.envs.single import CompWorldEnv
from compworld.envs.vector import CompWorldVectorEnv
from compworld.families import GridFamily, grid_family
from compworld.fewshot import make_batch, task_streams

SETS = ("train", "fresh_episodes", "held_out")
"""Sets of tasks: the first ones of the training stream itself; trained combinations with new episodes and weights; combinations
never trained."""


class World:
    """Family, split and environments of a config.

    Attributes:
        family: which modules there are and what a step does.
        split: which of their combinations are trained, and which held out.
    """

    def __init__(self, config: RunConfig) -> None:
        self.family = make_family(config.family, config.world, **config.sizes)
        self.split = make_split(self.family.space, config.support, config.world, **config.support_options)

    @property
    def grid_family(self) -> GridFamily:
        """The family, where there is something to act in.

        Raises:
            ValueError: there is not.
        """
        return grid_family(self.family)

    @property
    def has_environment(self) -> bool:
        """Whether there is something to act in."""
        return self.family.expert is not None

    def environments(self, number: int, **options: Any) -> CompWorldVectorEnv:
        """So many environments stepped together, of all combinations and with index observations unless options say otherwise.

        Raises:
            ValueError: the family has nothing to act in.
        """
        self.require_environment()
        return CompWorldVectorEnv(number, **{**self._made_of(), **options})

    def environment(self, **options: Any) -> CompWorldEnv:
        """One environment; see :meth:`environments`."""
        self.require_environment()
        return CompWorldEnv(**{**self._made_of(), **options})

    def require_environment(self) -> None:
        """Refuse a family that has nothing to act in.

        Raises:
            ValueError: naming it.
        """
        grid_family(self.family)

    def _made_of(self) -> dict[str, Any]:
        return {"family": self.family, "support": self.split, "split": "all", "observation": "indices"}

    def tasks(self, which: str, number: int, seed: int, purpose: str = "evaluation") -> tuple[np.ndarray, np.ndarray]:
        """Random streams [T] and weights [T, M] of a set of tasks; combinations take turns, so that all weigh the same.

        Args:
            which: one of :data:`SETS`.
            number: of tasks.
            seed: of the run.
            purpose: sets for different purposes have different episodes.

        Raises:
            ValueError: unknown set.
        """
        if which not in SETS:
            raise ValueError(f"unknown set {which!r}; allowed: {', '.join(map(repr, SETS))}")
        pool = self.split.pool("held_out" if which == "held_out" else "train")
        if which == "train":
            streams = task_streams(seed, "train", np.arange(number))
            return streams, self.family.draw_weights(streams, pool)
        streams = task_streams(seed, f"{purpose} {which}", np.arange(number))
        return streams, self.family.weights_in_turn(streams, pool)

    def batch(self, streams_T: np.ndarray, weights_TM: np.ndarray, support_episodes: int, query_episodes: int) -> FewShotBatch:
        """Demonstrations of given tasks, to adapt to and to be scored on."""
        return make_batch(self.family, streams_T, weights_TM, support_episodes, query_episodes)
