"""Splits: which combinations of a space are trained and which are held out."""

import hashlib
import inspect
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from compworld import randomness
from compworld.arguments import LARGEST_SEED, choice, integer, named_options, plain, shown, unknown_keyword
from compworld.modules.spaces import ModuleSpace
from compworld.modules.supports import SUPPORTS


@dataclass(frozen=True, eq=False)
class Split:
    """The trained and the held-out combinations of a space. They never meet; combinations in neither are not used.

    Splits are equal if they came about in the same way and hold the same combinations.

    Attributes:
        space: the module space.
        support: name of the support, a key of ``SUPPORTS``, or of a way of one's own.
        world: seed of the random choices.
        options: the options that the support was called with.
        trained, held_out: bool [C]; kept as copies that cannot be written to.

    Raises:
        ValueError: one of the two is no mask over the combinations, or they share some.
    """

    space: ModuleSpace
    support: str
    world: int
    options: dict[str, Any]
    trained: np.ndarray = field(repr=False)
    held_out: np.ndarray = field(repr=False)

    def __post_init__(self) -> None:
        check_space(self.space)
        for name in ("trained", "held_out"):
            mask = np.array(getattr(self, name))
            if mask.dtype != bool or mask.shape != (len(self.space),):
                raise ValueError(
                    f"{name} has shape {mask.shape} and numbers of type {mask.dtype}; allowed: bool {(len(self.space),)}, "
                    "one for each combination"
                )
            mask.setflags(write=False)
            object.__setattr__(self, name, mask)
        both = np.flatnonzero(self.trained & self.held_out)
        if both.size:
            raise ValueError(
                f"combination {self.space.decode(int(both[0]))} and {both.size - 1} others are trained and held out; "
                "allowed: each in one of them, or in neither"
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Split) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self.sha256)

    def _identity(self) -> tuple[Any, ...]:
        return self.space.module_names, self.support, self.world, self.options, self.sha256

    def pool(self, name: str) -> np.ndarray:
        """Indices of the combinations of ``"train"``, ``"held_out"`` or ``"all"`` (both), ascending.

        Raises:
            ValueError: for another name, or there are none.
        """
        masks = {"train": self.trained, "held_out": self.held_out, "all": self.trained | self.held_out}
        pool = np.flatnonzero(masks[choice("split", name, masks)])
        if not pool.size:
            allowed = ", ".join(repr(other) for other, mask in masks.items() if mask.any()) or "none"
            raise ValueError(f"split {name!r} has no combination in support {self.support!r:.80}; allowed: {allowed}")
        return pool

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """``"train"``, ``"held_out"`` or ``"unused"`` for each combination; the last, ``"outside"``, is for index -1."""
        names = np.where(self.trained, "train", np.where(self.held_out, "held_out", "unused")).tolist()
        return (*names, "outside")

    def held_out_by_active_modules(self) -> dict[int, np.ndarray]:
        """Indices of the held-out combinations for each number of active modules that occurs among them."""
        counts = self.space.active_counts
        return {int(n): np.flatnonzero(self.held_out & (counts == n)) for n in np.unique(counts[self.held_out])}

    @cached_property
    def sha256(self) -> str:
        """Hash of the trained and held-out combinations themselves (not of how they came about)."""
        return hashlib.sha256(json.dumps(self.as_lists(), separators=(",", ":")).encode()).hexdigest()

    def as_lists(self) -> dict[str, list[list[int]]]:
        """The active modules of every trained and held-out combination, as plain lists."""
        masks = {"train": self.trained, "held_out": self.held_out}
        return {name: [list(self.space.decode(int(index))) for index in np.flatnonzero(mask)] for name, mask in masks.items()}


def make_split(space: ModuleSpace, support: str = "random", world: int = 0, **options: Any) -> Split:
    """Split the combinations of a space into trained and held-out ones.

    Args:
        space: the module space.
        support: a key of ``SUPPORTS``.
        world: seed of random supports; the others do not depend on it.
        **options: of the support, see its function.

    Raises:
        UnknownKeyword: a TypeError and a ValueError: the support has no such option.
        ValueError: unknown support, or nothing is left to train on or to hold out.
    """
    return split_by(space, support, world, options)


def split_by(space: ModuleSpace, support: str, world: int, options: dict[str, Any] | None) -> Split:
    """:func:`make_split` with the options as a dict, whatever their names."""
    options = named_options("support_options", options)
    check_space(space)
    support = choice("support", support, SUPPORTS)
    world = integer("world", world, most=LARGEST_SEED)
    allowed = list(inspect.signature(SUPPORTS[support]).parameters)[2:]
    unknown = [name for name in options if name not in allowed]
    if unknown:
        raise unknown_keyword(f"support {support!r}", unknown[0], allowed)
    options = {name: plain(value) for name, value in options.items()}
    trained, held_out = SUPPORTS[support](space, randomness.generator("split", support, world), **options)
    for name, mask in (("trained", trained), ("held_out", held_out)):
        if not mask.any():
            raise ValueError(f"support {support!r} with options {options} leaves no combination {name} out of {len(space)}")
    return Split(space, support, world, options, trained, held_out)


def check_space(space: ModuleSpace) -> None:
    """Raise ValueError unless this is a module space."""
    if not isinstance(space, ModuleSpace):
        raise ValueError(f"space is {shown(space)}; allowed: a ModuleSpace, such as make_family('goals').space")
