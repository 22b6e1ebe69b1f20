"""Intervals that say 95 % hold the truth in about 95 % of repetitions, with spreads as committed runs have them."""

import json
from pathlib import Path

import numpy as np
import pytest

import compworld
from compworld.benchmarks.scores.coverage import (
    OVER_TASKS,
    Spread,
    bootstrap_of_interquartile_mean,
    coverage,
    coverage_of_tasks,
    of_tables,
)
from compworld.benchmarks.scores.statistics import estimate, simultaneous
from compworld.benchmarks.theory.coverage import RARE, TASKS, WORLDS, Coverage
from compworld.evaluation.interval import Tasks
from compworld.evaluation.result import ratio

ROOT = Path(__file__).parents[3]
FOUND = json.loads((ROOT / "benchmarks" / "results" / "theory" / "coverage.json").read_text(encoding="utf-8"))
SPREADS = [Spread(row["worlds"], row["seeds"], row["tasks"], row["number"]) for row in FOUND["spreads"]]
REPETITIONS = 2000
ENOUGH = 0.93


@pytest.mark.parametrize("worlds", WORLDS)
def test_intervals_over_worlds_hold_the_truth(worlds: int) -> None:
    """Of levels and of differences; also where only tasks vary, or only worlds."""
    rng = np.random.default_rng(worlds)
    for spread in (*SPREADS, Spread(0.0, 0.0, 0.3, 192), Spread(0.1, 0.0, 0.0, 192)):
        assert coverage(of_tables, spread, worlds, REPETITIONS, rng) >= ENOUGH


def test_the_simulation_can_tell_an_interval_that_is_too_short() -> None:
    """Of three worlds the bootstrap that tables had before: when only worlds vary, at most three quarters."""
    rng = np.random.default_rng(0)
    assert coverage(bootstrap_of_interquartile_mean, Spread(0.1, 0.0, 0.0, 192), 3, REPETITIONS, rng) < 0.8
    for spread in SPREADS:
        assert coverage(bootstrap_of_interquartile_mean, spread, 3, REPETITIONS // 10, rng) < ENOUGH


@pytest.mark.parametrize("worlds", WORLDS)
def test_corrected_intervals_of_a_table_hold_together(worlds: int) -> None:
    """Eight comparisons: all intervals hold the truth in 95 % of tables; uncorrected ones do not."""
    rng = np.random.default_rng(worlds)
    held = dict.fromkeys((0.95, simultaneous(8)), 0)
    for _ in range(REPETITIONS // 2):
        table = [SPREADS[number].drawn(worlds, rng) for number in range(8)]
        for confidence in held:
            found = [estimate(row, confidence) for row in table]
            held[confidence] += all(one.low <= 0 <= one.high for one in found)
    uncorrected, corrected = (2 * number / REPETITIONS for number in held.values())
    assert uncorrected < 0.8
    assert corrected >= ENOUGH


@pytest.mark.parametrize("tasks", [16, 64, 192])
@pytest.mark.parametrize("rate", [0.0, 0.002, 0.01, 0.1, 0.5, 0.97, 0.995, 1.0])
def test_intervals_over_tasks_hold_the_truth_however_rare_success_is(tasks: int, rate: float) -> None:
    population = (np.arange(1000) < 1000 * rate).astype(float)
    chosen, plain = (
        coverage_of_tasks(name, population, tasks, REPETITIONS // 2, np.random.default_rng(0)) for name in list(OVER_TASKS)[:2]
    )
    assert chosen >= ENOUGH
    if rate == 0.002:
        assert plain < 0.5


@pytest.mark.parametrize("name", ["linear_hypernetwork", "anil"])
def test_intervals_over_tasks_hold_what_many_tasks_say(name: str) -> None:
    """Of ``compworld.evaluate``, on returns, which are the least alike: drawn from 1,500 held-out tasks."""
    agent = compworld.load_agent(f"preferences-small/{name}")
    played = compworld.evaluate(
        agent, "CompWorld-Preferences-Small-v0", track="shown", split="held_out", tasks=1500, seed=1
    ).played
    gained_T, possible_T = ((one - played.random)[:, 0] for one in (played.returns, played.optimal))
    truth, rng = gained_T.sum() / possible_T.sum(), np.random.default_rng(0)
    for tasks in TASKS:
        drawn = (rng.integers(len(gained_T), size=tasks) for _ in range(REPETITIONS // 2))
        held = [low <= truth <= high for _, low, high in (ratio(gained_T[some], possible_T[some]) for some in drawn)]
        assert np.mean(held) >= ENOUGH


def test_the_page_on_scores_has_the_table() -> None:
    """Its rows are those of the experiment's own table."""
    table = (ROOT / "benchmarks" / "results" / "theory" / "coverage.md").read_text(encoding="utf-8")
    assert Coverage().markdown(FOUND) == table
    page = (ROOT / "docs" / "scores.md").read_text(encoding="utf-8")
    simulated = table[table.index("Share of") :]
    lines = [line for line in simulated.splitlines() if line.startswith("| ") or line.startswith("|  |")]
    assert len(lines) == 2 + 2 * len(WORLDS) + len(TASKS) * (3 + len(RARE))
    assert all(line in page for line in lines)


def test_spreads_are_measured() -> None:
    """Of many nested runs with known spreads, and of runs in which only one thing varies."""
    rng = np.random.default_rng(0)
    truth = Spread(0.3, 0.1, 0.5, 50)
    runs = [
        [Tasks.of(0.3 * world + 0.1 * rng.normal() + 0.5 * rng.normal(size=50)) for _ in range(40)]
        for world in rng.normal(size=400)
    ]
    found = Spread.measured(runs)
    assert found.number == 50
    assert (found.worlds, found.seeds, found.tasks) == pytest.approx((truth.worlds, truth.seeds, truth.tasks), rel=0.1)
    same = [[Tasks(50, world, 0.0, 0, 1)] * 3 for world in (0.0, 1.0)]
    assert Spread.measured(same) == Spread(pytest.approx(np.sqrt(0.5)), 0, 0, 50)
    assert Spread.measured([[Tasks(50, seed, 0.0, 0, 1) for seed in (0.0, 1.0)]] * 3) == Spread(
        0, pytest.approx(np.sqrt(0.5)), 0, 50
    )
