"""Many settings side by side, each in a process of its own with one thread."""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.recipes.config import RunConfig

Setting = TypeVar("Setting")
Tell = Callable[[int, float], None]
"""Called by a worker with the steps done and the latest loss."""
Progress = Callable[[str, int, float], None]
"""Called in this process with a setting's name, its steps done and its latest loss; not a number when it has finished."""

_updates: Any = None


def run_all(
    configs: Sequence[RunConfig], root: Path, workers: int | None = None, progress: Progress = lambda run, step, loss: None
) -> list[dict[str, Any]]:
    """Run all configs that have no result yet, ``workers`` (by default one per core) at a time.

    Returns:
        Their results, in the order of ``configs``.

    Raises:
        KeyboardInterrupt, or the first error of a run: the others are stopped; whatever has finished stays, and the same call
            continues the rest.
    """
    named = [(config.run_id, config) for config in configs]
    return side_by_side(partial(_run_one, root), named, workers, progress)


def _run_one(root: Path, config: RunConfig, tell: Tell) -> dict[str, Any]:
    from benchmarks.runs.run import run

    result = run(config, root, tell)
    tell(config.steps, float("nan"))
    return result


def side_by_side(
    task: Callable[[Setting, Tell], dict[str, Any]],
    named: Sequence[tuple[str, Setting]],
    workers: int | None = None,
    progress: Progress = lambda name, step, loss: None,
) -> list[dict[str, Any]]:
    """Call a function, which must be importable, for every setting with its name; see :func:`run_all`."""
    if workers is not None and workers < 1:
        raise ValueError(f"workers are {workers}; allowed: at least 1")
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        updates = manager.Queue()
        count = max(1, min(len(named), workers or os.cpu_count() or 1))
        pool = ProcessPoolExecutor(count, mp_context=context, initializer=_start_worker, initargs=(updates,))
        futures: list[Future[dict[str, Any]]] = [pool.submit(_told, task, name, setting) for name, setting in named]
        try:
            pending = set(futures)
            while pending:
                done, pending = wait(pending, timeout=0.2)
                _forward(updates, progress)
                for future in done:
                    future.result()
            _forward(updates, progress)
            return [future.result() for future in futures]
        except BaseException:
            processes = list(pool._processes.values())
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.terminate()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _told(task: Callable[[Setting, Tell], dict[str, Any]], name: str, setting: Setting) -> dict[str, Any]:
    return task(setting, lambda step, loss: _updates.put((name, step, loss)))


def _start_worker(updates: Any) -> None:
    """Prepare a worker process: one thread, not to outlive its parent, and where it reports to."""
    global _updates
    import torch

    # Ctrl-C reaches the whole process group; the parent alone decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    _updates = updates
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed cannot stop its workers; what they had not finished resumes from its checkpoint."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _forward(updates: Any, progress: Progress) -> None:
    while True:
        try:
            progress(*updates.get_nowait())
        except queue.Empty:
            return
