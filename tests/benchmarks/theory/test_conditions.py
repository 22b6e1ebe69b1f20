"""Conditions of the theory: supports are compared on the same held-out combinations, at a matched number of trained ones."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import conditions, statistics
from benchmarks.conditions import CONDITIONS, PRESETS, Condition, Experiment, Preset
from benchmarks.config import Evaluation, RunConfig
from benchmarks.results import RunFolder
from compworld import ENV_IDS, diagnose

EXPERIMENTS = [experiment for preset in PRESETS.values() for experiment in preset.experiments]


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS)
@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=[f"{one.preset}-{one.family}" for one in EXPERIMENTS])
def test_supports_differ_in_the_condition_and_in_nothing_else(condition: Condition, experiment: Experiment) -> None:
    everything, matched, missed = conditions._splits(condition, experiment).values()
    for paper, few, without in zip(everything, matched, missed, strict=True):
        assert few.trained.sum() == without.trained.sum() < paper.trained.sum()
        assert condition.holds(paper)
        assert condition.holds(few)
        assert not condition.holds(without)
        assert (paper.held_out & few.held_out & without.held_out).any()
        if condition.met == "connected":  # the other condition holds either way
            assert diagnose(without).compositional


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=[f"{one.preset}-{one.family}" for one in EXPERIMENTS])
def test_runs_have_the_metrics_that_are_compared(experiment: Experiment) -> None:
    split = conditions._splits(CONDITIONS["connectivity"], experiment)["connected"][0]
    imitation = conditions._config(experiment, "anil", split).imitation
    scored = {"action_accuracy"} | ({"r2"} if imitation == "action_values" else set())
    scored |= {"success_rate", "normalised_return"} if experiment.family in ENV_IDS.values() else set()
    assert set(experiment.metrics) <= scored


@pytest.mark.parametrize("name", CONDITIONS)
def test_table_says_what_was_predicted_and_found(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Preset(
        (
            Experiment("teacher", "teacher-small", {"modules": 8}, ("r2",), 2, steps=2, templates=3),
            Experiment(
                "quick", "goals-small", {"mazes": 4, "object_types": 4}, ("action_accuracy", "success_rate"), 1, steps=2
            ),
        ),
        ("linear_hypernetwork", "maml"),
    )
    recipe = conditions._config

    def small(*cell: Any) -> RunConfig:
        evaluation = Evaluation(2, validation_tasks=4, tasks=48, query_episodes=2, rollout_episodes=1)
        return dataclasses.replace(recipe(*cell), meta_batch=4, evaluation=evaluation)

    monkeypatch.setattr(conditions, "_config", small)
    monkeypatch.setattr(conditions, "STUDENTS", dataclasses.replace(conditions.STUDENTS, seeds=2, steps=2))
    monkeypatch.setitem(conditions.PRESETS, "tiny", few)
    found = conditions.compare(name, "tiny", tmp_path / "runs", tmp_path, workers=1)
    condition = CONDITIONS[name]
    teacher, goals = found["families"]
    assert (teacher["seeds"], goals["seeds"]) == (2, 1)
    for family, experiment in zip(found["families"], few.experiments, strict=True):
        rows = {(row["method"], row["support"]): row for row in family["rows"]}
        assert len(rows) == 6
        for method in few.methods:
            paper, matched, missed = (rows[method, support]["trained"] for support in conditions._splits(condition, experiment))
            assert paper > matched == missed
            assert [rows[cell]["met"] for cell in rows if cell[0] == method] == [True, True, False]
            assert all(len(row["decoding"]) == experiment.seeds for row in family["rows"])
            for metric in experiment.metrics:
                values = [row["scores"][metric]["held_out"]["value"] for row in family["rows"] if row["method"] == method]
                difference = family["differences"][method][metric]
                assert difference["value"] == pytest.approx(values[1] - values[2], abs=1e-9)
    table = (tmp_path / f"{name}.md").read_text()
    assert f"| MAML | {condition.missed} | {rows['maml', condition.missed]['trained']} | no | " in table
    assert (tmp_path / f"{name}.png").stat().st_size > 5000
    # A score is over those held-out tasks whose combination no support trains.
    run = RunFolder.open(tmp_path / "runs", teacher["runs"][-1]).result() or {}
    held_out = run["scores"]["held_out"]
    assert (len(set(held_out["combination"])) > teacher["held_out_combinations"]) == (name == "compositionality")
    students = found["theory_setting"]
    met, missed = students["rows"]
    assert met["trained"] == missed["trained"] == 6
    assert (met["met"], missed["met"]) == (True, False)
    low, high = students["difference"]["low"], students["difference"]["high"]
    assert low <= met["held_out"]["value"] - missed["held_out"]["value"] <= high
    assert f"| {condition.sets[1]} | 6 | no | " in table


def test_scores_are_over_each_worlds_common_combinations_and_paired_by_seed() -> None:
    experiment = dataclasses.replace(EXPERIMENTS[0], seeds=4)
    condition = CONDITIONS["compositionality"]
    splits = conditions._splits(condition, experiment)
    rng = np.random.default_rng(0)
    results: dict[tuple[str, str], list[dict[str, Any]]] = {}
    kept: dict[str, list[np.ndarray]] = {}
    for name, of_worlds in splits.items():
        results["anil", name] = []
        for world, split in enumerate(of_worlds):
            # Worlds differ by far more than supports do, so that another pairing would show.
            held_out = {"combination": np.resize(split.pool("held_out"), 80), "r2": 10 * world + rng.uniform(size=80)}
            fresh = {"combination": np.resize(split.pool("train"), 80), "r2": rng.uniform(size=80)}
            results["anil", name].append({"scores": {"held_out": held_out, "fresh_episodes": fresh}, "decoding": None})
            common = splits["compositional"][world].held_out[held_out["combination"]]
            kept.setdefault(name, []).append(held_out["r2"][common])
    assert len({split.sha256 for split in splits["compositional"]}) == 4
    found = conditions._compared(condition, ("r2",), splits, results)
    assert found["held_out_combinations"] == 4
    for row in found["rows"]:
        expected = statistics.estimate(kept[row["support"]], np.random.default_rng(0))
        assert row["scores"]["r2"]["held_out"] == expected.as_dict()
        fresh = [result["scores"]["fresh_episodes"]["r2"] for result in results["anil", row["support"]]]
        assert row["scores"]["r2"]["fresh_episodes"] == statistics.estimate(fresh, np.random.default_rng(0)).as_dict()
    _, matched, missed = kept.values()
    difference = found["differences"]["anil"]["r2"]
    assert difference == statistics.difference(matched, missed, np.random.default_rng(0)).as_dict()
    assert difference["high"] - difference["low"] < 1


@pytest.mark.parametrize("name", CONDITIONS)
def test_prediction_is_written_before_anything_is_trained(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("training starts")

    monkeypatch.setattr(conditions.identification, "run_all", refuse)
    with pytest.raises(RuntimeError, match="training starts"):
        conditions.compare(name, "quick", tmp_path / "runs", tmp_path)
    written = (tmp_path / f"{name}_predicted.md").read_text()
    assert written.count(f"{CONDITIONS[name].met} support: no, ") == 4  # three families and the theory's setting


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown name 'slow'; allowed: 'quick', 'full'"):
        conditions.compare("connectivity", "slow", tmp_path, tmp_path)
    with pytest.raises(ValueError, match="unknown name 'luck'; allowed: 'connectivity', 'compositionality'"):
        conditions.compare("luck", "quick", tmp_path, tmp_path)
    with pytest.raises(ValueError, match="preset 'quick' has no family 'goals'; allowed: 'teacher-small', "):
        conditions.compare("connectivity", "quick", tmp_path, tmp_path, families=("goals",))
