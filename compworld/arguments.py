"""What callers pass: numbers of Python, NumPy, torch or jax, read alike, and refused in one line that says what is allowed."""

import contextlib
import inspect
import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

LARGEST_SEED = 2**63 - 1
"""Seeds and worlds enter keys of 64 bits: larger ones would give the same draws as smaller ones."""


class UnknownKeyword(TypeError, ValueError):
    """A keyword that is not taken: a TypeError as Python raises it, and a ValueError as all that is refused here.

    Attributes:
        keyword: the name.
        allowed: those that are.
    """

    def __init__(self, message: str, keyword: str = "", allowed: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.keyword, self.allowed = keyword, tuple(allowed)


def unknown_keyword(whose: str, keyword: str, allowed: Iterable[str]) -> UnknownKeyword:
    """The error for a keyword that something does not take."""
    allowed = tuple(allowed)
    names = ", ".join(map(repr, allowed)) or "none"
    return UnknownKeyword(f"{whose} got an unexpected keyword argument {keyword!r}; allowed: {names}", keyword, allowed)


@contextlib.contextmanager
def keywords_of(function: Callable[..., Any], handed_on: Collection[str]) -> Iterator[None]:
    """Of a function that hands keywords on: name its own, too, where one of them is not taken."""
    try:
        yield
    except UnknownKeyword as error:
        if error.keyword not in handed_on:
            raise
        own = [name for name, one in inspect.signature(function).parameters.items() if one.kind is not one.VAR_KEYWORD]
        raise unknown_keyword(function.__name__, error.keyword, (*own, *error.allowed)) from None


def integer(name: str, value: Any, least: int = 0, most: int | None = None) -> int:
    """An integer in a range; NumPy's and 0-d arrays of any library count, truth values do not.

    Args:
        name: of the argument, for the error.
        value: what was passed.
        least, most: the range, ends included; no upper end for None.

    Raises:
        ValueError: it is none, or outside the range.
    """
    try:
        if _is_truth_value(value) or getattr(value, "ndim", 0) != 0:
            raise TypeError
        number = operator.index(value)
    except Exception:  # other libraries raise errors of their own
        number = least - 1
    if number < least or (most is not None and number > most):
        raise ValueError(f"{name} is {shown(value)}; allowed: integers from {least}{'' if most is None else f' to {most}'}")
    return number


def number(name: str, value: Any, above: float = -np.inf, below: float = np.inf) -> float:
    """A number between two others, of the same kinds as for :func:`integer`.

    Raises:
        ValueError: it is none.
    """
    try:
        if _is_truth_value(value) or isinstance(value, str | bytes) or getattr(value, "ndim", 0) != 0:
            raise TypeError
        found = float(value)
    except Exception:  # other libraries raise errors of their own
        found = np.nan
    if not above < found < below:  # also for not-a-number
        allowed = "finite numbers" if above == -np.inf else f"above {above:g} and below {below:g}"
        raise ValueError(f"{name} is {shown(value)}; allowed: {allowed}")
    return found


def flag(name: str, value: Any) -> bool:
    """A truth value, of Python or of an array library.

    Raises:
        ValueError: it is none.
    """
    if not _is_truth_value(value):
        raise ValueError(f"{name} is {shown(value)}; allowed: True, False")
    return bool(value)


def choice(name: str, value: Any, allowed: Iterable[str]) -> str:
    """One of the allowed words.

    Raises:
        ValueError: it is none of them.
    """
    words = list(allowed)
    if not isinstance(value, str) or value not in words:
        raise ValueError(f"unknown {name} {shown(value)}; allowed: {', '.join(map(repr, words))}")
    return str(value)


def named_options(name: str, value: Any, allowed: Iterable[str] | None = None) -> dict[str, Any]:
    """A dict of options by name; empty for None.

    Raises:
        ValueError: it is no dict with strings as keys, or has a key that is not allowed.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ValueError(f"{name} are {shown(value)}; allowed: a dict of options by name, or None")
    words = None if allowed is None else list(allowed)
    for key in value:
        if words is not None and key not in words:
            raise ValueError(f"unknown {name.removesuffix('s')} {shown(key)}; allowed: {', '.join(map(repr, words))}")
    return dict(value)


def array(name: str, value: Any, shape: tuple[int, ...], kinds: str, allowed: str) -> np.ndarray:
    """An array of a shape and a kind of numbers, from arrays of any library and from lists.

    Args:
        name: of the argument with its verb, such as ``"actions are"``, for the error.
        value: what was passed.
        shape: that it must have.
        kinds: of NumPy's dtypes that are taken, such as ``"iu"``.
        allowed: what is, in words.

    Raises:
        ValueError: it is of another shape or kind.
    """
    try:
        found = np.asarray(value)
    except Exception:  # other libraries raise errors of their own
        found = np.asarray(None)
    if found.shape != shape or found.dtype.kind not in kinds:
        raise ValueError(f"{name} {shown(value)}; allowed: {allowed}")
    return found


def shown(value: Any) -> str:
    """A value in one line of at most 100 characters."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # a repr of somebody else's
        text = f"a {type(value).__name__}"
    return text if len(text) <= 100 else f"{text[:97]}..."


def in_terminal(text: str) -> str:
    """The text with characters that cannot be printed, such as those that steer a terminal, written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def _is_truth_value(value: Any) -> bool:
    if isinstance(value, bool | np.bool_):
        return True
    return "bool" in str(getattr(value, "dtype", "")) and getattr(value, "ndim", None) == 0


def plain(value: Any) -> Any:
    """A 0-d value of an array library as Python's own, so that it can be written as JSON; anything else as it is."""
    return value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value
