"""What torch is set to while a run goes on, whatever the program around it has set."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def of_a_run() -> Iterator[None]:
    """Single precision and gradients: a run depends on its config alone. Also decorates functions."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(before)
