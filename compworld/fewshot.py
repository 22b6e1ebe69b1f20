"""Few-shot tasks: demonstrations of a task to adapt to (support set) and further ones to be scored on (query set).

For the Teacher an episode is one labelled input.

Axes: T tasks, E episodes, N samples, R active rows (Teacher: inputs), A actions, M modules.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from compworld import randomness
from compworld.backends import Array, backend, namespace
from compworld.demonstrations import demonstrate
from compworld.experts import Expert, expert_for
from compworld.families import Family, GridFamily, Teacher
from compworld.tasks.splits import Split


@dataclass(frozen=True)
class Samples:
    """Steps of each task's demonstrations, packed: the steps after an episode's end are left out."""

    rows_TNR: Array
    """int64; observation as indices of active rows, see :meth:`GridFamily.active_rows`. Teacher: float32, the inputs."""
    actions_TN: Array
    """int64; the demonstrated action. Teacher: the largest of its outputs."""
    action_values_TNA: Array
    """float32; the expert's action values. Teacher: its outputs, or the probabilities of the classes."""
    episode_TN: Array
    """int64; which of the task's episodes the step belongs to."""
    valid_TN: Array
    """bool; False for the padding at the end of tasks with fewer steps than others."""

    def __getitem__(self, tasks: slice) -> "Samples":
        return Samples(*(getattr(self, name)[tasks] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class FewShotBatch:
    """A meta-batch of tasks."""

    support: Samples
    query: Samples
    weights_TM: Array
    """float64; the tasks themselves: the weight of each module. For oracles and probes only."""

    def __len__(self) -> int:
        return len(self.weights_TM)

    def __getitem__(self, tasks: slice) -> "FewShotBatch":
        return FewShotBatch(self.support[tasks], self.query[tasks], self.weights_TM[tasks])


def task_streams(seed: int, purpose: str, numbers: Array) -> Array:
    """The random stream of each task of an endless sequence, int64 [T]; episode e of a task is ``stream(task_stream, e)``."""
    xp = namespace(numbers)
    key = xp.full_like(numbers, randomness.key_of("tasks", seed, purpose))
    return randomness.stream(key, numbers)


def make_batch(
    family: Family, expert: Expert | None, streams_T: Array, weights_TM: Array, support_episodes: int, query_episodes: int
) -> FewShotBatch:
    """Demonstrations for given tasks; support and query episodes are different ones of the task's stream."""
    xp = namespace(streams_T)
    tasks, episodes = len(streams_T), support_episodes + query_episodes
    streams = randomness.stream(streams_T[:, None], xp.arange(episodes, device=streams_T.device)[None, :])
    if isinstance(family, Teacher):
        labelled = _labelled(family, streams, weights_TM)
        return FewShotBatch(
            _samples_of(labelled, 0, support_episodes), _samples_of(labelled, support_episodes, episodes), weights_TM
        )
    assert isinstance(family, GridFamily)
    assert expert is not None
    weights = xp.repeat(weights_TM, episodes, axis=0)
    shown = demonstrate(family, expert, family.place(xp.reshape(streams, (-1,)), weights))

    def samples(first: int, last: int) -> Samples:
        steps = shown.valid_BL.shape[1]
        valid = xp.reshape(xp.reshape(shown.valid_BL, (tasks, episodes, steps))[:, first:last], (tasks, -1))
        longest = int(xp.max(xp.sum(xp.astype(valid, xp.int64), axis=1)))
        order = xp.argsort(xp.astype(~valid, xp.int64), axis=1, stable=True)[:, :longest]
        rows = (xp.arange(tasks, device=order.device) * episodes * steps)[:, None] + first * steps + order
        return Samples(
            xp.reshape(shown.rows_BLR, (tasks * episodes * steps, -1))[rows],
            xp.reshape(shown.actions_BL, (-1,))[rows],
            xp.reshape(shown.action_values_BLA, (tasks * episodes * steps, -1))[rows],
            order // steps,
            xp.take_along_axis(valid, order, axis=1),
        )

    return FewShotBatch(samples(0, support_episodes), samples(support_episodes, episodes), weights_TM)


def _labelled(teacher: Teacher, streams_TN: Array, weights_TM: Array) -> Samples:
    """One input per stream, with what each task's teacher says about it."""
    xp = namespace(streams_TN)
    inputs = teacher.draw_inputs(streams_TN)
    labels = teacher.label(weights_TM, inputs)
    number = xp.zeros_like(streams_TN) + xp.arange(streams_TN.shape[1], device=streams_TN.device)
    return Samples(
        xp.astype(inputs, xp.float32),
        xp.argmax(labels, axis=2),
        xp.astype(labels, xp.float32),
        number,
        xp.ones_like(streams_TN, dtype=xp.bool),
    )


def _samples_of(samples: Samples, first: int, last: int) -> Samples:
    """Some of every task's episodes of one step each, counted from 0 again."""
    part = Samples(*(getattr(samples, name)[:, first:last] for name in samples.__dataclass_fields__))
    return replace(part, episode_TN=part.episode_TN - first)


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
        expert = expert_for(family) if isinstance(family, GridFamily) else None
        candidates = xp.asarray(pool, device=device)
        first = start
        while True:
            numbers = xp.arange(first, first + tasks, dtype=xp.int64, device=device)
            streams = task_streams(seed, which, numbers)
            weights = family.draw_weights(streams, candidates)
            yield make_batch(family, expert, streams, weights, support_episodes, query_episodes)
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
