"""The rulebook is written once for NumPy and torch; this module finds out which of the two an array belongs to."""

from functools import cache
from importlib import import_module
from typing import Any

import array_api_compat
import array_api_compat.numpy
import numpy as np

from compworld.arguments import choice

Array = Any
"""A NumPy array or a torch tensor. The names of arrays end in their axes, e.g. ``weights_BM``."""


def namespace(array: Array) -> Any:
    """The array-API namespace (NumPy's or torch's) that ``array`` belongs to."""
    if isinstance(array, np.ndarray):  # the common case, many times faster than the general look-up
        return array_api_compat.numpy
    return array_api_compat.array_namespace(array)


def backend(name: str) -> Any:
    """The array-API namespace by name; torch is imported only when asked for.

    Raises:
        ValueError: for a name other than ``"numpy"`` or ``"torch"``.
    """
    return _imported(choice("backend", name, ("numpy", "torch")))


@cache
def _imported(name: str) -> Any:
    return import_module(f"array_api_compat.{name}")


class Tables:
    """Named constant NumPy arrays, served in the namespace and on the device of the array that they are used with."""

    def __init__(self, **arrays: np.ndarray) -> None:
        self._served: dict[Any, dict[str, Array]] = {"cpu": arrays}

    def like(self, array: Array) -> dict[str, Array]:
        if isinstance(array, np.ndarray):
            return self._served["cpu"]
        device = array.device
        if device not in self._served:
            xp = namespace(array)
            self._served[device] = {name: xp.asarray(table, device=device) for name, table in self._served["cpu"].items()}
        return self._served[device]

    def __getstate__(self) -> dict[str, np.ndarray]:
        return self._served["cpu"]

    def __setstate__(self, arrays: dict[str, np.ndarray]) -> None:
        self._served = {"cpu": arrays}
