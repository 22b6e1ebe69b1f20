"""Where environments and learners meet: recipes, worlds, scores, runs, reports, theory, speed and the command line."""

import os
import sys

TORCH_CAME_FIRST = "torch" in sys.modules and "OMP_WAIT_POLICY" not in os.environ
"""Whether it is too late to say how torch's threads wait; see :mod:`compworld.benchmarks.runs.threads`."""

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
