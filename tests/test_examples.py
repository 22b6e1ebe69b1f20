"""Every example runs as a script, without a warning."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted(path.name for path in (Path(__file__).parent.parent / "examples").glob("[a-z]*.py"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_runs(name: str) -> None:
    path = Path(__file__).parent.parent / "examples" / name
    done = subprocess.run([sys.executable, "-W", "error", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
