"""The engine of a Slurm cluster: an array job of submitit with an entry for each run."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.claims import patiently
from compworld.benchmarks.runs.workers import Ended, Events, Task, answer, in_one_line

ASK_EVERY = 1.0
"""Seconds between two looks at the jobs; submitit asks Slurm itself less often."""


def slurm_array(
    task: Task[RunConfig],
    named: Sequence[tuple[str, RunConfig]],
    workers: int | None = None,
    *,
    logs: Path,
    cluster: str = "slurm",
    parameters: Mapping[str, Any] = MappingProxyType({}),
) -> Events:
    """As :func:`compworld.benchmarks.runs.workers.side_by_side`, each call in an entry of an array job.

    An entry that is preempted or reaches its time limit is submitted again, and resumes.

    Args:
        task: the function.
        named: the settings.
        workers: entries at a time.
        logs: folder of submitit's files, which all nodes see.
        cluster: of ``submitit.AutoExecutor``: ``"slurm"``, or ``"local"`` to try it out.
        parameters: of submitit, such as ``{"timeout_min": 600, "slurm_partition": "long"}``.

    Raises:
        ValueError: submitit or Slurm is not there, or does not know a parameter.
    """
    try:
        import submitit
    except ImportError as error:
        raise ValueError(f"executor 'slurm' is missing ({error}); pip install \"compworld[slurm]\"") from None
    if not named:
        return
    try:
        executor = submitit.AutoExecutor(folder=logs, cluster=cluster)
        if workers is not None:
            executor.update_parameters(slurm_array_parallelism=workers)
        executor.update_parameters(**{"name": "compworld", "cpus_per_task": 1, "timeout_min": 24 * 60, **parameters})
    except (RuntimeError, NameError) as error:  # no Slurm here; no such parameter
        raise ValueError(f"executor 'slurm': {error}") from None
    with executor.batch():
        jobs = {name: executor.submit(_Call(task, name, config)) for name, config in named}
    try:
        while jobs:
            for name, job in list(jobs.items()):
                if job.done():
                    del jobs[name]
                    yield _ended(name, job)
            if jobs:
                time.sleep(ASK_EVERY)
    finally:
        for job in jobs.values():
            job.cancel()


class _Call:
    """What an entry does; pickled."""

    def __init__(self, task: Task[RunConfig], name: str, config: RunConfig) -> None:
        self.task, self.name, self.config = task, name, config

    def __call__(self) -> Ended:
        import torch

        torch.set_num_threads(1)
        return patiently(partial(answer, self.task, self.name, self.config))

    def checkpoint(self) -> Any:
        """What submitit submits when time is up: the same, for a run resumes by itself."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def _ended(name: str, job: Any) -> Ended:
    try:
        ended: Ended = job.result()
    except Exception as error:  # submitit's own, or whatever a job that died left behind
        return Ended(name, in_one_line(error))
    return ended
