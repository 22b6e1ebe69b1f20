"""A process for code that nobody vouches for: bounded in time, memory and files, and without a way to anywhere else."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

import compworld
from compworld import agents, benchmarks
from compworld.benchmarks.submissions import confinement
from compworld.benchmarks.submissions.failures import NotConfirmed
from compworld.benchmarks.submissions.messages import Message, receive, send

LOOKS_EVERY = 0.2
"""Seconds between two looks at what the process uses."""
MOST_THREADS = 128
LAST_WORDS = 2000
"""So many bytes of what the process printed last are looked at."""

READABLE = (
    *("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime"),
    *("/dev/urandom", "/dev/random", "/dev/zero"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system/cpu"),
)
"""What Python and its packages look at, beside their own folders."""

HOW_SUMS_ARE_MADE = (
    *("ATEN_CPU_CAPABILITY", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "NUMBA_CPU_FEATURES", "NUMBA_CPU_NAME"),
    *("ONEDNN_MAX_CPU_ISA", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"),
)
"""Environment variables that choose instructions and blocks: with others than a run had, its training ends elsewhere."""


@dataclass(frozen=True)
class Limits:
    """What a process may use.

    Attributes:
        seconds: by the clock.
        memory: bytes of address space.
        disk: bytes in its folder.
    """

    seconds: float
    memory: int
    disk: int = 2**30


class Sandbox:
    """A process that answers messages; leaving the block ends it.

    Args:
        module: whose ``serve()`` it runs.
        folder: the only place where it can write.
        limits: what it may use.
        protected: whether it is confined; without, it can do what its user can.

    Raises:
        NotConfirmed: it should be, and this machine cannot.
    """

    PROGRAM = "import sys, importlib; sys.path[:] = sys.argv[2:]; importlib.import_module(sys.argv[1]).serve()"

    def __init__(self, module: str, folder: Path, limits: Limits, protected: bool = True) -> None:
        require_isolation(protected)
        self._folder, self._limits, self._problem = folder, limits, ""
        self._words = folder / "said.txt"
        settings = folder / "settings.json"
        settings.write_text(
            json.dumps(
                {
                    "parent": os.getpid(),
                    "memory": limits.memory,
                    "file": limits.disk,
                    "seconds": int(limits.seconds) + 1,
                    "protected": protected,
                    "rights": _rights(folder),
                }
            ),
            encoding="utf-8",
        )
        python = [sys.executable, "-P"]
        with self._words.open("wb") as words:
            self._process = subprocess.Popen(
                [*python, confinement.__file__, str(settings), *python, "-c", self.PROGRAM, module, *_path()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                cwd=folder,
                env=_environment(folder),
                start_new_session=True,
            )
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._watcher.start()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._kill()
        self._watcher.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    def ask(self, name: str, arrays: Mapping[str, Any] | None = None, **facts: Any) -> Message:
        """Send a call, and wait for what it answers.

        Raises:
            NotConfirmed: it ended, was stopped, says that it failed, or says what is no answer.
        """
        try:
            send(self._process.stdin, name, arrays, **facts)  # type: ignore[arg-type]
            answer = receive(self._process.stdout)  # type: ignore[arg-type]
        except (EOFError, OSError):
            raise NotConfirmed(self._epitaph()) from None
        except ValueError as error:
            raise NotConfirmed(f"its process answered {error}") from None
        if answer.name == "failed":
            raise NotConfirmed(f"its process failed: {' '.join(str(answer.facts.get('why')).split())[:300]}")
        return answer

    def _watch(self) -> None:
        deadline = time.monotonic() + self._limits.seconds
        process = psutil.Process(self._process.pid)
        while not self._ended.wait(LOOKS_EVERY):
            with contextlib.suppress(psutil.Error, OSError):
                if time.monotonic() > deadline:
                    self._problem = f"was stopped after {self._limits.seconds:.0f} seconds"
                elif process.num_threads() > MOST_THREADS:
                    self._problem = f"was stopped for more than {MOST_THREADS} threads"
                elif _size_of(self._folder) > self._limits.disk:
                    self._problem = f"was stopped for more than {self._limits.disk / 2**20:.0f} MiB of files"
                if self._problem:
                    self._kill()
                    return

    def _kill(self) -> None:
        """The whole session; a confined process is alone in it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()

    def _epitaph(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        if self._problem:
            return f"its process {self._problem}"
        code = self._process.poll()
        words = self._words.read_bytes()[-LAST_WORDS:].decode(errors="replace").split("\n")
        last = next((f" ({' '.join(line.split())[:300]})" for line in reversed(words) if line.strip()), "")
        if code is not None and code < 0:
            return f"its process was killed by signal {-code}{last}"
        return f"its process closed the pipe{last}" if code is None else f"its process ended with exit code {code}{last}"


def require_isolation(protected: bool) -> None:
    """Refuse to run an entry where it cannot be confined.

    Raises:
        NotConfirmed: naming what is missing.
    """
    problem = confinement.why_not() if protected else None
    if problem is not None:
        raise NotConfirmed(
            f"this machine cannot confine an entry's process: {problem}; --unprotected runs it with all your rights"
        )


def _path() -> list[str]:
    """Where Python looks for modules, without the working folder."""
    return [os.path.abspath(path) for path in sys.path if path]


def _rights(folder: Path) -> dict[str, int]:
    """What may be done below which paths: Python, packages and this project are read, names in its path are listed."""
    packages = [Path(module.__file__ or "").resolve().parent for module in (compworld, agents, benchmarks)]
    site = [path for path in _path() if path.endswith(("site-packages", "dist-packages"))]
    readable = [*READABLE, sys.prefix, sys.base_prefix, *site, *packages]
    return {
        **dict.fromkeys(_path(), confinement.READ_DIR),
        **{str(path): confinement.READ for path in readable},
        "/dev/null": confinement.READ | confinement.WRITE_FILE,
        str(folder): confinement.ALL_RIGHTS,
    }


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the caller's, which may hold secrets, but for what changes results."""
    own = str(folder)
    sums = {name: os.environ[name] for name in HOW_SUMS_ARE_MADE if name in os.environ}
    threads = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    places = {"HOME": own, "TMPDIR": own, "NUMBA_CACHE_DIR": own, "PATH": "/usr/bin:/bin"}
    return {**sums, **threads, **places, "LANG": "C.UTF-8", "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _size_of(folder: Path) -> int:
    return sum(os.lstat(os.path.join(place, name)).st_size for place, _, names in os.walk(folder) for name in names)
