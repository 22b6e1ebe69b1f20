"""The first version of the Teacher, in which layers have nothing to do with each other.

Axes of array names: B batch, T tasks, N samples, L generated layers, M modules of a layer.
"""

from typing import Any

import numpy as np

from compworld import randomness
from compworld.backends import Array, namespace
from compworld.families.family import TASK_DRAWS
from compworld.families.teacher.family import Teacher
from compworld.modules.spaces import ModuleSpace


class LayerwiseTeacher(Teacher):
    """A :class:`Teacher` whose combinations are trained or held out whole, in every layer at once.

    A held-out task has a held-out combination in each layer. A layer is the sum of its own modules alone, and all logits of a
    task are standardised together, which makes one class the largest for a third to half of the inputs.
    """

    name = "teacher-layerwise"
    title = "Teacher-layerwise"
    variants = {}  # noqa: RUF012
    versions = {}  # noqa: RUF012
    probes = 256
    standardised_together = (1, 2)

    @classmethod
    def space_of(cls, modules: int, max_active: int, layers: int) -> ModuleSpace:
        return ModuleSpace.subsets(modules, max_active)

    @property
    def code_size(self) -> int:
        return self.layers * self.space.modules

    # A task's weights are those of all layers, one after the other: [T, L * M].

    def draw_weights(self, stream_B: Array, pool: Array) -> Array:
        return self._weights(stream_B, pool[self._drawn(stream_B, pool)])

    def weights_in_turn(self, stream_B: Array, pool: Array) -> Array:
        """The first layer's combinations take turns, the others' are drawn."""
        xp = namespace(stream_B)
        turn = xp.arange(len(stream_B), device=stream_B.device) % len(pool)
        return self._weights(stream_B, pool[xp.concat([turn[:, None], self._drawn(stream_B, pool)[:, 1:]], axis=1)])

    def _drawn(self, stream_B: Array, pool: Array) -> Any:
        """A place in the pool for each layer, [B, L]."""
        return randomness.integers(randomness.draws(stream_B, TASK_DRAWS - self.layers, self.layers), len(pool))

    def _weights(self, stream_B: Array, combination_BL: Array) -> Array:
        active = self.tables.like(stream_B)["combinations"][combination_BL]
        return self.weigh(stream_B, namespace(stream_B).reshape(active, (len(stream_B), -1)))

    def combination_of(self, weights_BM: np.ndarray) -> np.ndarray:
        """Index of each task's combination in the first layer."""
        return self.space.index_of(weights_BM[:, : self.space.modules] != 0)

    def mixture(self, weights_TM: Array, layer: int) -> Array:
        """Those of the layer's own modules, [T, M]."""
        return weights_TM[:, layer * self.space.modules : (layer + 1) * self.space.modules]
