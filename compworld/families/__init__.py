"""Families: how a combination of modules becomes a task, and what a step does."""

from typing import Any

from compworld.families.base import GridFamily
from compworld.families.family import Family
from compworld.families.goals import Goals
from compworld.families.preferences import Preferences
from compworld.families.teacher import Teacher

FAMILIES: dict[str, type[Family]] = {"preferences": Preferences, "goals": Goals, "teacher": Teacher}

_REGRESSION = {
    **{"layers": 1, "inputs": 16, "width": 16, "outputs": 16, "input_layer": 0, "biases": 1},
    **{"weights": "tenths", "labels": "values"},
}

VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    "small": {
        "preferences": {"modules": 6, "max_active": 2, "features": 6, "objects": 3},
        "goals": {"size": 7, "mazes": 2, "object_types": 3, "distractors": 2, "start_distance": 4, "horizon": 40},
        "teacher": _REGRESSION,
    },
    "scaling2025": {"teacher": {**_REGRESSION, "modules": 16, "max_active": 3}},
}
"""Sizes of named variants. ``small``: the methods can be told apart within minutes on a laptop; ``scaling2025``: the Teacher of
arXiv 2507.07207, of which the small one has fewer modules."""


def family_names() -> list[str]:
    """Every name that :func:`make_family` knows."""
    return [
        name for base in FAMILIES for name in (base, *(f"{base}-{variant}" for variant, of in VARIANTS.items() if base in of))
    ]


def make_family(name: str, world: int = 0, **sizes: Any) -> Family:
    """Make a task generator.

    Args:
        name: ``"preferences"``, ``"goals"`` or ``"teacher"``; with a variant behind it, such as ``"goals-small"`` or
            ``"teacher-scaling2025"``, that variant's sizes.
        world: seed of everything that is fixed within a world: preference vectors, mazes, modules of the teacher.
        **sizes: of the family's constructor, instead of the paper's.

    Raises:
        ValueError: unknown family or size, or sizes that do not fit together.
    """
    if name not in family_names():
        raise ValueError(f"unknown family {name!r}; allowed: {', '.join(map(repr, family_names()))}")
    base, _, variant = name.partition("-")
    if isinstance(world, bool) or not isinstance(world, int) or world < 0:
        raise ValueError(f"world is {world!r}; allowed: integers from 0")
    chosen = {**(VARIANTS[variant][base] if variant else {}), **sizes}
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
    "VARIANTS",
    "Family",
    "Goals",
    "GridFamily",
    "Preferences",
    "Teacher",
    "family_names",
    "grid_family",
    "make_family",
]
