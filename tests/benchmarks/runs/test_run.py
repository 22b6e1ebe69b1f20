"""Runs: every method on every family, resuming, skipping, devices and threads."""

import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from compworld import benchmarks
from compworld.agents import METHODS, Demonstrations, accelerate
from compworld.agents.reward.trainer import ActingTrainer
from compworld.agents.training import MetaTrainer, Trainer
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs import training
from compworld.benchmarks.runs.run import run, trained_run
from compworld.benchmarks.runs.training import CHECKPOINT_SECONDS
from compworld.benchmarks.scores.trials import SPLITS
from compworld.benchmarks.worlds.world import SETS, World
from compworld.evaluation import Evaluation
from tests.benchmarks.conftest import tiny

TRANSFORMERS = ("shown_transformer", "hyla")
"""Read by what becomes of demonstrations, and by their answers."""


def test_every_method_runs_and_is_scored(method: str, family_name: str, tmp_path: Path) -> None:
    config = tiny(method, family_name)
    result = run(config, tmp_path)
    world = World(config)
    check = check_shown if config.track == "shown" else check_trials
    check(config, world, result)
    assert result["track"] == config.track
    assert result["split_sha256"] == world.split.sha256
    assert result["packages"]["torch"]
    assert result["hardware"]["cores"] >= 1
    loaded = trained_run(tmp_path, config.run_id)
    assert loaded.config == config
    assert sum(parameter.numel() for parameter in loaded.method.parameters()) == result["parameters"]


def check_shown(config: RunConfig, world: World, result: dict[str, Any]) -> None:
    assert set(result["scores"]) == set(SETS)
    for scores in result["scores"].values():
        assert all(len(values) == config.evaluation.tasks for values in scores.values())
        assert all(0 <= value <= 1 for value in scores["action_accuracy"])
        assert set(world.family.scores) <= set(scores)
        assert ("normalised_return" in scores) == world.has_environment
        assert max(scores.get("normalised_return", [0])) <= 1 + 1e-9
    decoded = result["decoding"]
    assert (decoded is None) == (METHODS[config.method].evidence is not Demonstrations)
    if decoded:
        layers = {
            "linear_hypernetwork": config.options.get("hidden_layers", 0) + 2,
            "deep_hypernetwork": config.options.get("hidden_layers", 0) + 1,
            "maml": 2,
            **dict.fromkeys(TRANSFORMERS, 2),
        }
        assert len(decoded["layers"]) == layers.get(config.method, 1)
        assert all(len(found["r2"]) == len(found["permuted_r2"]) for found in (decoded, *decoded["layers"].values()))


def check_trials(config: RunConfig, world: World, result: dict[str, Any]) -> None:
    assert config.trials is not None
    assert (result.get("environment_steps", 0) > 0) == (config.outer is not None)
    for which, split in SPLITS.items():
        # Made by the same function as that of anyone's agent, from the same tasks.
        evaluation = Evaluation.of_record(result["evaluations"][which])
        assert evaluation.settings["track"] == config.track
        assert evaluation.settings["split"] == split
        assert evaluation.settings["split_sha256"] == result["split_sha256"]
        assert evaluation.played.returns.shape == (config.evaluation.tasks, config.trials.episodes)
        means = evaluation.summary()["normalised_return"][:, 0]
        for number, mean in enumerate(means, start=1):
            assert np.mean(result["scores"][which][f"episode_{number}"]) == pytest.approx(mean)
        assert np.mean(result["scores"][which]["gain"]) == pytest.approx(means[-1] - means[0])
        assert means.max() <= 1 + 1e-9


def test_a_run_is_a_function_of_its_config(tmp_path: Path) -> None:
    first, second = (run(tiny("linear_hypernetwork"), tmp_path / name) for name in "ab")
    assert first["scores"] == second["scores"]
    assert first["run_id"] == second["run_id"]
    assert tiny(seed=1).run_id != tiny().run_id
    assert RunConfig.from_dict(json.loads(json.dumps(tiny().as_dict()))) == tiny()


def test_finished_runs_are_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(tiny(), tmp_path)
    monkeypatch.setattr(MetaTrainer, "step", lambda *arguments: pytest.fail("trained again"))
    assert run(tiny(), tmp_path) == result


