"""Threads that wait must sleep.

Threads of torch's pool that have nothing to do spin on the cores that compiled code of other threads needs, unless the
environment variable ``OMP_WAIT_POLICY`` says otherwise when torch is loaded. Importing ``benchmarks`` sets it, which works
where that comes before torch: in the command, and in workers, which inherit it.
"""

import warnings

import torch

import benchmarks


def warn_of_spinning_threads() -> None:
    """One line, where the policy was set too late and there are threads that could spin."""
    if benchmarks.TORCH_CAME_FIRST and torch.get_num_threads() > 1:
        warnings.warn(
            "torch was loaded before benchmarks, so that its waiting threads spin: on a busy machine a step takes several "
            "times the processor time; import benchmarks first, or set OMP_WAIT_POLICY=PASSIVE, or use one thread",
            RuntimeWarning,
            stacklevel=3,
        )
