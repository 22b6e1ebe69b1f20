"""What all families have in common: modules, and tasks made of them.

Axes of array names: B batch, M modules, T tasks, E episodes.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from compworld import randomness
from compworld.arguments import shown
from compworld.backends import Array, Tables, namespace
from compworld.families.expert import Expert
from compworld.families.samples import Samples
from compworld.families.weights import equal, weights_from
from compworld.modules.spaces import ModuleSpace
from compworld.modules.splits import Split

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
    title: ClassVar[str]
    """The name as words, such as ``"Goals"``."""
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Sizes other than the constructor's defaults, by the name of the variant: ``"small"`` makes ``"goals-small"``."""
    imitation: str
    """The paper's target: ``"action_values"``, ``"optimal_action"`` or ``"probabilities"``."""
    shots: int
    """The paper's number of demonstrations, or of labelled inputs, to adapt to."""
    scores: tuple[str, ...]
    """The scores that tables show, the headline first; :data:`compworld.families.scores.TITLES` has their words."""
    horizon: int
    """Most steps of an episode."""
    versions: ClassVar[Mapping[str, int]] = {}
    """The version of a variant's tasks, ``""`` for none, where they are not the first ones of that name."""
    combination_draw: ClassVar[int] = 0
    """Which draw of an episode's stream chooses its combination."""

    variant: str = ""
    """The variant that it was made as, ``""`` for none."""
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
    def label(self) -> str:
        """The full name that it was made by, such as ``"goals-small"``."""
        return self.label_of(self.variant)

    @property
    def env_id(self) -> str | None:
        """Gymnasium's id for it, such as ``"CompWorld-Goals-Small-v0"``; None where there is nothing to act in."""
        return self.env_id_of(self.variant)

    @property
    def version_id(self) -> str:
        """The full name with the version of its tasks, such as ``"goals-small-v0"``."""
        return f"{self.label}-v{self.version_of(self.variant)}"

    @property
    def expert(self) -> Expert | None:
        """Who knows the best behaviour; None where there is nothing to act in."""
        return None

    @property
    def wall_rows(self) -> np.ndarray | None:
        """The walls of each maze, uint8 [mazes, D]; None where observations are dense."""
        return None

    @property
    def possible_rows(self) -> np.ndarray | None:
        """The rows of an observation that can be active, int64, ascending; None where observations are dense."""
        return None

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
    def sizes_of(cls, variant: str) -> dict[str, Any]:
        """The sizes of a variant by name."""
        return {**cls.size_defaults(), **cls.variants.get(variant, {})}

    @classmethod
    def label_of(cls, variant: str) -> str:
        """The full name of a variant."""
        return f"{cls.name}-{variant}" if variant else cls.name

    @classmethod
    def version_of(cls, variant: str) -> int:
        """The version of a variant's tasks: a changed task is a new one."""
        return cls.versions.get(variant, 0)

    @classmethod
    def env_id_of(cls, variant: str) -> str | None:
        """Gymnasium's id for a variant, see :attr:`env_id`."""
        return None

    def draw_weights(self, stream_B: Array, pool: Array) -> Array:
        """Draw a task per stream: a combination uniformly from ``pool`` (indices), then its weights; float64 [B, M]."""
        combination = pool[randomness.integers(randomness.draws(stream_B, self.combination_draw, 1)[:, 0], len(pool))]
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
    def samples(self, streams_TE: Array, weights_TM: Array, groups: Sequence[int]) -> list[Samples]:
        """What is shown of each task: demonstrations, or labelled inputs.

        Args:
            streams_TE: the random stream of each episode, int64; of each task as many as the groups take together.
            weights_TM: the tasks.
            groups: episodes of each consecutive group, e.g. of the support and the query set.

        Returns:
            The samples of each group.
        """

    def weigh(self, stream_B: Array, active_BM: Array) -> Array:
        """Draw weights for active modules (0 or 1, [B, M]), by draws 1 and following; float64 [B, M]. By default all are 1."""
        return equal(stream_B, active_BM, self.tables)

    def task_of(self, weights_M: np.ndarray) -> dict[str, Any]:
        """A task as JSON-able data, as in ``info["task"]``; for a batch [B, M], the same keys with arrays."""
        return {"weights": weights_M.tolist() if weights_M.ndim == 1 else weights_M.copy()}

    def weights_of(self, task: dict[str, Any]) -> np.ndarray:
        """Inverse of :meth:`task_of` for one task, float64 [M].

        Raises:
            ValueError: naming what is wrong with the task.
        """
        if not isinstance(task, Mapping) or set(task) != {"weights"}:
            raise ValueError(
                f"task is {shown(task)}; allowed: {{'weights': [one number for each of {self.code_size} modules]}}"
            )
        return weights_from(task["weights"], self.code_size)

    def legend(self) -> dict[str, Any]:
        """What numbers in tasks and samples stand for, as plain data, for who reads them without this package."""
        return {"modules": list(self.space.module_names), "inputs": self.input_size, "outputs": self.actions}

    @abstractmethod
    def mission(self, weights_M: np.ndarray) -> str:
        """The task in words."""


def check_family(family: Family) -> None:
    """Raise ValueError unless this is a family."""
    if not isinstance(family, Family):
        raise ValueError(f"family is {shown(family)}; allowed: a made one, such as make_family('goals')")


def check_split(family: Family, split: Split) -> None:
    """Raise ValueError unless these are a family and a split of its combinations."""
    check_family(family)
    if not isinstance(split, Split):
        raise ValueError(f"split is {shown(split)}; allowed: a made one, such as make_split(family.space)")
    if not np.array_equal(split.space.combinations, family.space.combinations):
        raise ValueError(
            f"split is of {len(split.space)} combinations of {split.space.modules} modules; "
            f"allowed: of the same {len(family.space)} combinations of {family.space.modules} modules as the family's"
        )
