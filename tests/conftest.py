"""What must be said before any test module loads torch, and what tests must not inherit."""

import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Told to the `make` that runs the tests, and not to those that tests run: `make test ARGS=...` sets their ARGS, too.
for name in ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MAKELEVEL"):
    os.environ.pop(name, None)


@pytest.fixture(autouse=True)
def of_this_test_alone() -> Iterator[None]:
    """Commands that a test calls say to the processes of this one where not to look for modules; the next test's may."""
    before = os.environ.get("PYTHONSAFEPATH")
    yield
    if before is None:
        os.environ.pop("PYTHONSAFEPATH", None)
