"""Code that nobody vouches for is stopped: each entry here is hostile in its own way, and everything else goes on."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from compworld.benchmarks.submissions import confinement
from compworld.benchmarks.submissions.entry import read_entry
from compworld.benchmarks.submissions.failures import NotConfirmed
from compworld.benchmarks.submissions.recompute import recompute
from compworld.benchmarks.submissions.sandbox import Limits, require_isolation
from compworld.benchmarks.submissions.verify import verify
from tests.benchmarks.submissions.conftest import needs_isolation

pytestmark = pytest.mark.extras  # minutes: some ways are stopped by the clock alone

ROOM = 2 * 2**30
HOSTILE = """
import ctypes, os, pathlib, signal, socket, subprocess, sys, threading, time
from compworld.agents import RandomPlay


def outcome_of(attempt):
    try:
        return attempt()
    except BaseException as error:
        return type(error).__name__


class Own(RandomPlay):
    def player(self, family, split, episodes):
{body}
        return super().player(family, split, episodes)
"""
Hostile = Callable[[str], Path]
AMPLE = Limits(120, ROOM)


@pytest.fixture
def hostile(of_own_method: Callable[[str], Path]) -> Hostile:
    """Makes an entry that does something when it is asked for a player."""

    def make(body: str) -> Path:
        return of_own_method(HOSTILE.format(body=textwrap.indent(textwrap.dedent(body).strip(), " " * 8)))

    return make


def stopped(folder: Path, limits: Limits = AMPLE, protected: bool = True) -> str:
    """Why its first process could not be asked; none is left."""
    with pytest.raises(NotConfirmed) as caught:
        recompute(read_entry(folder), "salt", 3, limits, workers=1, protected=protected)
    assert "\n" not in str(caught.value)
    assert [child for child in psutil.Process().children(recursive=True) if "serve()" in " ".join(child.cmdline())] == []
    return str(caught.value)


@needs_isolation
def test_it_can_write_nowhere_else_reach_nobody_and_know_nothing(
    hostile: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each attempt is noted with what came of it, and all of that is handed back as an error."""
    monkeypatch.setenv("COMPWORLD_TEST_SECRET", "told")
    (target := tmp_path / "target").write_text("whole", encoding="utf-8")
    secret = Path(__file__)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        port = server.getsockname()[1]
        said = stopped(
            hostile(
                f"""
                target, secret = pathlib.Path({str(target)!r}), {str(secret)!r}
                here = pathlib.Path("here")
                libc = ctypes.CDLL(None, use_errno=True)
                attempts = dict(
                    new=lambda: (target.parent / "new").write_text("x"),
                    over=lambda: target.write_text("x"),
                    append=lambda: target.open("a"),
                    cut=lambda: os.truncate(target, 0),
                    remove=lambda: target.unlink(),
                    move=lambda: target.rename("moved"),
                    link=lambda: os.link(target, "linked"),
                    through=lambda: (here.symlink_to(target.parent), (here / "new").write_text("x")),
                    rights=lambda: target.chmod(0o777),
                    times=lambda: os.utime(target, (1, 1)),
                    package=lambda: pathlib.Path(sys.modules["compworld"].__file__).open("a"),
                    shared=lambda: pathlib.Path("/dev/shm/new").write_text("x"),
                    tcp=lambda: socket.create_connection(("127.0.0.1", {port})),
                    udp=lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
                    local=lambda: socket.socket(socket.AF_UNIX),
                    read=lambda: open(secret).read(),
                    list=lambda: os.listdir(os.path.expanduser("~root")),
                    environment=lambda: pathlib.Path("/proc/%d/environ" % os.getppid()).read_bytes(),
                    fork=os.fork,
                    run=lambda: subprocess.run(["true"]),
                    kill=lambda: os.kill(os.getppid(), signal.SIGKILL),
                    limits=lambda: __import__("resource").prlimit(os.getppid(), 7, (9, 9)),
                    trace=lambda: 1 / (libc.ptrace(16, os.getppid(), 0, 0) + 1),
                    memory=lambda: os.memfd_create("memory"),
                    more=lambda: __import__("resource").setrlimit(9, (-1, -1)),
                    inherited=lambda: 1 / len(os.environ.get("COMPWORLD_TEST_SECRET", "")),
                )
                succeeded = [name for name, attempt in attempts.items() if not isinstance(outcome_of(attempt), str)]
                raise SystemExit(f"{{len(attempts)}} attempts, succeeded: {{succeeded}}")
                """
            )
        )
        with pytest.raises(TimeoutError):
            server.accept()
    assert said == "world 0: its process failed: SystemExit: 26 attempts, succeeded: []"
    assert target.read_text(encoding="utf-8") == "whole"
    assert not (tmp_path / "new").exists()


