"""Module spaces: the combinations of modules that a family's tasks are made of.

Two kinds of space, one representation. In a *subset* space a task has 1 to K of M modules active (Preferences), or of the M
modules of each of several layers (Teacher); in a *product* space it has exactly one value of each factor (Goals), and every
value is a module. Either way a combination is a row of ``combinations``, bool [combinations, modules].
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, pairwise, product
from itertools import combinations as subsets_of
from math import comb, prod

import numpy as np

from compworld.arguments import integer, shown

MOST_MODULES = 62
"""A combination is also an integer of 64 bits, one for each module."""

MOST_COMBINATIONS = 100_000
"""All of them are enumerated."""


@dataclass(frozen=True)
class ModuleSpace:
    """All combinations of modules, enumerated; make one with :meth:`subsets` or :meth:`product`.

    Attributes:
        module_names: a name for each of the M modules.
        factors: the modules of each factor of a product space, in order; empty for a subset space.
        layers: the modules of each layer of a subset space, in order; empty for a product space.
        combinations: bool [C, M], the active modules of each combination, read-only.
    """

    module_names: tuple[str, ...]
    factors: tuple[tuple[int, ...], ...]
    layers: tuple[tuple[int, ...], ...]
    combinations: np.ndarray = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_numbers(self.modules, len(self.combinations))
        self.combinations.setflags(write=False)

    @classmethod
    def subsets(cls, modules: int, max_active: int, layers: int = 1) -> "ModuleSpace":
        """Combinations of 1 to ``max_active`` of ``modules`` modules, fewer active modules first.

        With several ``layers``, each has so many modules of its own and an independent combination of them; the last layer's
        varies fastest.

        Raises:
            ValueError: unless 1 <= max_active <= modules, or there are too many combinations.
        """
        modules, max_active, layers = (
            integer("modules", modules),
            integer("max_active", max_active),
            integer("layers", layers, 1),
        )
        if not 1 <= max_active <= modules:
            raise ValueError(f"max_active is {max_active} with modules {modules}; allowed: 1 to the number of modules")
        _check_numbers(layers * modules, sum(comb(modules, size) for size in range(1, max_active + 1)) ** layers)
        starts = range(0, layers * modules, modules)
        of_layers = tuple(tuple(range(start, start + modules)) for start in starts)
        sizes = range(1, max_active + 1)
        choices = [[c for size in sizes for c in subsets_of(layer, size)] for layer in of_layers]
        members = [tuple(chain(*chosen)) for chosen in product(*choices)]
        where = [f" of layer {layer}" for layer in range(layers)] if layers > 1 else [""]
        names = tuple(f"module {m}{layer}" for layer in where for m in range(modules))
        return cls(names, (), of_layers, _multi_hot(members, layers * modules))

    @classmethod
    def product(cls, **factors: int) -> "ModuleSpace":
        """Combinations of one value of each factor, e.g. ``product(quadrant=4, maze=2)``; the last varies fastest.

        Raises:
            ValueError: if a factor has no value, or there are too many combinations.
        """
        if not factors:
            raise ValueError("there are no factors; allowed: at least one, such as quadrant=4")
        factors = {name: integer(f"number of values of factor {name!r}", values, 1) for name, values in factors.items()}
        _check_numbers(sum(factors.values()), prod(factors.values()))
        starts = np.concatenate([[0], np.cumsum(list(factors.values()))]).tolist()
        members = tuple(tuple(range(start, stop)) for start, stop in pairwise(starts))
        names = tuple(f"{name} {value}" for name, values in factors.items() for value in range(values))
        return cls(names, members, (), _multi_hot(list(product(*members)), starts[-1]))

    def __len__(self) -> int:
        return len(self.combinations)

    @property
    def modules(self) -> int:
        """Number of modules M."""
        return len(self.module_names)

    @cached_property
    def active_counts(self) -> np.ndarray:
        """Number of active modules of each combination, int [C]."""
        return np.asarray(self.combinations.sum(axis=1))

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """The modules of each factor or layer."""
        return self.factors or self.layers

    @cached_property
    def ring_positions(self) -> np.ndarray:
        """Place of each module on a ring of circumference 1, float [M]; each factor or layer goes round once.

        A common geometry in which supports speak of near and far modules for every kind of space.
        """
        return np.asarray([rank / len(group) for group in self.groups for rank in range(len(group))])

    @property
    def rings(self) -> tuple[tuple[int, ...], ...]:
        """The modules of each ring: all factors share one, each layer has its own."""
        return self.layers or (tuple(range(self.modules)),)

    def factor_values(self, modules: Sequence[int]) -> tuple[int, ...]:
        """For a product space: the value of each factor, e.g. (2, 0, 4, 1).

        Raises:
            ValueError: it is no product space, or no combination has exactly these modules.
        """
        if not self.factors:
            raise ValueError(f"the space has no factors, but {self.modules} modules; allowed: a product space")
        active = self.decode(self.encode(modules))
        return tuple(module - factor[0] for module, factor in zip(active, self.factors, strict=True))

    def encode(self, modules: Iterable[int]) -> int:
        """Index of the combination in which exactly these modules are active.

        Raises:
            ValueError: if no combination has exactly these modules.
        """
        try:
            wanted = tuple(sorted(integer("module", module) for module in modules))
        except TypeError:
            raise ValueError(f"modules are {shown(modules)}; allowed: numbers of modules, such as {self.decode(0)}") from None
        if wanted not in self._index:
            most = int(self.combinations[:, list(self.groups[0])].sum(axis=1).max())
            number = "one module" if self.factors else f"1 to {most} different modules"
            groups = ", ".join(str(list(group)) for group in self.groups)
            allowed = f"{number} out of 0 to {self.modules - 1}" if len(self.layers) == 1 else f"{number} of each of {groups}"
            raise ValueError(f"no combination has modules {list(wanted)}; allowed: {allowed}")
        return self._index[wanted]

    def decode(self, index: int) -> tuple[int, ...]:
        """The active modules of a combination, ascending; inverse of :meth:`encode`.

        Raises:
            ValueError: if the index is outside 0 to C - 1.
        """
        index = integer("combination index", index, 0, len(self) - 1)
        return tuple(np.flatnonzero(self.combinations[index]).tolist())

    def index_of(self, active_BM: np.ndarray) -> np.ndarray:
        """Index of each row's combination, int [B]; -1 where the space does not have it."""
        codes, order = self._codes
        wanted = active_BM @ self._powers
        place = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
        return np.where(codes[place] == wanted, order[place], -1)

    def name_of(self, index: int) -> str:
        """Words for a combination, such as ``"module 0 + module 3"``."""
        return " + ".join(self.module_names[m] for m in self.decode(index))

    @cached_property
    def _powers(self) -> np.ndarray:
        return np.left_shift(1, np.arange(self.modules, dtype=np.int64))

    @cached_property
    def _codes(self) -> tuple[np.ndarray, np.ndarray]:
        """Combinations as integers (bit m: module m is active), ascending, and the index of each."""
        codes = self.combinations @ self._powers
        order = np.argsort(codes)
        return codes[order], order

    @cached_property
    def _index(self) -> dict[tuple[int, ...], int]:
        return {tuple(np.flatnonzero(row).tolist()): index for index, row in enumerate(self.combinations)}


def _check_numbers(modules: int, combinations: int) -> None:
    if modules > MOST_MODULES:
        raise ValueError(f"number of modules is {modules}; allowed: at most {MOST_MODULES}")
    if combinations > MOST_COMBINATIONS:
        raise ValueError(f"number of combinations is {combinations}; allowed: at most {MOST_COMBINATIONS}")


def _multi_hot(members: Sequence[tuple[int, ...]], modules: int) -> np.ndarray:
    rows = np.zeros((len(members), modules), dtype=bool)
    for row, active in zip(rows, members, strict=True):
        row[list(active)] = True
    return rows
