"""What Gymnasium's wrappers to other array libraries (``NumpyToTorch``, ``ArrayConversion``, ...) do with text.

No array library has strings, so that Gymnasium ends in an error where an observation or an ``info`` holds one. Its conversion
is a single-dispatch function, which is told here that text stays as it is, and that arrays of objects are converted one by one.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from gymnasium.wrappers.array_conversion import array_conversion

_convert_arrays = array_conversion.dispatch(Iterable)


@array_conversion.register(str)
def _text(value: str, xp: Any, device: Any = None) -> str:
    return value


@array_conversion.register(np.ndarray)
def _array(value: np.ndarray, xp: Any, device: Any = None) -> Any:
    if value.dtype.kind == "U":
        return value
    if value.dtype != object:
        return _convert_arrays(value, xp, device)
    converted = np.empty_like(value)
    for place in np.ndindex(value.shape):
        converted[place] = array_conversion(value[place], xp, device)
    return converted
