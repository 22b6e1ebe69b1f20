"""Conditions of the theory: supports are compared on the same held-out combinations, at a matched number of trained ones."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compworld import diagnose, make_family
from compworld.benchmarks.recipes.config import Evaluation, RunConfig
from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.scores import statistics
from compworld.benchmarks.theory import conditions
from compworld.benchmarks.theory.compared import compare
from compworld.benchmarks.theory.conditions import BUDGETS, Budget, Compositionality, Condition, Connectivity, Experiment
from compworld.benchmarks.theory.identification import Budget as StudentBudget
from compworld.benchmarks.theory.study import carry_out

EXPERIMENTS = [experiment for budget in BUDGETS.values() for experiment in budget.experiments]
CONDITIONS: list[type[Condition]] = [Connectivity, Compositionality]


@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=[f"{one.preset}-{one.family}" for one in EXPERIMENTS])
def test_supports_differ_in_the_condition_and_in_nothing_else(kind: type[Condition], experiment: Experiment) -> None:
    condition = kind()
    everything, matched, missed = condition.splits(experiment).values()
    for paper, few, without in zip(everything, matched, missed, strict=True):
        assert few.trained.sum() == without.trained.sum() < paper.trained.sum()
        assert condition.holds(paper)
        assert condition.holds(few)
        assert not condition.holds(without)
        assert (paper.held_out & few.held_out & without.held_out).any()
        if condition.met == "connected":  # the other condition holds either way
            assert diagnose(without).compositional


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=[f"{one.preset}-{one.family}" for one in EXPERIMENTS])
def test_the_families_first_scores_are_compared(experiment: Experiment) -> None:
    family = make_family(experiment.family, 0, **experiment.sizes)
    assert experiment.scores == family.scores[: len(experiment.scores)]
    split = Connectivity().splits(experiment)["connected"][0]
    config = experiment.config("anil", split)
    assert ("r2" in experiment.scores) <= (config.imitation == "action_values")
    assert config.steps == (experiment.steps or config.steps)
    hypernetwork = experiment.config("linear_hypernetwork", split)
    assert hypernetwork.options["templates"] == (experiment.templates or hypernetwork.options["templates"])


@pytest.mark.parametrize("kind", CONDITIONS)
def test_table_says_what_was_predicted_and_found(
    kind: type[Condition], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = Budget(
        (
            Experiment("teacher", "teacher-small", {"modules": 8}, 2, steps=2, templates=3),
            Experiment("quick", "goals-small", {"mazes": 4, "object_types": 4}, 1, steps=2),
        ),
        ("linear_hypernetwork", "maml"),
    )
    recipe = Experiment.config

    def small(*cell: Any) -> RunConfig:
        evaluation = Evaluation(2, validation_tasks=4, tasks=48, query_episodes=2, rollout_episodes=1)
        return dataclasses.replace(recipe(*cell), meta_batch=4, evaluation=evaluation)

    monkeypatch.setattr(Experiment, "config", small)
    monkeypatch.setattr(Condition, "students", StudentBudget(2, ("exponential",), 2))
    monkeypatch.setattr(Condition, "budgets", {"tiny": few})
    condition = kind()
    found = carry_out(condition, "tiny", tmp_path / "runs", tmp_path, workers=1)
    teacher, goals = found["families"]
    assert (teacher["seeds"], goals["seeds"]) == (2, 1)
    for family, experiment in zip(found["families"], few.experiments, strict=True):
        rows = {(row["method"], row["support"]): row for row in family["rows"]}
        assert len(rows) == 6
        for method in few.methods:
            paper, matched, missed = (rows[method, support]["trained"] for support in condition.splits(experiment))
            assert paper > matched == missed
            assert [rows[cell]["met"] for cell in rows if cell[0] == method] == [True, True, False]
            assert all(len(row["decoding"]) == experiment.seeds for row in family["rows"])
            for metric in experiment.scores:
                values = [row["scores"][metric]["held_out"]["value"] for row in family["rows"] if row["method"] == method]
                difference = family["differences"][method][metric]
                assert difference["value"] == pytest.approx(values[1] - values[2], abs=1e-9)
    table = (tmp_path / f"{condition.name}.md").read_text()
    assert f"| MAML | {condition.missed} | {rows['maml', condition.missed]['trained']} | no | " in table
    assert (tmp_path / f"{condition.name}.png").stat().st_size > 5000
    # A score is over those held-out tasks whose combination no support trains.
    run = RunFolder.open(tmp_path / "runs", teacher["runs"][-1]).result() or {}
    held_out = run["scores"]["held_out"]
    assert (len(set(held_out["combination"])) > teacher["held_out_combinations"]) == (kind is Compositionality)
    students = found["theory_setting"]
    met, missed = students["rows"]
    assert met["trained"] == missed["trained"] == 6
    assert (met["met"], missed["met"]) == (True, False)
    low, high = students["difference"]["low"], students["difference"]["high"]
    assert low <= met["held_out"]["value"] - missed["held_out"]["value"] <= high
    assert f"| {condition.sets[1]} | 6 | no | " in table


def test_scores_are_over_each_worlds_common_combinations_and_paired_by_seed() -> None:
    experiment = dataclasses.replace(EXPERIMENTS[0], seeds=4)
    condition = Compositionality()
    splits = condition.splits(experiment)
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
    found = compare(condition.holds, ("r2",), splits, results)
    assert found["held_out_combinations"] == 4
    for row in found["rows"]:
        assert row["scores"]["r2"]["held_out"] == statistics.record_of(statistics.scored(kept[row["support"]]))
        fresh = [result["scores"]["fresh_episodes"]["r2"] for result in results["anil", row["support"]]]
        assert row["scores"]["r2"]["fresh_episodes"] == statistics.record_of(statistics.scored(fresh))
    _, matched, missed = kept.values()
    difference = found["differences"]["anil"]["r2"]
    assert difference == statistics.record_of(statistics.differences(matched, missed))
    assert difference["high"] - difference["low"] < 1


@pytest.mark.parametrize("kind", CONDITIONS)
def test_prediction_is_written_before_anything_is_trained(
    kind: type[Condition], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("training starts")

    monkeypatch.setattr(conditions, "run_students", refuse)
    with pytest.raises(RuntimeError, match="training starts"):
        carry_out(kind(), "quick", tmp_path / "runs", tmp_path)
    written = (tmp_path / f"{kind.name}_predicted.md").read_text()
    assert written.count(f"{kind.met} support: no, ") == 4  # three families and the theory's setting


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown preset 'slow'; allowed: 'quick', 'full'"):
        carry_out(Connectivity(), "slow", tmp_path, tmp_path)
    with pytest.raises(ValueError, match="this preset has no family 'goals'; allowed: 'teacher-small', "):
        carry_out(Connectivity(("goals",)), "quick", tmp_path, tmp_path)
