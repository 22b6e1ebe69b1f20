"""Who works on what: a claim is a file, on any file system that the machines share.

Claims on ``PATH`` are the files ``PATH.1``, ``PATH.2`` and so on. Each is created exclusively, and the highest number is in
force: whoever takes over a claim that its owner has left behind creates the next number, which only one can. An owner rewrites
its file every few seconds. A claim is left behind when its process is gone (seen on the same machine, whatever its clock is set
to), or has been silent for long by the file system's own clock (on another). An owner that was suspended and comes back finds a
higher number: it has lost. A file that cannot be read for now says nothing of who has it.
"""

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import psutil

HEARTBEAT = 10.0
"""Seconds between two signs of life."""
STALE_AFTER = 120.0
"""Seconds of silence after which another machine takes over; file systems may show a sign of life a minute late."""


AGAIN_AFTER = 0.5
"""Seconds until what another process works on is tried again."""

Found = TypeVar("Found")

Process = Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
Seconds = Annotated[float, msgspec.Meta(ge=0, lt=1e11)]
"""Up to the year 5138."""
Steps = Annotated[int, msgspec.Meta(ge=0, lt=10**15)]
Ticks = Annotated[int, msgspec.Meta(ge=0, lt=10**18)]


class Busy(RuntimeError):
    """Another process has the claim."""


class Lost(Busy):
    """Another process took over."""


@dataclass(frozen=True)
class Owner:
    """A process that has a claim, and how far it has come.

    Attributes:
        token: unlike that of every other claim.
        host: name of its machine.
        machine: the machine since it was started, and the namespace in which the process has its number.
        process: its number.
        started: when the process was started, in seconds since 1970 by its machine's clock.
        since: when it claimed, likewise.
        progress: what it says of itself.
        ticks: when the process was started, in ticks since its machine was, whatever the clock is set to; None where the system
            does not say, and in claims from before this was noted.
    """

    token: str
    host: str
    machine: str
    process: Process
    started: Seconds
    since: Seconds
    progress: dict[str, bool | Steps | Seconds]
    ticks: Ticks | None = None

    @property
    def is_gone(self) -> bool | None:
        """Whether the process has ended; None where that is not known, as of other machines."""
        if self.machine != _machine():
            return None
        try:
            process = psutil.Process(self.process)
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
            ticks = _ticks(self.process)
            if ticks is None:  # the system names a time that the clock does not shift
                return abs(process.create_time() - self.started) > 2
            return None if self.ticks is None else self.ticks != ticks
        except psutil.NoSuchProcess:
            return True


