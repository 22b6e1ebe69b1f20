"""Means over worlds and their intervals against SciPy and values worked out by hand."""

import json
import math

import numpy as np
import pytest
from scipy import stats

from compworld.benchmarks.scores.statistics import (
    Estimate,
    differences,
    estimate,
    lower_fifths,
    recomputed,
    record_of,
    scored,
    simultaneous,
    unpaired,
    within_worlds,
    without_interval,
)
from compworld.evaluation.interval import DIFFERENCE, Tasks


def some_worlds(number: int, tasks: int = 400) -> list[np.ndarray]:
    """That differ by more than so many tasks could make them."""
    rng = np.random.default_rng(number)
    return [world / 2 + rng.uniform(size=tasks + world) for world in range(number)]


@pytest.mark.parametrize("worlds", [2, 3, 5, 10])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99375, 0.9999])
def test_the_interval_over_worlds_is_students(worlds: int, confidence: float) -> None:
    scores = some_worlds(worlds)
    means = [tasks.mean() for tasks in scores]
    found = estimate(scored(scores), confidence)
    assert found.value == pytest.approx(np.mean(means))
    expected = stats.t.interval(confidence, worlds - 1, np.mean(means), stats.sem(means))
    assert (found.low, found.high) == pytest.approx(expected)


def test_worlds_weigh_the_same_however_many_tasks_they_have() -> None:
    assert estimate(scored([np.zeros(100), np.ones(2)])).value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("successes", "tasks"), [(0, 1), (1, 1), (0, 20), (7, 20), (20, 20), (191, 192)], ids=lambda number: str(number)
)
def test_of_one_world_the_tasks_are_the_sample(successes: int, tasks: int) -> None:
    """With two tasks added at either end: the mean lies within even where all tasks succeed, or none does."""
    scores = np.repeat([1.0, 0.0], [successes, tasks - successes])
    found = estimate(scored([scores]))
    more = np.concatenate([scores, [0, 0, 1, 1]])
    assert found.value == pytest.approx(successes / tasks)
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, tasks + 3, more.mean(), stats.sem(more)))
    assert found.low < found.value < found.high


def test_scores_beyond_the_scale_are_ends_of_it() -> None:
    scores = np.asarray([-3.0, 0.5, 0.5, 2.0])
    assert (Tasks.of(scores).lowest, Tasks.of(scores).highest) == (-3, 2)
    assert Tasks.of(np.asarray([0.25]), DIFFERENCE) == Tasks(1, 0.25, 0.0, -1, 1)
    with pytest.raises(ValueError, match="scores are of 0 tasks; allowed: at least 1"):
        Tasks.of(np.empty(0))


def test_worlds_that_agree_by_chance_claim_no_more_than_their_tasks_carry() -> None:
    rng = np.random.default_rng(0)
    scores = [values - values.mean() for values in rng.normal(size=(3, 50))]
    found = estimate(scored(scores))
    pooled = np.concatenate([*scores, 2 * [min(map(np.min, scores)), max(map(np.max, scores))]])
    half = stats.t.ppf(0.975, len(pooled) - 1) * stats.sem(pooled)
    assert found.value == pytest.approx(0)
    assert found.high - found.low == pytest.approx(2 * half, rel=0.02)
    # Nor are all worlds perfect because five were.
    perfect = estimate(scored(5 * [np.ones(192)]))
    assert 0.99 < perfect.low < 1


def test_differences_do_not_see_what_worlds_share() -> None:
    """Worlds differ a lot, methods by a little everywhere: the difference is decided though the intervals overlap."""
    rng = np.random.default_rng(2)
    level = (0.1, 0.4, 0.8)
    ours = [value + 0.05 + 0.01 * rng.normal(size=100) for value in level]
    theirs = [value + 0.01 * rng.normal(size=100) for value in level]
    found = estimate(differences(ours, theirs))
    assert found.value == pytest.approx(0.05, abs=0.005)
    assert found.low > 0
    assert estimate(scored(ours)).low < estimate(scored(theirs)).high


def test_in_one_world_differences_are_paired_by_task() -> None:
    rng = np.random.default_rng(0)
    theirs = rng.uniform(size=200)
    ours = theirs + 0.1
    found = estimate(differences([ours], [theirs]))
    assert found.value == pytest.approx(0.1)
    assert found.high - found.low < 0.1
    assert found.low > 0


def test_differences_need_pairs() -> None:
    with pytest.raises(ValueError, match="numbers of worlds are 1 and 2; allowed: equal numbers, paired by world"):
        differences([np.ones(2)], [np.ones(2), np.ones(2)])
    # Sets of different sizes are no pairs of tasks: several worlds have an interval then, one has none.
    ours, theirs = [np.ones(3), np.ones(3)], [np.zeros(2), np.full(2, 0.5)]
    assert estimate(differences(ours, theirs)).value == pytest.approx(0.75)
    assert not estimate(differences(ours[:1], theirs[:1])).is_finite


