"""Many calls side by side, each in a Python process of its own with one thread.

Such a process shares nothing with this one but two pipes, and needs nothing of the program that is running: it works from a
notebook, from standard input and from a script without ``if __name__ == "__main__"``. It ends when this process ends, however
that happens: its pipe closes, and on Linux the system kills it.
"""

import contextlib
import ctypes
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import joblib

from compworld.benchmarks.runs.claims import AGAIN_AFTER, Busy

Setting = TypeVar("Setting")
Tell = Callable[[int, float], None]
"""Called by a task with the steps done and the latest loss."""
Task = Callable[[Setting, Tell], Any]
"""Importable. What it finds, it writes to files; what it returns is not sent back."""


BUSY = "another process works on it"


@dataclass(frozen=True)
class Step:
    """How far a setting has come."""

    name: str
    step: int
    loss: float


@dataclass(frozen=True)
class Ended:
    """A setting is done, or why it is not."""

    name: str
    problem: str = ""
    trace: str = ""


Event = Step | Ended
Events = Generator[Event, None, None]


def side_by_side(
    task: Task[Setting], named: Sequence[tuple[str, Setting]], workers: int | None = None, *, wait: bool = True
) -> Events:
    """Call a task for every setting with its name; an iterator that is closed stops the others.

    A call that raises, or whose process dies, ends with a problem, and the others go on. One that raises
    :class:`compworld.benchmarks.runs.claims.Busy` is tried again later, or ends with the problem :data:`BUSY`.

    Args:
        task: the function.
        named: the settings, which must be picklable.
        workers: at a time; by default one for each core that this process may use.
        wait: for what other processes work on.

    Raises:
        ValueError: fewer than one worker.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"workers are {workers}; allowed: at least 1")
    return _side_by_side(task, named, workers or joblib.cpu_count(), wait)


def _side_by_side(task: Task[Setting], named: Sequence[tuple[str, Setting]], workers: int, wait: bool) -> Events:
    messages: queue.Queue[tuple[_Worker, Any]] = queue.Queue()
    waiting, later = deque(named), deque[tuple[float, tuple[str, Setting]]]()
    working: dict[_Worker, tuple[str, Setting]] = {}
    idle: list[_Worker] = []
    try:
        while waiting or later or working:
            while later and later[0][0] <= time.monotonic():
                waiting.append(later.popleft()[1])
            while waiting and len(working) < workers:
                worker = idle.pop() if idle else _Worker(messages)
                working[worker] = waiting.popleft()
                worker.call(task, *working[worker])
            try:
                worker, message = messages.get(timeout=AGAIN_AFTER)
            except queue.Empty:
                continue
            if isinstance(message, Step):
                yield message
            elif worker in working:
                name, setting = working.pop(worker)
                if message is None:
                    yield Ended(name, worker.epitaph())
                    continue
                idle.append(worker)
                if message is not Busy:
                    yield replace(message, name=name)
                elif wait:
                    later.append((time.monotonic() + AGAIN_AFTER, (name, setting)))
                else:
                    yield Ended(name, BUSY)
            else:  # an idle one that was killed
                idle.remove(worker)
    finally:
        for worker in (*working, *idle):
            worker.end()


class _Worker:
    """The other end of the pipes."""

    PROGRAM = (
        "import sys; parent, sys.path[:] = int(sys.argv[1]), sys.argv[2:]; "
        "from compworld.benchmarks.runs.workers import serve; serve(parent)"
    )
    """Its path is ours, to which nothing is added: a file in the working folder must not take the place of one of Python's."""

    def __init__(self, messages: "queue.Queue[tuple[_Worker, Any]]") -> None:
        command = [sys.executable, "-P", "-c", self.PROGRAM, str(os.getpid()), *map(str, sys.path)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._messages = messages
        threading.Thread(target=self._listen, name="listener", daemon=True).start()

    def call(self, task: Task[Setting], name: str, setting: Setting) -> None:
        """Let the process call a task; what comes of it will be among the messages."""
        pipe: Any = self._process.stdin
        with contextlib.suppress(OSError):  # it is dead, which its other pipe tells
            # Twice: the order is taken as bytes, before what it needs is imported.
            pickle.dump(pickle.dumps((task, name, setting)), pipe)
            pipe.flush()

    def end(self) -> int:
        """End the process, if it has not ended by itself; returns its exit code, below 0 for the signal that killed it."""
        self._process.kill()
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        return self._process.wait()

    def epitaph(self) -> str:
        """What the system says of a process that has ended by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        code = self.end()
        if code >= 0:
            return f"its process ended with exit code {code}"
        name = signal.Signals(-code).name if -code in list(signal.Signals) else f"signal {-code}"
        return f"its process was killed by {name}" + (", as a system does that is short of memory" * (name == "SIGKILL"))

    def _listen(self) -> None:
        with self._process.stdout as pipe:  # type: ignore[union-attr]
            while True:
                try:
                    message = pickle.load(pipe)
                except Exception:  # it ended, perhaps in the middle of a message
                    message = None
                self._messages.put((self, message))
                if message is None:
                    return


def serve(parent: int) -> None:
    """What a worker's process does: calls, until the other end is closed."""
    # Ctrl-C reaches the whole process group; the parent alone decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1  # prctl(2)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    orders_pipe, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)  # what a method prints is no answer
    orders: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_take_orders, args=(orders_pipe, orders), name="orders", daemon=True).start()

    import torch

    torch.set_num_threads(1)

    def send(message: Any) -> None:
        pickle.dump(message, answers)
        answers.flush()

    while True:
        order = orders.get()
        send(_answer(order, send))


def _answer(order: bytes, send: Callable[[Any], None]) -> Any:
    try:
        task, name, setting = pickle.loads(order)
    except Exception as error:  # such as a class of a notebook, which no other process can import
        return Ended("", in_one_line(error), traceback.format_exc())
    try:
        return answer(task, name, setting, lambda step, loss: send(Step(name, step, loss)))
    except Busy:
        return Busy


def answer(task: Task[Setting], name: str, setting: Setting, tell: Tell = lambda step, loss: None) -> Ended:
    """Call a task, and say how it ended.

    Raises:
        Busy: another process works on the setting.
    """
    try:
        task(setting, tell)
    except Busy:
        raise
    except (Exception, SystemExit) as error:
        return Ended(name, in_one_line(error), traceback.format_exc())
    return Ended(name)


def in_one_line(error: BaseException) -> str:
    """An error as the reason why something is missing."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")


def _take_orders(pipe: Any, orders: "queue.Queue[bytes]") -> None:
    while True:
        try:
            orders.put(pickle.load(pipe))
        except Exception:  # closed: whatever was not finished resumes from its checkpoint
            os._exit(1)
