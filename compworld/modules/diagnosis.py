"""Diagnosis of a split: does it meet the conditions under which modules can be recovered (ICLR 2024, sections 3.2 and 4.2)?"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from compworld.arguments import shown
from compworld.modules.splits import Split


@dataclass(frozen=True)
class Diagnosis:
    """What :func:`diagnose` finds; ``str(diagnosis)`` is a readable report.

    Attributes:
        split: the split that was diagnosed.
        covered: bool [M], module is active in some trained combination.
        co_occurrence: int [M, M], in how many trained combinations two modules are active together (diagonal: alone or not).
        components: the covered modules grouped by the connected components of the co-occurrence graph.
        distances: int, for each held-out combination the number of modules to exchange, add or remove to reach the nearest
            trained one.
    """

    split: Split
    covered: np.ndarray
    co_occurrence: np.ndarray
    components: tuple[tuple[int, ...], ...]
    distances: np.ndarray

    @property
    def compositional(self) -> bool:
        """Compositional support: every module is trained."""
        return bool(self.covered.all())

    @property
    def connected(self) -> bool:
        """Connected support: no group of trained modules is isolated from the others."""
        return len(self.components) == 1

    def __str__(self) -> str:
        space, split = self.split.space, self.split
        unused = len(space) - int(split.trained.sum()) - int(split.held_out.sum())
        missing = [space.module_names[m] for m in np.flatnonzero(~self.covered)]
        groups = " | ".join(", ".join(space.module_names[m] for m in group) for group in self.components)
        histogram = ", ".join(f"{d}: {n}" for d, n in sorted(Counter(self.distances.tolist()).items()))
        return "\n".join(
            [
                f"support {split.support!r}, world {split.world}: {len(space)} combinations of {space.modules} modules",
                f"  trained {split.trained.sum()}, held out {split.held_out.sum()}, unused {unused}",
                f"  compositional support: {'yes' if self.compositional else 'no, never trained: ' + ', '.join(missing)}",
                f"  connected support: {'yes' if self.connected else f'no, {len(self.components)} components'}",
                f"  components: {groups}",
                f"  held-out combinations by distance to the nearest trained one: {histogram}",
                f"  sha256 {split.sha256}",
            ]
        )


def diagnose(split: Split) -> Diagnosis:
    """Check the theory's conditions on a split before anything is trained on it.

    Raises:
        ValueError: this is no split, or one of its sides is empty.
    """
    if not isinstance(split, Split):
        raise ValueError(f"split is {shown(split)}; allowed: a made one, such as make_split(make_family('goals').space)")
    for which in ("train", "held_out"):
        split.pool(which)
    combinations = split.space.combinations.astype(np.int64)
    trained, held_out = combinations[split.trained], combinations[split.held_out]
    co_occurrence = trained.T @ trained
    covered = co_occurrence.diagonal() > 0
    # Two combinations differ by exchanging modules (one step each) and by adding or removing the surplus.
    shared = held_out @ trained.T
    distance = np.maximum(held_out.sum(axis=1)[:, None], trained.sum(axis=1)[None, :]) - shared
    return Diagnosis(split, covered, co_occurrence, _components(co_occurrence > 0), distance.min(axis=1))


def _components(together: np.ndarray) -> tuple[tuple[int, ...], ...]:
    groups: list[tuple[int, ...]] = []
    for module in np.flatnonzero(together.diagonal()):
        if any(module in group for group in groups):
            continue
        reached = together[module]
        while (grown := together[reached].any(axis=0)).sum() > reached.sum():
            reached = grown
        groups.append(tuple(np.flatnonzero(reached).tolist()))
    return tuple(groups)
