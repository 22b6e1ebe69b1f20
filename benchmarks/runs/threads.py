"""Threads that wait must sleep, and there must not be more of them than cores.

Threads of torch's pool that have nothing to do spin on the cores that compiled code of other threads needs, unless the
environment variable ``OMP_WAIT_POLICY`` says otherwise when torch is loaded. Importing ``compworld.benchmarks`` sets it, which
works where that comes before torch: in the command, and in workers, which inherit it.
"""

import warnings

import joblib
import torch

from compworld import benchmarks


def limit_threads() -> None:
    """Let torch have no more threads than this process may use cores: of a container's limit it knows nothing."""
    torch.set_num_threads(min(torch.get_num_threads(), joblib.cpu_count()))


def warn_of_spinning_threads() -> None:
    """One line, where the policy was set too late and there are threads that could spin."""
    if benchmarks.TORCH_CAME_FIRST and torch.get_num_threads() > 1:
        warnings.warn(
            "torch was loaded before compworld.benchmarks, so that its waiting threads spin: on a busy machine a step takes "
            "several times the processor time; import compworld.benchmarks first, set OMP_WAIT_POLICY=PASSIVE, or use 1 thread",
            RuntimeWarning,
            stacklevel=3,
        )