class Claim:
    """A claim of this process, from :func:`claimed`."""

    def __init__(self, path: Path, number: int) -> None:
        self._path, self._number = path, number
        self._file = _numbered(path, number)
        self._owner = Owner(
            token=secrets.token_hex(8),
            host=socket.gethostname(),
            machine=_machine(),
            process=os.getpid(),
            started=psutil.Process().create_time(),
            since=time.time(),
            progress={},
            ticks=_ticks(os.getpid()),
        )
        self._create()
        self._ended, self._writing = threading.Event(), threading.Lock()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._heart.start()

    def _create(self) -> None:
        """Create the file with its content at once, exclusively; in two steps where the file system has no links."""
        content = json.dumps(asdict(self._owner))
        part = self._file.with_name(f".{self._owner.token}.part")
        part.write_text(content, encoding="utf-8")
        try:
            os.link(part, self._file)
        except FileExistsError:
            raise
        except OSError:
            with self._file.open("x", encoding="utf-8") as file:
                file.write(content)
        finally:
            part.unlink(missing_ok=True)

    def tell(self, **progress: int | float) -> None:
        """How far the work has come, for whoever asks; written with the next sign of life."""
        self._owner.progress.update(progress)

    def check(self) -> None:
        """Call before anything is published; waits for a file system that is away for a while.

        Raises:
            Lost: another process took over.
            OSError: the file system was away for longer than :data:`STALE_AFTER`, or does not let the claim be read.
        """
        until = time.monotonic() + STALE_AFTER
        while True:
            try:
                return self._check_now()
            except OSError:  # nobody knows whether the claim is lost
                if time.monotonic() > until:
                    raise
                time.sleep(AGAIN_AFTER)

    def release(self) -> None:
        """Give the claim up."""
        self._ended.set()
        self._heart.join()
        with contextlib.suppress(OSError):
            if self._is_ours():
                self._file.unlink()

    def _check_now(self) -> None:
        if not self._is_ours() or _newest(self._path) != self._number:
            raise Lost(f"another process took over {self._path.parent}")

    def _is_ours(self) -> bool:
        """Whether the file is there and has our token, which also one has that was written in part."""
        try:
            with self._writing:
                content = self._file.read_bytes()
        except FileNotFoundError:
            return False
        return self._owner.token.encode() in content

    def _beat(self) -> None:
        while not self._ended.wait(HEARTBEAT):
            with contextlib.suppress(OSError):  # a file system that is away for a while
                try:
                    self._check_now()
                except Lost:
                    return
                with self._writing, self._file.open("r+", encoding="utf-8") as file:  # creates none
                    file.write(json.dumps(asdict(self._owner)))
                    file.truncate()


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[Claim]:
    """A claim on ``path`` until the block ends.

    Raises:
        Busy: another process has it, or took it over.
        OSError: the folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    number = _newest(path)
    if number and not _left_behind(_numbered(path, number)):
        raise Busy(f"another process works on {path.parent}")
    try:
        claim = Claim(path, number + 1)
    except FileExistsError:
        raise Busy(f"another process works on {path.parent}") from None
    try:
        claim.check()
        for older in _numbers(path):
            if older <= number:
                _numbered(path, older).unlink(missing_ok=True)
        yield claim
    finally:
        claim.release()


def patiently(work: Callable[[], Found]) -> Found:
    """What ``work`` returns, tried again and again while another process has the claim."""
    while True:
        try:
            return work()
        except Busy:
            time.sleep(AGAIN_AFTER)


def owner_of(path: Path) -> tuple[Owner, bool] | None:
    """Who has the claim on ``path`` and whether it was left behind; None where nobody has it."""
    number = _newest(path)
    owner = _owner_in(_numbered(path, number)) if number else None
    return None if owner is None else (owner, _left_behind(_numbered(path, number)))


def _left_behind(file: Path) -> bool:
    owner = _owner_in(file)
    gone = None if owner is None else owner.is_gone
    if gone is not None:
        return gone
    try:
        return _now(file.parent) - file.stat().st_mtime > STALE_AFTER
    except FileNotFoundError:  # released this very moment
        return False


def _now(folder: Path) -> float:
    """The time by the clock that the folder's files are stamped with."""
    probe = folder / f".{secrets.token_hex(8)}.part"
    try:
        probe.touch()
        now = probe.stat().st_mtime
        probe.unlink()
    except OSError:  # readers without the right to write
        return time.time()
    return now


def _owner_in(file: Path) -> Owner | None:
    """None for a file that is not there, is being written, or is damaged."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Owner)
    except (OSError, ValueError, RecursionError):  # msgspec's errors are of the second
        return None


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _numbers(path: Path) -> list[int]:
    found = (name.removeprefix(f"{path.name}.") for name in os.listdir(path.parent) if name.startswith(f"{path.name}."))
    return [int(number) for number in found if number.isdecimal()]


def _newest(path: Path) -> int:
    """The number of the claim in force, 0 if there is none."""
    try:
        return max(_numbers(path), default=0)
    except FileNotFoundError:
        return 0


@cache
def _machine() -> str:
    boot, namespace = "", ""
    with contextlib.suppress(OSError):  # Linux has these
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = os.readlink("/proc/self/ns/pid")
    return f"{socket.gethostname()} {boot} {namespace}"


def _ticks(process: int) -> int | None:
    """When a process was started, in ticks since its machine was; None where the system does not say (Linux does)."""
    try:
        status = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return None
    # proc(5): the 22nd field, counted from behind the program's name, which may hold anything.
    return int(status.rpartition(b")")[2].split()[19])
