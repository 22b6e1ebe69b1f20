"""Counter-based random draws that NumPy and torch compute alike, bit for bit.

A draw is a hash of (key, episode, draw number), so that any episode can be produced on its own, in any batch, on any device.
The hash is the finaliser of SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators", figure 16),
written in wrapping signed 64-bit integers because torch has no unsigned ones. All functions take and return int64 arrays with
at least one axis (NumPy warns about overflow of scalars, though wrapping is what is meant).
"""

import math
import operator
from collections.abc import Sequence

import numpy as np

from compworld.backends import Array, namespace

_GOLDEN_GAMMA = 0x9E3779B97F4A7C15 - 2**64
_MULTIPLIER_1 = 0xBF58476D1CE4E5B9 - 2**64
_MULTIPLIER_2 = 0x94D049BB133111EB - 2**64

_QUANTILES = 1 << 16
EXPONENTIAL_QUANTILES = np.asarray([-math.log1p(-(i + 0.5) / _QUANTILES) for i in range(_QUANTILES)])
"""Mid-quantiles of Exp(1). A table, because the logarithms of NumPy and torch differ in the last bit."""


def _mix(state: Array) -> Array:
    for right, multiplier in ((30, _MULTIPLIER_1), (27, _MULTIPLIER_2), (31, 1)):
        shifted = state >> right
        shifted &= (1 << (64 - right)) - 1
        shifted ^= state
        if multiplier != 1:
            shifted *= multiplier
        state = shifted
    return state


def stream(key: Array, counter: Array) -> Array:
    """The random stream number ``counter`` of ``key`` (both int64, broadcast); itself usable as a key."""
    return _mix(key + (counter + 1) * _GOLDEN_GAMMA)


def draws(stream_B: Array, first: int, count: int) -> Array:
    """Draws ``first`` to ``first + count - 1`` of each stream: 64 random bits each, shape [B, count].

    In memory the batch comes last, and so it does in all that is made of draws: operations on a few columns of long batches
    then run along contiguous memory, several times faster.
    """
    xp = namespace(stream_B)
    numbers = xp.arange(first + 1, first + count + 1, dtype=xp.int64, device=stream_B.device)
    return _mix(stream_B[None, :] + (numbers * _GOLDEN_GAMMA)[:, None]).T


def integers(bits: Array, upper: Array | int) -> Array:
    """Uniform integers in [0, upper), ``upper`` at most 2**31; the bias is below ``upper`` / 2**31."""
    value = bits >> 33
    value &= 0x7FFFFFFF
    value = value * upper
    value >>= 31
    return value


def key_of(*words: int | str) -> int:
    """One int64 key for a tuple of integers and strings such as ``(seed, "validation")``."""
    numbers: list[int] = []
    for word in words:
        numbers.extend([len(word), *word.encode()] if isinstance(word, str) else [operator.index(word) % 2**64])
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0].astype(np.int64))


def generator(*words: int | str) -> np.random.Generator:
    """A NumPy generator for things made once per world (mazes, preference vectors, splits)."""
    return np.random.default_rng(key_of(*words) % 2**64)


def distinct(bits_BD: Array, available_B: Array, taken: Sequence[Array] = ()) -> Array:
    """Draw D different integers per row, uniformly from [0, available) without the ``taken`` ones.

    Args:
        bits_BD: random bits from :func:`draws`.
        available_B: exclusive upper bound of each row.
        taken: integers [B] that must not be drawn; within a row all different and below the bound.

    Returns:
        int64 [B, D].
    """
    xp = namespace(bits_BD)
    chosen, used = list(taken), list[Array]()
    for column in range(bits_BD.shape[1]):
        for value in chosen[len(used) :]:
            # Sorted into the used ones, of which each row has its own order.
            for place, other in enumerate(used):
                used[place], value = xp.minimum(other, value), xp.maximum(other, value)
            used.append(value)
        value = integers(bits_BD[:, column], available_B - len(used))
        for other in used:
            # The value counts the free integers only: step over each used one in ascending order.
            value += value >= other
        chosen.append(value)
    return xp.stack(chosen[len(taken) :], axis=0).T
