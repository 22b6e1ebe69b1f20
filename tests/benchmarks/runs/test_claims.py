"""One run, one process: who has a claim, who takes it over, and who has lost it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

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
        *({"since": 1e300}, {"started": "x"}, {"progress": []}, {"progress": {"step": "x"}}, {"host": None}),
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
