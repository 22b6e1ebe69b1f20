"""Weights of active modules. Axes: B tasks, M modules."""

from collections.abc import Callable, Iterable
from itertools import accumulate

import numpy as np

from compworld import randomness
from compworld.arguments import shown
from compworld.backends import Array, Tables, namespace

LARGEST_WEIGHT = 1000.0
"""Of a task that a user makes; larger ones would burst the mission text."""


def equal(stream_B: Array, active_BM: Array, tables: Tables) -> Array:
    """1 for every active module."""
    xp = namespace(active_BM)
    return xp.astype(active_BM, xp.float64)


def exponential(stream_B: Array, active_BM: Array, tables: Tables) -> Array:
    """``0.5 + 0.5 e / (1 + sum(e))`` with e from Exp(1) for every active module (ICLR 2024, appendix C)."""
    xp = namespace(stream_B)
    bits, active = _draw_each(stream_B, active_BM)
    quantile = tables.like(stream_B)["exponential"][randomness.integers(bits, len(randomness.EXPONENTIAL_QUANTILES))]
    value = quantile * active
    return xp.where(active, 0.5 + 0.5 * value / (1 + sum_in_order(value.T))[:, None], 0.0)


def tenths(stream_B: Array, active_BM: Array, tables: Tables) -> Array:
    """Uniform on 0.5, 0.6, ..., 1 for every active module (arXiv 2507.07207)."""
    xp = namespace(stream_B)
    bits, active = _draw_each(stream_B, active_BM)
    return xp.where(active, xp.astype(5 + randomness.integers(bits, 6), xp.float64) / 10, 0.0)


WEIGHTS: dict[str, Callable[[Array, Array, Tables], Array]] = {
    function.__name__: function for function in (equal, exponential, tenths)
}
"""(random stream of each task [B], active modules [B, M], the family's tables) -> weights, float64 [B, M]."""

TABLES = {"exponential": randomness.EXPONENTIAL_QUANTILES}
"""What a family's tables must hold for these functions."""


def _draw_each(stream_B: Array, active_BM: Array) -> tuple[Array, Array]:
    """Random bits for every module, and which are active: the k-th active one of a task takes draw 1 + k."""
    xp = namespace(stream_B)
    active = active_BM > 0
    rank = xp.where(active, xp.stack(list(accumulate(active_BM.T)), axis=0).T - 1, 0)
    return pick(randomness.draws(stream_B, 1, int(xp.max(rank)) + 1), rank), active


def pick(values_BN: Array, index_BI: Array) -> Array:
    """``values_BN[b, index_BI[b, i]]``, [B, I]: what ``take_along_axis`` gives, faster where the batch is last in memory."""
    xp = namespace(index_BI)
    batch = values_BN.shape[0]
    place_IB = index_BI.T * batch
    place_IB += xp.arange(batch, device=index_BI.device)
    return xp.reshape(values_BN.T, (-1,))[place_IB].T


def sum_in_order(terms: Iterable[Array]) -> Array:
    """Sum from first to last, so that NumPy and torch round alike."""
    remaining = iter(terms)
    first = next(remaining)
    total = namespace(first).asarray(first, copy=True)
    for term in remaining:
        total += term
    return total


def weights_from(given: object, modules: int) -> np.ndarray:
    """A user's task weights as an array, float64 [M].

    Raises:
        ValueError: the wrong number of them, or one that is not finite or too large.
    """
    try:
        weights = np.array(given, dtype=np.float64)  # a copy: the caller may go on using theirs
    except Exception:  # other libraries raise errors of their own
        raise ValueError(f"task weights are {shown(given)}; allowed: {modules} numbers") from None
    if weights.shape != (modules,):
        raise ValueError(f"task weights have shape {weights.shape}; allowed: ({modules},), one number per module")
    if not (np.abs(weights) <= LARGEST_WEIGHT).all():  # also false for not-a-number
        raise ValueError(f"task weights are {weights.tolist()}; allowed: finite numbers up to {LARGEST_WEIGHT:g} either way")
    return weights