@pytest.mark.parametrize(("method", "killed_at"), [("anil", 1), ("anil", 2), ("anil", 3), ("gru", 3), ("rl2", 3)])
def test_a_killed_run_resumes_to_identical_results(
    method: str, killed_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny(method)
    whole = run(config, tmp_path / "whole")
    trainer_class = MetaTrainer if config.track == "shown" else ActingTrainer
    step = trainer_class.step

    def dies(trainer: Trainer[Any], *examples: object) -> float:
        if trainer.step_number == killed_at:
            raise KeyboardInterrupt
        return step(trainer, *examples)  # type: ignore[arg-type]

    monkeypatch.setattr(trainer_class, "step", dies)
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "killed")
    monkeypatch.setattr(trainer_class, "step", step)
    resumed = run(config, tmp_path / "killed")
    assert resumed["scores"] == whole["scores"]
    kept = [[record["validation_loss"] for record in result["validation"]] for result in (whole, resumed)]
    assert kept[0] == kept[1]
    learners = [trained_run(tmp_path / name, config.run_id).method.state_dict() for name in ("whole", "killed")]
    assert all(torch.equal(value, learners[1][name]) for name, value in learners[0].items())


@pytest.mark.parametrize(("seconds", "steps_again"), [(CHECKPOINT_SECONDS + 1, 1), (0.01, 4)])
@pytest.mark.parametrize("method", ["anil", "gru"])
def test_checkpoints_are_written_by_time_too(
    method: str, seconds: float, steps_again: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is killed long before its first validation loses its last minute only."""
    config = tiny(method)
    config = replace(config, evaluation=replace(config.evaluation, validate_every=4))
    whole = run(config, tmp_path / "whole")
    clock = itertools.count(step=seconds)  # that is looked at once a step
    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    taken: list[int] = []
    trainer_class = MetaTrainer if config.track == "shown" else ActingTrainer
    step = trainer_class.step

    def counted(trainer: Trainer[Any], *examples: object) -> float:
        taken.append(trainer.step_number)
        return step(trainer, *examples)  # type: ignore[arg-type]

    def dies(trainer: Trainer[Any], *examples: object) -> float:
        if trainer.step_number == 3:
            raise KeyboardInterrupt
        return counted(trainer, *examples)

    monkeypatch.setattr(trainer_class, "step", dies)
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "killed")
    monkeypatch.setattr(trainer_class, "step", counted)
    resumed = run(config, tmp_path / "killed")
    assert taken == [0, 1, 2, *range(4)[-steps_again:]]
    assert resumed["scores"] == whole["scores"]
    assert resumed["learner_sha256"] == whole["learner_sha256"]


def test_a_method_with_parameters_needs_an_outer_loop(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="method 'anil' has parameters and no outer loop"):
        run(tiny(outer=None), tmp_path)


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_runs_on_every_device_that_is_there(device: str, tmp_path: Path) -> None:
    config = tiny(device=device)
    there = torch.cuda.is_available() if device == "cuda" else torch.backends.mps.is_available()
    if not there:
        with pytest.raises(ValueError, match=f"device '{device}' is not there for torch .*; allowed on this machine: 'cpu'"):
            run(config, tmp_path)
        return
    on_device, on_cpu = (run(one, tmp_path)["scores"]["held_out"] for one in (config, tiny()))
    assert on_device["query_loss"] == pytest.approx(on_cpu["query_loss"], rel=1e-3)


def test_plain_torch_gives_the_same_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another device does: no compiled code, in training, evaluation and decoding."""
    compiled = run(tiny(), tmp_path / "compiled")
    monkeypatch.setattr(accelerate, "_accelerated", lambda learner, evidence: None)
    plain = run(tiny(), tmp_path / "plain")
    for which, scores in compiled["scores"].items():
        assert plain["scores"][which]["query_loss"] == pytest.approx(scores["query_loss"], rel=1e-4)


def test_threads_that_spin_are_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmarks, "TORCH_CAME_FIRST", True)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    with pytest.warns(RuntimeWarning, match="torch was loaded before compworld.benchmarks") as said:
        run(tiny("random"), tmp_path)
    assert len(said) == 1
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    run(tiny("random", seed=1), tmp_path)  # a warning would be an error


OURS = "compworld.benchmarks"


@pytest.mark.parametrize(("first", "second", "late"), [("torch", OURS, True), (OURS, "torch", False)])
def test_the_wait_policy_is_set_before_torch_or_known_to_be_late(first: str, second: str, late: bool) -> None:
    program = f"import {first}, {second}, os; print({OURS}.TORCH_CAME_FIRST, os.environ['OMP_WAIT_POLICY'])"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == [str(late), "PASSIVE"]


@pytest.mark.parametrize("method", ["anil", "gru"])
def test_a_run_depends_on_its_config_not_on_what_torch_is_set_to(method: str, tmp_path: Path) -> None:
    config = tiny(method)
    plain = run(config, tmp_path / "plain")
    torch.set_default_dtype(torch.float64)
    try:
        with torch.inference_mode():
            other = run(config, tmp_path / "other")
            shown = trained_run(tmp_path / "other", config.run_id)
    finally:
        torch.set_default_dtype(torch.float32)
    assert other["scores"] == plain["scores"]
    assert other["learner_sha256"] == plain["learner_sha256"]
    assert {parameter.dtype for parameter in shown.method.parameters()} == {torch.float32}
