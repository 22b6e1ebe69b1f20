"""A forked process does not inherit torch's threads and would wait for them for ever: it goes on with one."""

import os

import torch

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))
