"""Few-shot tasks: demonstrations of a task to adapt to (support set) and further ones to be scored on (query set).

For the Teacher an episode is one labelled input.

Axes: T tasks, E episodes, N samples, R active rows, M modules.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from compworld import randomness
from compworld.arguments import LARGEST_SEED, flag, integer
from compworld.backends import Array, backend, namespace
from compworld.families import Family, GridFamily, check_split
from compworld.families.samples import Samples
from compworld.modules.splits import Split

MOST_TASKS = 2**20
"""Of a batch, and most episodes of a task: all of them are in memory at once."""


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
        ValueError: unknown ``which`` or backend, a number that is out of range, or a split of other combinations.
    """
    check_split(family, split)
    tasks = integer("tasks", tasks, 1, MOST_TASKS)
    shots = {"support_episodes": support_episodes, "query_episodes": query_episodes}
    episodes = [integer(name, family.shots if value is None else value, 1, MOST_TASKS) for name, value in shots.items()]
    seed, start = integer("seed", seed, most=LARGEST_SEED), integer("start", start, most=2**62)
    pool, xp = split.pool(which), backend(backend_name)

    def batch(first: int) -> FewShotBatch:
        numbers = xp.arange(first, first + tasks, dtype=xp.int64, device=device)
        streams = task_streams(seed, which, numbers)
        weights = family.draw_weights(streams, xp.asarray(pool, device=device))
        return make_batch(family, streams, weights, *episodes)

    numbers = count(start, tasks)
    return _prefetched(batch, numbers) if flag("prefetch", prefetch) else map(batch, numbers)


def _prefetched(batch: Callable[[int], FewShotBatch], numbers: Iterator[int]) -> Iterator[FewShotBatch]:
    """The batches that begin with these tasks, each made in a thread while the one before it is used.

    A fork leaves the thread behind: the child makes the batch that it waits for anew, by a thread of its own.
    """
    process, first = None, next(numbers)
    while True:
        if process != os.getpid():
            process, maker = os.getpid(), ThreadPoolExecutor(1, "demonstrations")
            upcoming = maker.submit(batch, first)
        made = upcoming.result()
        first = next(numbers)
        upcoming = maker.submit(batch, first)
        yield made


def dense(family: GridFamily, rows: np.ndarray) -> np.ndarray:
    """Dense symbolic observations [..., rows, columns, features + 2] (uint8) of active rows [..., R]."""
    table = np.concatenate(
        [np.eye(family.input_size, dtype=np.uint8), family.wall_rows, np.zeros((1, family.input_size), dtype=np.uint8)]
    )
    return np.asarray(table[rows].sum(axis=-2, dtype=np.uint8)).reshape(*rows.shape[:-1], *family.shape, family.channels)


def sparse(family: GridFamily, observations: np.ndarray) -> np.ndarray:
    """Inverse of :func:`dense`: the active rows, int64 [..., R], as :meth:`GridFamily.active_rows` gives them.

    Raises:
        ValueError: an observation shows no scene of the family's world.
    """
    flat = np.asarray(observations).reshape(-1, family.cells, family.channels)
    walls_BZ = (flat[:, None, :, -1] == family.walls.reshape(1, family.mazes, -1)).all(axis=2)
    agent_BC, things_BD = flat[:, :, -2] != 0, flat.copy()
    things_BD[:, :, -2:] = 0
    things_BD = things_BD.reshape(len(flat), -1) != 0
    impossible = ~walls_BZ.any(axis=1) | (agent_BC.sum(axis=1) != 1) | (things_BD.sum(axis=1) > family.objects)
    if impossible.any():
        raise ValueError(
            f"observation {np.flatnonzero(impossible)[0]} shows other walls or things than there are in {family.label!r}, "
            f"world {family.world}; allowed: symbolic observations of that world"
        )
    first_BO = np.argsort(~things_BD, axis=1, kind="stable")[:, : family.objects]
    objects_BO = np.where(np.take_along_axis(things_BD, first_BO, axis=1), first_BO, family.row_count - 1)
    agent_B = agent_BC.argmax(axis=1) * family.channels + family.features
    rows = np.concatenate([objects_BO, agent_B[:, None], family.input_size + walls_BZ.argmax(axis=1)[:, None]], axis=1)
    return rows.reshape(*np.shape(observations)[:-3], family.rows)
