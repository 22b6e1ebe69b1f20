"""Where environments and learners meet: recipes, runs, evaluation, results."""

import os

# Threads of torch's pool that have nothing to do must not spin on the cores that compiled code of other threads needs. The
# variable is read when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
