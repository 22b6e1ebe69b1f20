"""Supports: functions from a :class:`ModuleSpace` to two disjoint masks over its combinations, trained and held out.

A support knows no rewards and no mazes, and serves every family. ``SUPPORTS`` lists them all by name.
"""

from collections.abc import Callable

import numpy as np

from compworld.arguments import integer, number
from compworld.modules.spaces import ModuleSpace

Masks = tuple[np.ndarray, np.ndarray]
"""Trained and held-out combinations, bool [C] each."""


def random(space: ModuleSpace, rng: np.random.Generator, held_out_fraction: float = 0.25) -> Masks:
    """Hold out a random fraction of the combinations; every module stays in some trained combination."""
    wanted = _number_held_out(space, held_out_fraction)
    trained = np.ones(len(space), dtype=bool)
    times_trained = space.combinations.sum(axis=0)
    for index in rng.permutation(len(space)):
        active = space.combinations[index]
        if wanted and (times_trained[active] > 1).all():
            trained[index] = False
            times_trained = times_trained - active
            wanted -= 1
    if wanted:
        raise ValueError(f"held_out_fraction {held_out_fraction} leaves modules untrained; allowed: a smaller fraction")
    return trained, ~trained


def non_compositional(space: ModuleSpace, rng: np.random.Generator, module: int | None = None) -> Masks:
    """Hold out every combination that has one module: by default the last one (the last value of a product's first factor)."""
    held_out = _having(space, module)
    return ~held_out, held_out