@pytest.mark.parametrize("spread", [0.0, 0.2])
def test_worlds_that_are_not_paired_have_the_wider_of_two_intervals(spread: float) -> None:
    """Over worlds as SciPy has it for equal numbers but for the degrees of freedom; over tasks in 95 % of repetitions."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        ours, theirs = (scored(list(rng.normal(rng.normal(0.5, spread, (4, 1)), 0.3, (4, 50)))) for _ in range(2))
        found = unpaired(ours, theirs)
        error = np.hypot(*(stats.sem([world.mean for world in side]) for side in (ours, theirs)))
        low, high = stats.t.interval(0.95, 3, found.value, error)
        assert found.low <= low + 1e-9
        assert found.high >= high - 1e-9
        held += found.low <= 0 <= found.high
    assert held >= 0.95 * 400
    same = [without_interval(1, 0.5)] * 3
    assert unpaired(same, same) == Estimate(0.0, 0.0, 0.0)
    tight = scored([np.asarray([0.0, 1.0] * 5)] * 3)
    assert unpaired(tight, tight).high > 0.2


def test_the_lower_fifth_is_what_four_of_five_tasks_exceed() -> None:
    scores = [np.arange(101.0), np.arange(101.0) + 10, np.arange(101.0) + 20]
    found = estimate(lower_fifths(scores))
    assert found.value == pytest.approx(30.0)
    assert found.low < found.value < found.high
    assert math.isnan(lower_fifths([np.asarray([])])[0].mean)
    alone = estimate(lower_fifths(scores[:1]))
    assert alone.value == pytest.approx(20.0)
    assert not alone.is_finite


@pytest.mark.parametrize("worlds", [1, 2, 5])
@pytest.mark.parametrize("confidence", [0.95, simultaneous(8)])
def test_an_estimate_is_recomputed_from_its_record(worlds: int, confidence: float) -> None:
    for found in (scored(some_worlds(worlds)), lower_fifths(some_worlds(worlds))):
        record = json.loads(json.dumps(record_of(found, confidence), allow_nan=False))
        assert recomputed(record).as_dict() == Estimate.from_dict(record).as_dict() == estimate(found, confidence).as_dict()


def test_intervals_of_a_table_share_what_may_fail() -> None:
    assert simultaneous(1) == simultaneous(0) == 0.95
    assert 8 * (1 - simultaneous(8)) == pytest.approx(0.05)
    widths = [estimate(scored(some_worlds(5)), simultaneous(number)).high for number in (1, 2, 8, 100)]
    assert widths == sorted(widths)
    assert math.isfinite(widths[-1])


@pytest.mark.parametrize("worlds", [2, 3, 8, 20])
def test_intervals_within_worlds_of_two_conditions_are_the_paired_one_over_the_root_of_two(worlds: int) -> None:
    first, last = np.random.default_rng(worlds).normal([[0], [0.5]], size=(2, worlds))
    found = within_worlds([first, last])
    paired = stats.ttest_rel(last, first).confidence_interval()
    for estimate_, means in zip(found, (first, last), strict=True):
        assert estimate_.value == pytest.approx(np.mean(means))
        assert estimate_.high - estimate_.low == pytest.approx((paired.high - paired.low) / math.sqrt(2))


def test_intervals_within_worlds_do_not_depend_on_how_worlds_differ() -> None:
    rng = np.random.default_rng(0)
    means_KW = rng.uniform(size=(4, 8))
    level_W = rng.normal(scale=10, size=8)
    for plain, lifted in zip(within_worlds(means_KW), within_worlds(means_KW + level_W), strict=True):
        assert lifted.value == pytest.approx(plain.value + level_W.mean())
        assert lifted.high - lifted.low == pytest.approx(plain.high - plain.low)


def test_conditions_whose_intervals_do_not_touch_differ_when_paired() -> None:
    """Such a verdict claims less than the paired interval, and comes by chance in fewer than one of twenty cases."""
    rng = np.random.default_rng(1)
    apart = []
    for _ in range(2_000):
        first, last = rng.normal(rng.normal(size=5), 0.3, size=(2, 5))
        before, after = within_worlds([first, last])
        apart.append(before.high < after.low or after.high < before.low)
        assert not apart[-1] or stats.ttest_rel(last, first).pvalue < 0.05
    assert np.mean(apart) < 0.05


@pytest.mark.parametrize("conditions", [[[1.0, 2.0]], [[1.0], [2.0]], [[1.0, 2.0], [3.0]]])
def test_there_is_nothing_within_worlds_without_two_of_each(conditions: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="allowed: at least two of each, as many in all"):
        within_worlds(conditions)