@needs_isolation
def test_it_makes_sums_as_the_verifier_does(hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    assert stopped(hostile("raise SystemExit(os.environ['MKL_CBWR'])")).endswith("SystemExit: COMPATIBLE")


STOPPED = {
    "never ends": ("while True: pass", Limits(6, ROOM), "was stopped after 6 seconds"),
    "does not listen": (
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32)); os.close(0); time.sleep(1e6)",
        Limits(6, ROOM),
        "was stopped after 6 seconds",
    ),
    "eats memory": ("eaten = [bytearray(2**24) for _ in range(10**6)]", Limits(60, ROOM), "its process failed: MemoryError"),
    "a large file": (
        "open('large', 'wb').write(bytes(2**21))",
        Limits(60, ROOM, 2**20),
        "File too large|was stopped for more than 1 MiB of files",
    ),
    "many files": (
        "for number in range(10**9): open(str(number % 10**4), 'wb').write(bytes(2**14))",
        Limits(60, ROOM, 2**24),
        "was stopped for more than 16 MiB of files",
    ),
    "many threads": (
        "for _ in range(10**4): threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()\ntime.sleep(1e6)",
        Limits(60, ROOM),
        "was stopped for more than 128 threads|can't start new thread",
    ),
    "crashes": ("ctypes.string_at(0)", Limits(60, ROOM), "its process was killed by signal 11"),
    "says nonsense": (
        "for pipe in range(3, 64):\n    outcome_of(lambda: os.write(pipe, b'x' * 10**4))",
        Limits(60, ROOM),
        "its process answered a message of 8680820740569200760 bytes; allowed: up to",
    ),
}


@needs_isolation
@pytest.mark.parametrize("way", STOPPED)
def test_it_is_stopped(way: str, hostile: Hostile) -> None:
    body, limits, problem = STOPPED[way]
    started = time.monotonic()
    said = stopped(hostile(body), limits)
    assert any(words in said for words in problem.split("|"))
    assert time.monotonic() - started < limits.seconds + 60


@needs_isolation
def test_answers_are_actions_or_refused(of_own_method: Callable[[str], Path]) -> None:
    """It has no say in what they are worth."""
    for answer, problem in (
        ("np.full(trials, 9)", "world 0: trial 0, step 0: action is 9; allowed: integers from 0 to 5"),
        ("'all of them'", "the agent raised NotConfirmed: its process answered without actions ("),
    ):
        code = f"""
        import numpy as np
        from compworld.agents import RandomPlay

        class Own(RandomPlay):
            observation = "text"

            def player(self, family, split, episodes):
                return self

            def predict(self, observation, state, episode_start):
                trials = len(observation["observation"])
                assert isinstance(observation["observation"][0], str)
                return {answer}, None
        """
        folder = of_own_method(textwrap.dedent(code))
        assert problem in stopped(folder)
        shutil.rmtree(folder)


@needs_isolation
def test_it_ends_when_who_asked_is_killed(hostile: Hostile, tmp_path: Path) -> None:
    folder = hostile("signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32)); time.sleep(1e6)")
    program = (
        "import sys; from pathlib import Path; sys.path[:] = sys.argv[2:]; "
        "from compworld.benchmarks.submissions.verify import verify; verify(Path(sys.argv[1]), 'salt', workers=1)"
    )
    asking = subprocess.Popen([sys.executable, "-P", "-c", program, str(folder), *sys.path])
    try:
        deadline = time.monotonic() + 60
        while not (served := psutil.Process(asking.pid).children()) and time.monotonic() < deadline:
            time.sleep(0.1)
        os.kill(asking.pid, signal.SIGKILL)
        asking.wait()
        assert served
        assert psutil.wait_procs(served, timeout=20)[1] == []
    finally:
        asking.kill()


def test_where_nothing_can_be_confined_nothing_is_run(hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = hostile("raise SystemExit('it ran')")
    monkeypatch.setattr(confinement, "why_not", lambda: "there is no kernel")
    with pytest.raises(NotConfirmed, match="this machine cannot confine an entry's process: there is no kernel; --unprotected"):
        verify(folder)
    require_isolation(protected=False)
    assert "SystemExit: it ran" in stopped(folder, protected=False)


def test_unprotected_code_is_bounded_in_time_and_memory(hostile: Hostile) -> None:
    assert "was stopped after 6 seconds" in stopped(hostile("time.sleep(1e6)"), Limits(6, ROOM), protected=False)