def compositional(
    space: ModuleSpace, rng: np.random.Generator, module: int | None = None, trained_combinations: int | None = None
) -> Masks:
    """Hold out a random half of what :func:`non_compositional` holds out, and train the other half: every module is trained.

    With ``trained_combinations`` (such as the number that :func:`non_compositional` trains) only that many are, without some
    of those that lack the module. All modules hang together either way.
    """
    having = _having(space, module)
    trained = _thinned(space, rng, np.ones(len(space), dtype=bool), having, len(space) - int(having.sum()) // 2)
    held_out = ~trained
    return _thinned_to(space, rng, trained, ~having, trained_combinations), held_out


def connected(space: ModuleSpace, rng: np.random.Generator, trained_combinations: int | None = None) -> Masks:
    """Train combinations of modules within a quarter of their ring from each other: all modules hang together.

    The held-out combinations are those that neither ``connected`` nor ``disconnected`` trains, so both are scored alike.
    For 8 modules and pairs this trains (i, i+1) and (i, i+2) modulo 8. With ``trained_combinations`` (such as the
    number that :func:`disconnected` trains) only that many are, chosen at random such that all modules still hang together.
    """
    near, same_half = _ring_supports(space)
    return _thinned_to(space, rng, near, near, trained_combinations), ~near & ~same_half


def disconnected(space: ModuleSpace, rng: np.random.Generator) -> Masks:
    """Train combinations inside one half of the ring: the two halves never meet. Held out as for :func:`connected`.

    With several layers, the half is the same in all, and each has as many active modules (the public code of ICLR 2024).
    """
    near, same_half = _ring_supports(space)
    return same_half, ~near & ~same_half


def k_hot(space: ModuleSpace, rng: np.random.Generator, k: int | None = None) -> Masks:
    """Train combinations in which at most k factors differ from their value 0 (subset spaces: at most k active modules).

    By default k is 2, or one below the largest number of active modules of a subset space.
    """
    if k is None:
        k = 2 if space.factors else int(space.active_counts.max()) - 1
    k = integer("k", k, 1)  # with 0, some module is never trained
    zero_values = [factor[0] for factor in space.factors]
    differing = space.active_counts - space.combinations[:, zero_values].sum(axis=1)
    trained = differing <= k
    return trained, ~trained


def equal(space: ModuleSpace, rng: np.random.Generator, held_out_fraction: float = 0.25) -> Masks:
    """Hold out at most this fraction such that all modules (of a factor) occur equally often among the trained combinations.

    Whole orbits are held out: the combinations that follow from each other when every module moves on to the next one (of its
    factor, cyclically). Single modules (of every layer) always stay trained.
    """
    wanted = _number_held_out(space, held_out_fraction)
    held_out = np.zeros(len(space), dtype=bool)
    fewest = 0 if space.factors else int(space.active_counts.min())
    orbits = [orbit for orbit in _orbits(space) if space.active_counts[orbit[0]] > fewest]
    for index in rng.permutation(len(orbits)):
        candidate = held_out.copy()
        candidate[orbits[index]] = True
        if candidate.sum() <= wanted and space.combinations[~candidate].any(axis=0).all():
            held_out = candidate
    return ~held_out, held_out


def active_modules(space: ModuleSpace, rng: np.random.Generator, trained_active: int | None = None) -> Masks:
    """Train combinations of at most ``trained_active`` modules (default: all but the largest) of a subset space.

    The larger ones are held out; ``Split.held_out_by_active_modules`` gives a set for each number of active modules.
    """
    if space.factors:
        raise ValueError("support 'active_modules' needs combinations of different sizes; allowed: subset spaces")
    most = int(space.active_counts.max())
    trained = space.active_counts <= (most - 1 if trained_active is None else integer("trained_active", trained_active))
    return trained, ~trained


SUPPORTS: dict[str, Callable[..., Masks]] = {
    support.__name__: support
    for support in (random, compositional, non_compositional, connected, disconnected, k_hot, equal, active_modules)
}


def _number_held_out(space: ModuleSpace, fraction: float) -> int:
    return round(number("held_out_fraction", fraction, above=0, below=1) * len(space))


def _having(space: ModuleSpace, module: int | None) -> np.ndarray:
    """The combinations that have a module, by default the last one, or the last value of the first factor."""
    if module is None:
        module = space.factors[0][-1] if space.factors else space.modules - 1
    return space.combinations[:, integer("module", module, 0, space.modules - 1)].copy()


def _thinned_to(
    space: ModuleSpace, rng: np.random.Generator, trained: np.ndarray, candidates: np.ndarray, wanted: int | None
) -> np.ndarray:
    """:func:`_thinned`, or everything for None.

    Raises:
        ValueError: there are fewer, or so few do not hang together.
    """
    if wanted is None:
        return trained
    wanted = integer("trained_combinations", wanted, 1, int(trained.sum()))
    thinned = _thinned(space, rng, trained, candidates, wanted)
    if thinned.sum() > wanted:
        raise ValueError(
            f"trained_combinations is {wanted}; allowed: in this world at least {thinned.sum()}, to stay connected"
        )
    return thinned


def _thinned(
    space: ModuleSpace, rng: np.random.Generator, trained: np.ndarray, candidates: np.ndarray, wanted: int
) -> np.ndarray:
    """Without random ones of the candidates, until as many are left as wanted; all modules hang together as they did."""
    trained = trained.copy()
    for index in rng.permutation(np.flatnonzero(candidates & trained)):
        if trained.sum() <= wanted:
            break
        trained[index] = False
        trained[index] = not _hang_together(space.combinations[trained])
    return trained


def _hang_together(combinations: np.ndarray) -> bool:
    """Whether all modules occur and each is reached from the first by steps between modules that occur together."""
    together = combinations.T.astype(np.int64) @ combinations
    reached = np.zeros(len(together), dtype=bool)
    reached[0] = True
    for _ in range(len(together)):
        reached |= together[reached].any(axis=0)
    return bool(reached.all() and together.diagonal().all())


def _ring_supports(space: ModuleSpace) -> Masks:
    position, chosen = space.ring_positions, space.combinations.astype(np.int64)
    near = np.ones(len(space), dtype=bool)
    for ring in map(list, space.rings):
        apart = np.abs(position[ring, None] - position[None, ring])
        far = np.minimum(apart, 1 - apart) > 0.25 + 1e-9
        near &= np.einsum("cm,mn,cn->c", chosen[:, ring], far.astype(np.int64), chosen[:, ring]) == 0
    in_first_half = (chosen * (position < 0.5 - 1e-9)).sum(axis=1)
    active = np.stack([chosen[:, list(group)].sum(axis=1) for group in space.groups])
    same_half = ((in_first_half == 0) | (in_first_half == space.active_counts)) & (active == active[0]).all(axis=0)
    return near, same_half


def _orbits(space: ModuleSpace) -> list[list[int]]:
    following = {module: group[(rank + 1) % len(group)] for group in space.groups for rank, module in enumerate(group)}
    orbits, seen = [], set()
    for start in range(len(space)):
        orbit, index = [], start
        while index not in seen:
            seen.add(index)
            orbit.append(index)
            index = space.encode(following[module] for module in space.decode(index))
        if orbit:
            orbits.append(orbit)
    return orbits
