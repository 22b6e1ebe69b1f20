"""Threads and workers are as many as the cores that a process may use, however many the machine has."""

import os
from collections.abc import Iterator

import pytest
import torch

from compworld.benchmarks.runs import workers
from compworld.benchmarks.runs.threads import limit_threads


@pytest.fixture
def one_core() -> Iterator[None]:
    """This process may use one core, as in a job that asked for no more."""
    allowed, threads = os.sched_getaffinity(0), torch.get_num_threads()
    os.sched_setaffinity(0, {min(allowed)})
    yield
    os.sched_setaffinity(0, allowed)
    torch.set_num_threads(threads)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity of Linux")
def test_one_core_has_one_thread_and_one_worker(one_core: None, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(4)
    limit_threads()
    assert torch.get_num_threads() == 1
    asked: list[int] = []
    monkeypatch.setattr(workers, "_side_by_side", lambda task, named, number, wait: asked.append(number))
    workers.side_by_side(len, [("one", ())])
    assert asked == [1]
