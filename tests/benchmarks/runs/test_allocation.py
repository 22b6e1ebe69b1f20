"""Memory that is freed stays with the process, and is used again."""

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import sys
import numpy as np
from compworld.benchmarks.runs.allocation import keep_freed_memory
from compworld.benchmarks.speed.memory import resident_mib

if sys.argv[1] == "keep":
    assert keep_freed_memory()
before = resident_mib()
for _ in range(20):
    blocks = [np.ones(2**20) for _ in range(8)]  # 8 MiB each
    del blocks
print(resident_mib() - before)
"""


def grown(argument: str) -> float:
    """Growth in MiB of a process that asked for 64 MiB twenty times and freed them."""
    plain = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD" and "MALLOC" not in name}
    result = subprocess.run([sys.executable, "-c", PROGRAM, argument], capture_output=True, text=True, check=True, env=plain)
    return float(result.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="an option of glibc")
def test_freed_memory_is_kept_once() -> None:
    assert grown("default") < 16
    assert 48 < grown("keep") < 96
