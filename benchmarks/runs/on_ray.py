"""The engine of a Ray cluster: a task of one core for each run, tried again elsewhere when its node dies."""

import os
import sys
from collections.abc import Sequence

from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.claims import patiently
from compworld.benchmarks.runs.workers import Ended, Events, Task, answer, in_one_line

RETRIES = 5


def ray_tasks(task: Task[RunConfig], named: Sequence[tuple[str, RunConfig]], workers: int | None = None) -> Events:
    """As :func:`compworld.benchmarks.runs.workers.side_by_side`, on a cluster.

    It is that of RAY_ADDRESS or of this machine, else a new one.

    The folder of runs must be on a file system that all nodes share. Only how a run ended comes back.

    Args:
        task: the function.
        named: the settings.
        workers: cores of a new cluster; a cluster that exists has its own.

    Raises:
        ValueError: Ray is not installed.
    """
    try:
        import ray
    except ImportError as error:
        raise ValueError(f"executor 'ray' is missing ({error}); pip install \"compworld[ray]\"") from None
    # Workers end with this process, and waiting threads sleep.
    variables = {"OMP_WAIT_POLICY": "PASSIVE", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    options = {"runtime_env": {"env_vars": variables}, "log_to_driver": False}
    if not ray.is_initialized():
        try:
            ray.init("auto", **options)
        except ConnectionError:
            ray.init("local", num_cpus=workers, include_dashboard=False, **options)
    remote = ray.remote(num_cpus=1, max_retries=RETRIES)(_call)
    pending = {remote.remote(task, name, config): name for name, config in named}
    try:
        while pending:
            (done,), _ = ray.wait(list(pending), num_returns=1)
            name = pending.pop(done)
            try:
                yield ray.get(done)
            except ray.exceptions.RayError as error:
                yield Ended(name, in_one_line(error))
    finally:
        for left in pending:
            ray.cancel(left, force=True)


def _call(task: Task[RunConfig], name: str, config: RunConfig) -> Ended:
    import torch

    torch.set_num_threads(1)
    return patiently(lambda: answer(task, name, config))
