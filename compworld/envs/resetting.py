"""What the ``reset`` of a vector environment is asked for, read before anything is changed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from compworld.arguments import array, integer, shown

UNKNOWN_SEED = -1
"""Gymnasium's ``np_random_seed`` where there is not one seed for all."""


def read_seeds(seed: Any, num_envs: int) -> tuple[list[int | None], int | None]:
    """The seed of each environment, None for those whose stream goes on; and the one that stands for all of them.

    Raises:
        ValueError: neither an integer from 0, nor one or None for each environment.
    """
    if seed is None:
        return [None] * num_envs, None
    if isinstance(seed, str) or not (isinstance(seed, Sequence) or getattr(seed, "ndim", None)):
        first = integer("seed", seed)
        return [first + index for index in range(num_envs)], first
    if len(seed) != num_envs:
        raise ValueError(f"number of seeds is {len(seed)}; allowed: {num_envs}, one per environment")
    return [None if each is None else integer("seed", each) for each in seed], UNKNOWN_SEED


def read_mask(mask: Any, num_envs: int) -> np.ndarray:
    """Numbers of the environments that are reset: all for None. Lists are refused, as Gymnasium's wrappers refuse them.

    Raises:
        ValueError: no array of bools, one for each environment, or none of them True.
    """
    if mask is None:
        return np.arange(num_envs)
    allowed = f"a bool array of shape ({num_envs},) with some True"
    where = np.flatnonzero(array("reset_mask is", mask, (num_envs,), "b", allowed))
    if not len(where) or not hasattr(mask, "dtype"):
        raise ValueError(f"reset_mask is {shown(mask)}; allowed: {allowed}")
    return where


def read_each(key: str, options: dict[str, Any], count: int) -> list[Any] | None:
    """The option ``key`` of each environment that is reset, None where it is not given.

    Raises:
        ValueError: neither a dict nor a list of so many.
    """
    if key not in options:
        return None
    given = options[key]
    if isinstance(given, Mapping):
        return [given] * count
    if not isinstance(given, list | tuple | np.ndarray) or len(given) != count:
        raise ValueError(f"reset option {key!r} is {shown(given)}; allowed: one {key} or a list of {count}")
    return list(given)
