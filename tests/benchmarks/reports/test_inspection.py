"""Inspection of a run: groups are the means that one finds by hand; every file is written."""

from pathlib import Path

import numpy as np
import pytest

from compworld import diagnose, make_family, make_split
from compworld.benchmarks.reports.inspection import by_combination, grouped, inspect_run
from compworld.benchmarks.runs.folder import RunFolder
from tests.benchmarks.conftest import tiny


def test_groups_are_means_over_the_tasks_that_have_the_modules(family_name: str) -> None:
    rng = np.random.default_rng(0)
    split = make_split(make_family(family_name).space)
    names = split.space.module_names
    scores = {
        which: {"combination": rng.choice(split.pool(pool), 60).tolist(), "action_accuracy": rng.uniform(size=60).tolist()}
        for which, pool in {"fresh_episodes": "train", "held_out": "held_out"}.items()
    }
    rows = list(grouped(scores, split, ["action_accuracy"]))
    distances = dict(zip(np.flatnonzero(split.held_out), diagnose(split).distances, strict=True))
    for row in rows:
        found = []
        values = scores[row["set"]]
        for combination, value in zip(values["combination"], values["action_accuracy"], strict=True):
            active = {names[m] for m in split.space.decode(combination)}
            wanted = set(row["name"].split(" + "))
            if (str(distances.get(combination)) == row["name"]) if row["group"] == "distance" else wanted <= active:
                found.append(value)
        assert row["tasks"] == len(found)
        assert row["action_accuracy"] == pytest.approx(np.mean(found))
    for which in scores:
        in_modules = [row["tasks"] for row in rows if (row["set"], row["group"]) == (which, "module")]
        assert sum(in_modules) == split.space.active_counts[scores[which]["combination"]].sum()
    table = by_combination(scores, split, "action_accuracy")
    for combination in range(len(split.space)):
        found = [
            value
            for values in scores.values()
            for other, value in zip(values["combination"], values["action_accuracy"], strict=True)
            if other == combination
        ]
        assert np.isnan(table[combination]) if not found else table[combination] == pytest.approx(np.mean(found))


@pytest.mark.parametrize("method", ["linear_hypernetwork", "maml"])
def test_a_run_is_inspected(method: str, finished_runs: Path, tmp_path: Path) -> None:
    run = tiny(method).run_id
    files = inspect_run(finished_runs, run, tmp_path / "inspection")
    assert [path.name for path in files] == ["scores.md", "scores.json", "combinations.png", "adapted.png"]
    assert all(path.stat().st_size > 500 for path in files)
    assert "held out, by distance to the trained ones" in files[0].read_text()


def test_a_run_without_a_result_is_refused(tmp_path: Path) -> None:
    RunFolder(tmp_path, tiny("anil")).create()
    with pytest.raises(ValueError, match="has not finished"):
        inspect_run(tmp_path, tiny("anil").run_id, tmp_path / "inspection")
