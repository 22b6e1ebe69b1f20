"""Families: how a combination of modules becomes a task, and what a step does."""

from typing import Any

from compworld.families.base import GridFamily
from compworld.families.goals import Goals
from compworld.families.preferences import Preferences

FAMILIES: dict[str, type[GridFamily]] = {"preferences": Preferences, "goals": Goals}

SMALL_SIZES: dict[str, dict[str, int]] = {
    "preferences": {"modules": 6, "max_active": 2, "features": 6, "objects": 3},
    "goals": {"size": 7, "mazes": 2, "object_types": 3, "distractors": 2, "start_distance": 4, "horizon": 40},
}
"""Sizes of the ``-Small`` variants, on which the methods can be told apart within minutes on a laptop."""


def make_family(name: str, world: int = 0, **sizes: Any) -> GridFamily:
    """Make a task generator.

    Args:
        name: ``"preferences"`` or ``"goals"``; with ``-small`` behind it, the sizes of the small variant.
        world: seed of everything that is fixed within a world: preference vectors, mazes.
        **sizes: of the family's constructor, instead of the paper's.

    Raises:
        ValueError: unknown family or size, or sizes that do not fit together.
    """
    base, small, rest = name.partition("-small")
    if base not in FAMILIES or rest:
        allowed = [repr(n + suffix) for n in FAMILIES for suffix in ("", "-small")]
        raise ValueError(f"unknown family {name!r}; allowed: {', '.join(allowed)}")
    if isinstance(world, bool) or not isinstance(world, int) or world < 0:
        raise ValueError(f"world is {world!r}; allowed: integers from 0")
    chosen = {**(SMALL_SIZES[base] if small else {}), **sizes}
    family = FAMILIES[base]
    unknown = [size for size in chosen if size not in family.size_names()]
    if unknown:
        raise ValueError(f"family {base!r} has no size {unknown[0]!r}; allowed: {', '.join(map(repr, family.size_names()))}")
    for size, value in chosen.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(f"size {size!r} is {value!r}; allowed: integers from 0")
    return family(world=world, **chosen)


__all__ = ["FAMILIES", "SMALL_SIZES", "Goals", "GridFamily", "Preferences", "make_family"]
