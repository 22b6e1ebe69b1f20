"""Few-shot tasks: demonstrations of a task to adapt to (support set) and further ones to be scored on (query set).

For the Teacher an episode is one labelled input.

Axes: T tasks, E episodes, N samples, R active rows, M modules.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from compworld import randomness
from compworld.backends import Array, backend, namespace
from compworld.families import Family, GridFamily
from compworld.families.samples import Samples
from compworld.modules.splits import Split


@dataclass(frozen=True)
class FewShotBatch:
    """A meta-batch of tasks."""

    support: Samples
    query: Samples
    weights_TM: Array
    """float64; the tasks themselves: the weight of each module. Only for who is told the task, and for probes."""

    def __len__(self) -> int:
        return len(self.weights_TM)

    def __getitem__(self, tasks: slice) -> "FewShotBatch":
        return FewShotBatch(self.support[tasks], self.query[tasks], self.weights_TM[tasks])


def task_streams(seed: int, purpose: str, numbers: Array) -> Array:
    """The random stream of each task of an endless sequence, int64 [T]; episode e of a task is ``stream(task_stream, e)``."""
    xp = namespace(numbers)
    key = xp.full_like(numbers, randomness.key_of("tasks", seed, purpose))
    return randomness.stream(key, numbers)


def make_batch(family: Family, streams_T: Array, weights_TM: Array, support_episodes: int, query_episodes: int) -> FewShotBatch:
    """Demonstrations for given tasks; support and query episodes are different ones of the task's stream."""
    xp = namespace(streams_T)
    episodes = xp.arange(support_episodes + query_episodes, device=streams_T.device)
    streams_TE = randomness.stream(streams_T[:, None], episodes[None, :])
    support, query = family.samples(streams_TE, weights_TM, (support_episodes, query_episodes))
    return FewShotBatch(support, query, weights_TM)


def few_shot_tasks(
    family: Family,
    split: Split,
    which: str = "train",
    *,
    tasks: int = 128,
    support_episodes: int | None = None,
    query_episodes: int | None = None,
    seed: int = 0,
    start: int = 0,
    backend_name: str = "numpy",
    device: Any = None,
    prefetch: bool = False,
) -> Iterator[FewShotBatch]:
    """An endless stream of meta-batches, deterministic in (family, split, which, seed) and independent of the batch size.

    Args:
        family: from :func:`compworld.make_family`.
        split: from :func:`compworld.make_split`.
        which: combinations of ``"train"``, ``"held_out"`` or ``"all"``.
        tasks: tasks per batch.
        support_episodes, query_episodes: demonstrations per task; by default the paper's.
        seed: of the stream.
        start: number of tasks to skip, e.g. to resume.
        backend_name: ``"numpy"`` or ``"torch"``.
        device: for torch.
        prefetch: make the next batch in a thread of its own while one is used.

    Raises:
        ValueError: unknown ``which`` or backend, or a number of tasks or episodes below 1.
    """
    support_episodes = family.shots if support_episodes is None else support_episodes
    query_episodes = family.shots if query_episodes is None else query_episodes
    for name, value in (("tasks", tasks), ("support_episodes", support_episodes), ("query_episodes", query_episodes)):
        if value < 1:
            raise ValueError(f"{name} is {value}; allowed: at least 1")
    pool, xp = split.pool(which), backend(backend_name)

    def batches() -> Iterator[FewShotBatch]:
        candidates = xp.asarray(pool, device=device)
        first = start
        while True:
            numbers = xp.arange(first, first + tasks, dtype=xp.int64, device=device)
            streams = task_streams(seed, which, numbers)
            weights = family.draw_weights(streams, candidates)
            yield make_batch(family, streams, weights, support_episodes, query_episodes)
            first += tasks

    return _prefetched(batches()) if prefetch else batches()


def _prefetched(batches: Iterator[FewShotBatch]) -> Iterator[FewShotBatch]:
    with ThreadPoolExecutor(1, "demonstrations") as maker:
        upcoming = maker.submit(next, batches)
        while True:
            batch = upcoming.result()
            upcoming = maker.submit(next, batches)
            yield batch


def dense(family: GridFamily, rows: np.ndarray) -> np.ndarray:
    """Dense symbolic observations [..., rows, columns, features + 2] (uint8) of active rows [..., R]."""
    table = np.concatenate(
        [np.eye(family.input_size, dtype=np.uint8), family.wall_rows, np.zeros((1, family.input_size), dtype=np.uint8)]
    )
    return np.asarray(table[rows].sum(axis=-2, dtype=np.uint8)).reshape(*rows.shape[:-1], *family.shape, family.channels)
