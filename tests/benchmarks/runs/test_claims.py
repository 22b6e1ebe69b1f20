"""One run, one process: who has a claim, who takes it over, and who has lost it."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from compworld.benchmarks.runs import claims
from compworld.benchmarks.runs.claims import Busy, Lost, claimed, owner_of, patiently

HOLD = """
import sys, time
from pathlib import Path
from compworld.benchmarks.runs.claims import claimed
with claimed(Path(sys.argv[1])):
    print("claimed", flush=True)
    time.sleep(60)
"""


def left_behind(path: Path) -> None:
    """A claim of a process that was killed."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "claimed\n"
        with pytest.raises(Busy), claimed(path):
            pass
        process.kill()


def test_a_claim_is_given_up_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "run" / "claim"
    for _ in range(2):
        with claimed(path) as claim:
            claim.check()
            owner, gone = owner_of(path) or pytest.fail("nobody")
            assert (owner.process, gone) == (os.getpid(), False)
            with pytest.raises(Busy), claimed(path):
                pass
        assert owner_of(path) is None
        assert list(path.parent.iterdir()) == []


def test_a_claim_of_a_dead_process_is_taken_over_at_once(tmp_path: Path) -> None:
    path = tmp_path / "claim"
    left_behind(path)
    assert (owner_of(path) or pytest.fail("nobody"))[1]
    with claimed(path) as claim:
        claim.check()
    assert list(tmp_path.iterdir()) == []


def of_another_machine(path: Path, silent: float) -> None:
    """Make a claim that of another machine, which has not been heard of for so many seconds."""
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "machine": "elsewhere", "token": "another"}))
    os.utime(path, (time.time() - silent, time.time() - silent))


def test_another_machine_is_believed_dead_after_silence_only(tmp_path: Path) -> None:
    path = tmp_path / "claim"
    left_behind(path)
    of_another_machine(tmp_path / "claim.1", claims.STALE_AFTER - 30)
    with pytest.raises(Busy), claimed(path):
        pass
    of_another_machine(tmp_path / "claim.1", claims.STALE_AFTER + 30)
    with claimed(path) as claim:
        claim.check()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems note when a process was started, and do not change it")
def test_a_clock_that_is_set_ends_no_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, create_time = tmp_path / "claim", psutil.Process.create_time
    with claimed(path):
        monkeypatch.setattr(psutil.Process, "create_time", lambda process: create_time(process) + 3600)
        assert not (owner_of(path) or pytest.fail("nobody"))[1]
        with pytest.raises(Busy), claimed(path):
            pass


def test_a_process_that_has_the_number_of_a_dead_one_is_another(tmp_path: Path) -> None:
    path, file = tmp_path / "claim", tmp_path / "claim.1"
    with claimed(path):
        data = json.loads(file.read_text())
        file.write_text(json.dumps({**data, "ticks": (data["ticks"] or 0) - 1, "started": data["started"] - 3600}))
        assert (owner_of(path) or pytest.fail("nobody"))[1]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere claims hold what they did")
def test_claims_from_before_ticks_were_noted_are_left_behind_by_silence(tmp_path: Path) -> None:
    path, file = tmp_path / "claim", tmp_path / "claim.1"
    with claimed(path):
        data = json.loads(file.read_text())
        del data["ticks"]
        file.write_text(json.dumps({**data, "started": data["started"] + 3600}))
        assert not (owner_of(path) or pytest.fail("nobody"))[1]
        os.utime(file, (time.time() - claims.STALE_AFTER - 30,) * 2)
        assert (owner_of(path) or pytest.fail("nobody"))[1]


def test_who_was_taken_over_publishes_nothing(tmp_path: Path) -> None:
    """A process that was suspended, and whose claim another took over, given up again or not."""
    path = tmp_path / "claim"
    with claimed(path) as suspended:
        of_another_machine(tmp_path / "claim.1", claims.STALE_AFTER + 30)
        with claimed(path) as claim:
            claim.check()
            with pytest.raises(Lost):
                suspended.check()
        with pytest.raises(Lost):
            suspended.check()


def test_owners_give_signs_of_life_and_say_how_far_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "HEARTBEAT", 0.01)
    path = tmp_path / "claim"
    with claimed(path) as claim:
        os.utime(tmp_path / "claim.1", (0, 0))
        claim.tell(step=3)
        while True:
            found = owner_of(path)
            if found is not None and found[0].progress:
                break
            time.sleep(0.01)
        assert found[0].progress == {"step": 3}
        assert time.time() - (tmp_path / "claim.1").stat().st_mtime < 60


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Takes the file system of claims away, or brings it back."""
    monkeypatch.setattr(claims, "HEARTBEAT", 0.01)
    monkeypatch.setattr(claims, "AGAIN_AFTER", 0.01)
    is_away = threading.Event()
    read_bytes = Path.read_bytes

    def read(path: Path) -> bytes:
        if is_away.is_set() and path.name == "claim.1":
            raise OSError(errno.EIO, "Input/output error")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    return lambda gone: is_away.set() if gone else is_away.clear()


def test_signs_of_life_go_on_when_the_file_system_is_back(tmp_path: Path, away: Callable[[bool], None]) -> None:
    path, file = tmp_path / "claim", tmp_path / "claim.1"
    with claimed(path):
        away(True)
        time.sleep(0.1)
        os.utime(file, (0, 0))
        away(False)
        assert any(file.stat().st_mtime or time.sleep(0.01) for _ in range(1000))


def test_a_check_waits_for_the_file_system(
    tmp_path: Path, away: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with claimed(tmp_path / "claim") as claim:
        away(True)
        threading.Timer(0.1, away, [False]).start()
        started = time.monotonic()
        claim.check()
        assert time.monotonic() - started > 0.09
        away(True)
        monkeypatch.setattr(claims, "STALE_AFTER", 0.05)
        with pytest.raises(OSError, match="Input/output error"):  # nobody took over
            claim.check()
        away(False)
    assert list(tmp_path.iterdir()) == []


def test_the_patient_get_their_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "AGAIN_AFTER", 0.01)
    tries = iter([Busy(), Lost(), None])

    def work() -> str:
        problem = next(tries)
        if problem is not None:
            raise problem
        return "done"

    assert patiently(work) == "done"


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{", "[" * 100_000, "\udcff", {"process": "x"}, {"process": -1}, {"process": 10**30}),
        *({"since": 1e300}, {"started": "x"}, {"progress": []}, {"progress": {"step": "x"}}, {"host": None}, {"ticks": -1}),
    ],
)
def test_a_damaged_claim_is_taken_over_after_silence(content: str | dict[str, Any], tmp_path: Path) -> None:
    path, file = tmp_path / "claim", tmp_path / "claim.1"
    with claimed(path):
        whole = json.loads(file.read_text(encoding="utf-8"))
        text = json.dumps({**whole, **content}) if isinstance(content, dict) else content
    file.write_text(text, encoding="utf-8", errors="surrogateescape")
    assert owner_of(path) is None
    with pytest.raises(Busy), claimed(path):
        pass
    os.utime(file, (time.time() - 2 * claims.STALE_AFTER,) * 2)
    with claimed(path) as claim:
        claim.check()
    assert list(tmp_path.iterdir()) == []
