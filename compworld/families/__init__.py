"""Families: how a combination of modules becomes a task, and what a step does."""

from typing import Any

from compworld.families.base import GridFamily
from compworld.families.family import Family
from compworld.families.goals import Goals
from compworld.families.preferences import Preferences
from compworld.families.teacher import Teacher

FAMILIES: dict[str, type[Family]] = {"preferences": Preferences, "goals": Goals, "teacher": Teacher}

SMALL_SIZES: dict[str, dict[str, Any]] = {
    "preferences": {"modules": 6, "max_active": 2, "features": 6, "objects": 3},
    "goals": {"size": 7, "mazes": 2, "object_types": 3, "distractors": 2, "start_distance": 4, "horizon": 40},
    "teacher": {"inputs": 8, "width": 16, "outputs": 4, "layers": 1},
}
"""Sizes of the ``-Small`` variants, on which the methods can be told apart within minutes on a laptop."""


def make_family(name: str, world: int = 0, **sizes: Any) -> Family:
    """Make a task generator.

    Args:
        name: ``"preferences"``, ``"goals"`` or ``"teacher"``; with ``-small`` behind it, the sizes of the small variant.
        world: seed of everything that is fixed within a world: preference vectors, mazes, modules of the teacher.
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
    words = [size for size, default in family.size_defaults().items() if isinstance(default, str)]
    for size, value in chosen.items():
        if size in words:
            continue  # the constructor names those that it knows
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(f"size {size!r} is {value!r}; allowed: integers from 0")
    made: Family = family(world=world, **chosen)  # type: ignore[call-arg]  # every family takes a world
    return made


def grid_family(family: Family) -> GridFamily:
    """The same family, for what can only be done in a grid: environments, pictures.

    Raises:
        ValueError: it is no grid world.
    """
    if not isinstance(family, GridFamily):
        allowed = [repr(name) for name, of in FAMILIES.items() if issubclass(of, GridFamily)]
        raise ValueError(f"family {family.name!r} has no environment; allowed: {', '.join(allowed)}")
    return family


__all__ = [
    "FAMILIES",
    "SMALL_SIZES",
    "Family",
    "Goals",
    "GridFamily",
    "Preferences",
    "Teacher",
    "grid_family",
    "make_family",
]
