"""All families by name. Adding one is a class, and its name in the list of :mod:`compworld.families`."""

from typing import Any, TypeVar

import gymnasium
from gymnasium.envs.registration import register

from compworld.arguments import LARGEST_SEED, choice, integer, shown, unknown_keyword
from compworld.families.family import Family
from compworld.families.grid import GridFamily

FamilyClass = TypeVar("FamilyClass", bound=type[Family])

FAMILIES: dict[str, type[Family]] = {}
"""Every family by its name."""

ENV_IDS: dict[str, str] = {}
"""Every environment id, and the name of the family with the sizes that it is made of."""

_NAMED: dict[str, tuple[type[Family], str]] = {}
"""Every name that a family can be made by: its class and its variant, ``""`` for the paper's sizes."""


def register_family(family: FamilyClass) -> FamilyClass:
    """Add a family and its variants to all that is known by name; can be used as a decorator.

    What has an environment gets an id of Gymnasium for the family (``"CompWorld-Goals-v0"``) and for each of its variants
    (``"CompWorld-Goals-Small-v0"``). Its environments know when their episodes or trials end, so that Gymnasium adds no
    ``TimeLimit`` of its own; a made environment's ``spec.max_episode_steps`` tells their most steps.

    Args:
        family: the class.

    Raises:
        ValueError: it is no class of families, its name or that of a variant is taken, or it has an environment but no size
            ``horizon``.
    """
    if not (isinstance(family, type) and issubclass(family, Family)):
        raise ValueError(f"family is {shown(family)}; allowed: a class derived from Family, or from GridFamily")
    variants = [(variant, family.label_of(variant), family.env_id_of(variant)) for variant in ("", *family.variants)]
    for _, label, env_id in variants:
        if label in _NAMED or env_id in ENV_IDS:
            taken = [*_NAMED, *ENV_IDS]
            raise ValueError(f"family {label!r} is registered already; allowed: other names than {', '.join(map(repr, taken))}")
        if env_id is not None and "horizon" not in family.size_defaults():
            raise ValueError(f"family {label!r} has no size 'horizon'; allowed: grid worlds whose constructor takes it")
    FAMILIES[family.name] = family
    for variant, label, env_id in variants:
        _NAMED[label] = family, variant
        if env_id is None:
            continue
        ENV_IDS[env_id] = label
        register(
            env_id,
            entry_point="compworld.envs.single:CompWorldEnv",
            vector_entry_point="compworld.envs.vector:CompWorldVectorEnv",
            kwargs={"family": label},
        )
    return family


def unregister_family(family: type[Family]) -> None:
    """Undo :func:`register_family`.

    Raises:
        ValueError: it is not registered.
    """
    if FAMILIES.get(family.name) is not family:
        raise ValueError(f"family {family.name!r} is not registered; allowed: {', '.join(map(repr, FAMILIES))}")
    del FAMILIES[family.name]
    for variant in ("", *family.variants):
        del _NAMED[family.label_of(variant)]
        env_id = family.env_id_of(variant)
        if env_id is not None:
            del ENV_IDS[env_id], gymnasium.registry[env_id]


def family_names() -> list[str]:
    """Every name that :func:`make_family` knows."""
    return list(_NAMED)


def make_family(name: str, world: int = 0, **sizes: Any) -> Family:
    """Make a task generator.

    Args:
        name: ``"preferences"``, ``"goals"`` or ``"teacher"``; with a variant behind it, such as ``"goals-small"`` or
            ``"teacher-scaling2025"``, that variant's sizes; or a family of your own, see :func:`register_family`.
        world: seed of everything that is fixed within a world: preference vectors, mazes, modules of the teacher.
        **sizes: of the family's constructor, instead of the paper's.

    Raises:
        UnknownKeyword: a TypeError and a ValueError: the family has no such size.
        ValueError: unknown family, or sizes that do not fit together.
    """
    family, variant = _NAMED[choice("family", name, family_names())]
    world = integer("world", world, most=LARGEST_SEED)
    defaults = family.size_defaults()
    unknown = [size for size in sizes if size not in defaults]
    if unknown:
        raise unknown_keyword(f"family {family.name!r}", unknown[0], defaults)
    given = {size: _size(size, value, defaults[size]) for size, value in sizes.items()}
    made: Family = family(world=world, **{**family.variants.get(variant, {}), **given})  # type: ignore[call-arg]  # every family takes a world
    made.variant = variant
    return made


def _size(name: str, value: Any, default: Any) -> Any:
    if not isinstance(default, str):
        return integer(f"size {name!r}", value)
    if not isinstance(value, str):
        raise ValueError(f"size {name!r} is {shown(value)}; allowed: words, such as {default!r}")
    return value  # the constructor names those that it knows


def trial_sizes(name: str) -> dict[str, int]:
    """``episodes`` of a trial and their ``horizon`` of a family by its name; empty where it does not say."""
    family, variant = _NAMED.get(name, (None, ""))
    return dict(family.trials.get(variant, {})) if family is not None and issubclass(family, GridFamily) else {}


def grid_family(family: Family) -> GridFamily:
    """The same family, for what can only be done in a grid: environments, pictures.

    Raises:
        ValueError: it is no grid world.
    """
    if not isinstance(family, GridFamily):
        allowed = [repr(name) for name in family_names() if issubclass(_NAMED[name][0], GridFamily)]
        raise ValueError(f"family {shown(getattr(family, 'name', family))} has no environment; allowed: {', '.join(allowed)}")
    return family
