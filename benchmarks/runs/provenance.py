"""Package versions and hardware, which go with every result."""

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("compworld", "torch", "numpy", "gymnasium", "minigrid")


def provenance() -> dict[str, Any]:
    """``python``, ``packages`` and ``hardware`` of this machine."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    hardware = {
        "processor": _processor(),
        "cores": psutil.cpu_count() or 0,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.system(),
    }
    return {"python": platform.python_version(), "packages": versions, "hardware": hardware}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor())
