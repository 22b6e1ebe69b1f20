"""Runs: every method, resuming, skipping, records, and what damaged files say."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from agents.metatraining import MetaTrainer
from benchmarks import executors, runner
from benchmarks.config import RunConfig
from benchmarks.evaluation import SETS
from benchmarks.recipes import ADAPTIVE
from benchmarks.results import RunFolder, write_text
from compworld import ENV_IDS
from tests.benchmarks.conftest import METHOD_NAMES, tiny


@pytest.mark.parametrize("family", ["goals-small", "preferences-small", "teacher-small"])
@pytest.mark.parametrize("method", METHOD_NAMES)
def test_every_method_runs_and_is_scored(method: str, family: str, tmp_path: Path) -> None:
    config = tiny(method, family)
    result = runner.run(config, tmp_path)
    assert set(result["scores"]) == set(SETS)
    for scores in result["scores"].values():
        assert all(len(values) == config.evaluation.tasks for values in scores.values())
        assert all(0 <= value <= 1 for value in scores["action_accuracy"])
        assert ("normalised_return" in scores) == (family in ENV_IDS.values())
        assert max(scores.get("normalised_return", [0])) <= 1 + 1e-9
    decoded = result["decoding"]
    assert (decoded is None) == (config.method not in ADAPTIVE)
    if decoded:
        layers = {"linear_hypernetwork": config.method_options.get("hidden_layers", 0) + 2, "maml": 2}
        assert len(decoded["layers"]) == layers.get(config.method, 1)
        assert all(len(found["r2"]) == len(found["permuted_r2"]) for found in (decoded, *decoded["layers"].values()))
    assert result["split_sha256"] == runner.make_world(config).split.sha256
    assert result["packages"]["torch"]
    assert result["hardware"]["cores"] >= 1
    learner, loaded, _ = runner.trained_learner(tmp_path, config.run_id)
    assert loaded == config
    assert sum(parameter.numel() for parameter in learner.parameters()) == result["parameters"]


def test_scored_sets_are_what_they_say() -> None:
    config = tiny()
    world = runner.make_world(config)
    from benchmarks.evaluation import task_set

    combinations = {which: world.split.space.index_of(task_set(world, config, which, 60)[1] != 0) for which in SETS}
    assert world.split.held_out[combinations["held_out"]].all()
    assert world.split.trained[combinations["fresh_episodes"]].all()
    assert world.split.trained[combinations["train"]].all()
    # Combinations take turns, so that none dominates.
    assert len(set(combinations["held_out"].tolist())) == world.split.held_out.sum()
    streams = [set(task_set(world, config, which, 60)[0].tolist()) for which in SETS]
    streams.append(set(task_set(world, config, "fresh_episodes", 60, "validation")[0].tolist()))
    assert len(set.union(*streams)) == 240


def test_a_run_is_a_function_of_its_config(tmp_path: Path) -> None:
    first, second = (runner.run(tiny("linear_hypernetwork"), tmp_path / name) for name in "ab")
    assert first["scores"] == second["scores"]
    assert first["run_id"] == second["run_id"]
    assert tiny(seed=1).run_id != tiny().run_id
    assert RunConfig.from_dict(json.loads(json.dumps(tiny().as_dict()))) == tiny()


def test_finished_runs_are_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = runner.run(tiny(), tmp_path)
    monkeypatch.setattr(MetaTrainer, "step", lambda *arguments: pytest.fail("trained again"))
    assert runner.run(tiny(), tmp_path) == result


@pytest.mark.parametrize("killed_at", [1, 2, 3])
def test_a_killed_run_resumes_to_identical_results(killed_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny("anil")
    whole = runner.run(config, tmp_path / "whole")
    step = MetaTrainer.step

    def dies(trainer: MetaTrainer, *examples: object) -> float:
        if trainer.step_number == killed_at:
            raise KeyboardInterrupt
        return step(trainer, *examples)  # type: ignore[arg-type]

    monkeypatch.setattr(MetaTrainer, "step", dies)
    with pytest.raises(KeyboardInterrupt):
        runner.run(config, tmp_path / "killed")
    monkeypatch.setattr(MetaTrainer, "step", step)
    resumed = runner.run(config, tmp_path / "killed")
    assert resumed["scores"] == whole["scores"]
    kept = [[r["validation_loss"] for r in RunFolder(tmp_path / name, config).metrics()] for name in ("whole", "killed")]
    assert kept[0] == kept[1]
    learners = [runner.trained_learner(tmp_path / name, config.run_id)[0].state_dict() for name in ("whole", "killed")]
    assert all(torch.equal(value, learners[1][name]) for name, value in learners[0].items())


def test_records_hold_everything(finished_runs: Path) -> None:
    folder = RunFolder(finished_runs, tiny("anil"))
    assert {path.name for path in folder.path.iterdir()} == {
        "config.json",
        "metrics.jsonl",
        "result.json",
        "learner.safetensors",
    }
    assert [record["step"] for record in folder.metrics()] == [2, 4]


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
        runner.trained_learner(tmp_path, run_id)


def test_damaged_and_foreign_learners_are_refused(finished_runs: Path, tmp_path: Path) -> None:
    run_id = tiny("anil").run_id
    shutil.copytree(finished_runs / run_id, tmp_path / run_id)
    path = tmp_path / run_id / "learner.safetensors"
    other = finished_runs / tiny("linear_hypernetwork").run_id / "learner.safetensors"
    shutil.copy(other, path)
    with pytest.raises(ValueError, match="another learner"):
        runner.trained_learner(tmp_path, run_id)
    path.write_bytes(b"\x00" * 100)
    with pytest.raises(ValueError, match="damaged"):
        runner.trained_learner(tmp_path, run_id)


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


def test_runs_side_by_side_equal_runs_alone(tmp_path: Path) -> None:
    configs = [tiny("anil"), tiny("no_adaptation"), tiny("random")]
    seen: list[tuple[str, int]] = []
    results = executors.run_all(configs, tmp_path / "pool", 2, lambda run, step, loss: seen.append((run, step)))
    alone = [runner.run(config, tmp_path / "alone") for config in configs]
    assert [result["scores"] for result in results] == [result["scores"] for result in alone]
    assert (configs[0].run_id, 4) in seen


def test_an_error_in_one_run_keeps_the_finished_ones(tmp_path: Path) -> None:
    configs = [tiny("random"), tiny("anil", method_options={"width": -1, "hidden_layers": 1})]
    with pytest.raises((ValueError, RuntimeError)):
        executors.run_all(configs, tmp_path, 1)
    assert RunFolder(tmp_path, configs[0]).result() is not None
