"""`compworld status` and `compworld work`: what a folder of runs says of itself, and workers that share it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from compworld.benchmarks import cli
from compworld.benchmarks.runs import claims
from compworld.benchmarks.runs.claims import claimed, owner_of
from compworld.benchmarks.runs.executors import run_unclaimed
from compworld.benchmarks.runs.failures import RunsFailed
from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.runs.run import run
from compworld.benchmarks.runs.status import State, lines_of, states_of, summary_of
from tests.benchmarks.conftest import tiny
from tests.benchmarks.runs.test_claims import left_behind

METHOD = "tests.benchmarks.broken_methods"
DIVERGED, FAILED, RUNNING, STALE, WAITING, UNREADABLE, NOT_BEGUN = (
    tiny(f"{METHOD}:NotANumber"),
    tiny(f"{METHOD}:Raises"),
    *(tiny("anil", seed=seed) for seed in range(1, 6)),
)


@pytest.fixture
def every_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a run in each state, one of which this process works on."""
    monkeypatch.setattr(claims, "HEARTBEAT", 0.01)
    root = tmp_path / "runs"
    for config in (tiny("random"), DIVERGED):
        run(config, root)
    for config in (FAILED, RUNNING, STALE, WAITING, UNREADABLE):
        RunFolder(root, config).create()
    RunFolder(root, FAILED).write_failure("RuntimeError: out of luck", "Traceback")
    (RunFolder(root, UNREADABLE).path / "config.json").write_text("{")
    left_behind(RunFolder(root, STALE).claim)
    with claimed(RunFolder(root, RUNNING).claim) as claim:
        claim.tell(step=1, seconds=20.0)
        while not (owner_of(RunFolder(root, RUNNING).claim) or pytest.fail("nobody"))[0].progress:
            time.sleep(0.01)
        yield root


def test_every_run_is_in_one_state(every_state: Path) -> None:
    states = {state.run: state for state in states_of(every_state, [NOT_BEGUN])}
    assert {run_id: state.state for run_id, state in states.items()} == {
        tiny("random").run_id: "done",
        DIVERGED.run_id: "diverged",
        FAILED.run_id: "failed",
        RUNNING.run_id: "running",
        STALE.run_id: "stale",
        WAITING.run_id: "waiting",
        UNREADABLE.run_id: "unreadable",
        NOT_BEGUN.run_id: "waiting",
    }
    assert states[FAILED.run_id].said == "RuntimeError: out of luck"
    assert time.time() - (states[RUNNING.run_id].since or 0) < 600
    assert states[RUNNING.run_id].seconds_left([]) == 60.0
    lines = lines_of(list(states.values()))
    assert [line.split()[0] for line in lines] == [
        *("done", "diverged", "running", "stale", "failed", "waiting", "waiting", "unreadable")
    ]
    assert f"running    {RUNNING.run_id}  " in lines[2]
    assert "step 1 of 4, 60 s left" in lines[2]
    assert "config.json is damaged" in lines[-1]


def test_how_long_the_rest_will_take_is_known_from_runs_of_its_kind() -> None:
    done = [State(name, "done", seconds=seconds, kind="anil") for name, seconds in (("a", 100.0), ("b", 300.0))]
    running = State("c", "running", step=3, steps=4, seconds=60.0, kind="anil")
    waiting, unknown = State("d", "waiting", kind="anil"), State("e", "waiting", kind="maml")
    states = [*done, running, waiting, unknown]
    assert [state.seconds_left(states) for state in states] == [0, 0, 20, 200, None]
    assert summary_of(states) == "2 done, 1 running, 2 waiting; about 4 min left with 1 at a time, without 1 of unknown length"
    assert summary_of(done) == "2 done"
    assert summary_of([]) == "no runs"


def test_status_from_the_command_line(every_state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    choice = ["--preset", "quick", "--method", "random", "--family", "goals-small", "--seeds", "2"]
    cli.main(["status", "--runs", str(every_state), *choice])
    *lines, summary = capsys.readouterr().out.splitlines()
    assert len(lines) == 9
    assert summary.startswith("1 done, 1 diverged, 1 running, 1 stale, 1 failed, 3 waiting, 1 unreadable; about ")
    (every_state.parent / "empty").mkdir()
    cli.main(["status", "--runs", str(every_state.parent / "empty")])
    assert capsys.readouterr().out == "no runs\n"


def test_what_is_no_folder_of_runs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("file", "nothing"):
        with pytest.raises(ValueError, match=rf"no folder .*{name}; allowed: a folder of runs"):
            states_of(tmp_path / name)
    with pytest.raises(ValueError, match=r"no folder .*file; allowed"):
        states_of(tmp_path / "file", [tiny()])
    assert [state.run for state in states_of(tmp_path / "nothing", [tiny()])] == [tiny().run_id]


def test_names_and_reasons_do_not_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    RunFolder(tmp_path, tiny("random")).write_failure("RuntimeError: \x1b[31mred", "Traceback")
    cli.main(["status", "--runs", str(tmp_path)])
    assert "RuntimeError: \\x1b[31mred" in capsys.readouterr().out


def test_a_damaged_record_hides_no_other_run(tmp_path: Path) -> None:
    config = tiny("random")
    run(config, tmp_path)
    (tmp_path / config.run_id / "result.json").write_text("{}")
    states = states_of(tmp_path, [config, NOT_BEGUN])
    assert [state.state for state in states] == ["unreadable", "waiting"]
    assert "result.json" in states[0].said


def test_workers_take_what_nobody_works_on(tmp_path: Path) -> None:
    grid = [tiny(f"{METHOD}:Raises"), tiny("random"), tiny("random", seed=1)]
    with claimed(RunFolder(tmp_path, grid[2]).claim):
        with pytest.raises(RunsFailed, match=r"1 of 3 runs failed \(.*: RuntimeError: out of luck\); --retry tries them again"):
            run_unclaimed(grid, tmp_path)
        assert run_unclaimed(grid, tmp_path) == "1 runs are done, others work on 1, 1 have failed before"
    with pytest.raises(RunsFailed, match="1 of 3 runs failed"):
        run_unclaimed(grid, tmp_path, retry=True)
    assert [RunFolder(tmp_path, config).result() is None for config in grid] == [True, False, False]


def test_work_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    choice = ["--preset", "quick", "--method", "random", "--family", "teacher-small", "--seeds", "1", "--runs", str(tmp_path)]
    cli.main(["work", *choice])
    assert capsys.readouterr().out == "1 runs are done, others work on 0, 0 have failed before\n"
    cli.main(["status", *choice])
    assert capsys.readouterr().out.splitlines()[-1] == "1 done"
