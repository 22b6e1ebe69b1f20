"""Records of runs: what a folder holds, and what damaged, foreign and old files say."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compworld.benchmarks.recipes.config import CONFIG_VERSION
from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.runs.run import trained_run
from compworld.files import json_of, read_bytes, write_json, write_text
from tests.benchmarks.conftest import tiny


def test_records_hold_everything(finished_runs: Path) -> None:
    folder = RunFolder(finished_runs, tiny("anil"))
    assert {path.name for path in folder.path.iterdir()} == {
        "config.json",
        "metrics.jsonl",
        "result.json",
        "learner.safetensors",
    }
    records = (folder.path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in records] == folder.result()["validation"]  # type: ignore[index]
    assert [json.loads(line)["step"] for line in records] == [2, 4]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("result.json", "{"),
        ("result.json", "[]"),
        ("result.json", '{"schema_version": 99, "run_id": "x"}'),
        ("config.json", "{}"),
        ("config.json", "nonsense"),
    ],
)
def test_damaged_records_are_refused_by_name(name: str, content: str, finished_runs: Path, tmp_path: Path) -> None:
    run_id = tiny("anil").run_id
    shutil.copytree(finished_runs / run_id, tmp_path / run_id)
    (tmp_path / run_id / name).write_text(content)
    with pytest.raises(ValueError, match=name):
        trained_run(tmp_path, run_id)


def test_damaged_and_foreign_learners_are_refused(finished_runs: Path, tmp_path: Path) -> None:
    run_id = tiny("anil").run_id
    shutil.copytree(finished_runs / run_id, tmp_path / run_id)
    path = tmp_path / run_id / "learner.safetensors"
    other = finished_runs / tiny("linear_hypernetwork").run_id / "learner.safetensors"
    shutil.copy(other, path)
    with pytest.raises(ValueError, match=r"damaged: its SHA-256 is \w{64}, that of the run's result is \w{64}"):
        trained_run(tmp_path, run_id)
    path.write_bytes(b"\x00" * 100)
    with pytest.raises(ValueError, match="damaged"):
        trained_run(tmp_path, run_id)


def test_renamed_and_unknown_runs_are_refused(finished_runs: Path, tmp_path: Path) -> None:
    run_id = tiny("anil").run_id
    shutil.copytree(finished_runs / run_id, tmp_path / "renamed")
    with pytest.raises(ValueError, match="belongs to run"):
        RunFolder.open(tmp_path, "renamed")
    with pytest.raises(ValueError, match="'nothing' matches 0 folders"):
        RunFolder.open(tmp_path, "nothing")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.json"
    write_text(path, "old")

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"cannot write .*result\.json: No space left on device"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


WRITES = """
import sys
from pathlib import Path
from compworld.files import write_json
folder, mine = Path(sys.argv[1]), sys.argv[2]
for number in range(300):
    write_json(folder / "config.json", {"writer": mine, "number": number, "fill": mine * 20_000})
"""


def test_several_writers_of_a_file_and_its_readers_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Processes that write the same record at once; who reads finds a whole one, of one of them."""
    path = tmp_path / "config.json"
    write_json(path, {"writer": "a", "number": 0, "fill": "a" * 20_000})
    commands = [[sys.executable, "-c", WRITES, str(tmp_path), mine] for mine in "ab"]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        found = json_of(read_bytes(path), path)
        assert found["fill"] == found["writer"] * 20_000
        seen.add((found["writer"], found["number"]))
    assert [(writer.returncode, writer.communicate()[1]) for writer in writers] == [(0, "")] * 2
    assert {writer for writer, _ in seen} == {"a", "b"}
    assert list(tmp_path.iterdir()) == [path]


def test_runs_of_the_former_layout_are_refused_with_what_to_do(tmp_path: Path) -> None:
    """As version 3 wrote them: loops at the top, no version."""
    former = {
        "family": "goals-small",
        "method": "anil",
        "inner": {"steps": 10, "learning_rate": 0.009},
        "outer": {"steps": 750, "learning_rate": 0.01},
        "evaluation": {"validate_every": 100},
        "imitation": "optimal_action",
        "method_options": {"width": 128, "hidden_layers": 2},
    }
    path = tmp_path / "goals-small_anil_s0_5bd4dfbdf8"
    path.mkdir()
    (path / "config.json").write_text(json.dumps(former))
    (path / "result.json").write_text(json.dumps({"schema_version": 1, "run_id": path.name}))
    with pytest.raises(
        ValueError, match=rf"another version of CompWorld \(config version 3; allowed: {CONFIG_VERSION}\): train the run again"
    ) as refused:
        RunFolder.open(tmp_path, "goals-small_anil")
    assert "\n" not in str(refused.value)
    # The same command makes a run of its own beside it.
    assert not RunFolder(tmp_path, tiny()).path.exists()


def test_configs_say_their_version(finished_runs: Path) -> None:
    path = RunFolder(finished_runs, tiny()).path / "config.json"
    assert json.loads(path.read_text())["config_version"] == CONFIG_VERSION
