"""How functions are compiled, and where what was compiled is kept."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

OPTIONS: Any = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz"}}
"""Sums may be reordered and products fused; infinities and NaN keep their meaning, for a step that failed must be seen."""

compiled = numba.njit(**OPTIONS)
"""For functions that compiled ones call."""


def entry_point(function: Callable[..., Any]) -> Any:
    """For functions that Python calls: compiled once for each processor and version of the sources, then read from disk.

    Numba looks at the file of the function alone; here the folder's name stands for all files that it is made from.
    """
    settings: Any = numba.config
    chosen = settings.CACHE_DIR
    settings.CACHE_DIR = str(_folder(chosen) / f"compiled-{_hash_of_sources()}")
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    finally:
        settings.CACHE_DIR = chosen


def _folder(chosen: str) -> Path:
    beside = Path(__file__).parent / "__pycache__"
    if chosen:
        return Path(chosen)
    return beside if os.access(beside if beside.exists() else beside.parent, os.W_OK) else Path.home() / ".cache" / "compworld"


def _hash_of_sources() -> str:
    here = Path(__file__).parent
    files = [
        *sorted(here.glob("*.py")),
        *(here.parent / name for name in ("adamw.py", "embedding.py")),
    ]  # whose constants are used
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
