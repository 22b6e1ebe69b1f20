"""What must be said before any test module loads torch, and what tests must not inherit."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Told to the `make` that runs the tests, and not to those that tests run: `make test ARGS=...` sets their ARGS, too.
for name in ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MAKELEVEL"):
    os.environ.pop(name, None)
