"""Many runs side by side, each in a process of its own with one thread."""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from benchmarks.config import RunConfig

Progress = Callable[[str, int, float], None]
"""Called in this process with a run's id, its outer steps done and its latest validation loss."""

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
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        updates = manager.Queue()
        count = min(len(configs), workers or os.cpu_count() or 1)
        pool = ProcessPoolExecutor(count, mp_context=context, initializer=start_worker, initargs=(updates,))
        futures: list[Future[dict[str, Any]]] = [pool.submit(_run_one, config, root) for config in configs]
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


def start_worker(updates: Any = None) -> None:
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


def _run_one(config: RunConfig, root: Path) -> dict[str, Any]:
    from benchmarks.runner import run

    result = run(config, root, lambda step, loss: _updates.put((config.run_id, step, loss)))
    _updates.put((config.run_id, config.outer.steps, float("nan")))
    return result


def _forward(updates: Any, progress: Progress) -> None:
    while True:
        try:
            progress(*updates.get_nowait())
        except queue.Empty:
            return
