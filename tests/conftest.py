"""What must be said before any test module loads torch."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
