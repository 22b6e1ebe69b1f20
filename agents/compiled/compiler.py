"""How functions are compiled, and where what was compiled is kept."""

import ast
import contextlib
import hashlib
import importlib.util
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

OPTIONS: Any = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz"}}
"""Sums may be reordered and products fused; infinities and NaN keep their meaning, for a step that failed must be seen."""

compiled = numba.njit(**OPTIONS)
"""For functions that compiled ones call."""


def entry_point(function: Callable[..., Any]) -> Any:
    """For functions that Python calls: compiled once for each processor and version of the sources, then read from disk.

    Numba looks at the file of the function alone; here the folder's name stands for all sources that it is made from.
    """
    settings: Any = numba.config
    chosen = settings.CACHE_DIR
    folder = _folder(chosen)
    if folder is None:  # compiled anew by every process
        return numba.njit(**OPTIONS)(function)
    settings.CACHE_DIR = str(folder / f"compiled-{hash_of_sources(function.__module__)}")
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    finally:
        settings.CACHE_DIR = chosen


def kept() -> Path | None:
    """Where compiled code is kept, in folders called ``compiled-`` and a hash; None if nowhere."""
    settings: Any = numba.config
    return _folder(settings.CACHE_DIR)


def hash_of_sources(module: str) -> str:
    """Of a module and of all modules of this package that it imports, directly or not."""
    package, seen, waiting = __name__.partition(".compiled")[0], set[str](), [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [found for found in _imported(name) if f"{found}.".startswith(f"{package}.")]
    return hashlib.sha256(b"".join(_source(name) for name in sorted(seen))).hexdigest()[:16]


@cache
def _imported(module: str) -> list[str]:
    """Names of the modules that a module's source imports."""
    names = []
    for node in ast.walk(ast.parse(_source(module))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names += [name for alias in node.names if _exists(name := f"{node.module}.{alias.name}")]
    return names


@cache
def _source(module: str) -> bytes:
    specification = importlib.util.find_spec(module)
    assert specification is not None
    assert specification.origin is not None
    return Path(specification.origin).read_bytes()


@cache
def _exists(module: str) -> bool:
    if module.partition(".")[0] != __name__.partition(".")[0]:
        return False
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # what would hold it is no package
        return False


def _folder(chosen: str) -> Path | None:
    """The first folder that can be written; a user's choice, beside the sources, or at home. None if there is none."""
    places = [Path(chosen)] if chosen else []
    places.append(Path(__file__).parent / "__pycache__")
    with contextlib.suppress(RuntimeError):  # no home
        places.append(Path.home() / ".cache" / "compworld")
    return next((place for place in places if _can_be_written(place)), None)


def _can_be_written(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
