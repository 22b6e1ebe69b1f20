"""Aggregates and intervals against values worked out by hand."""

import numpy as np
import pytest

from compworld.benchmarks.scores.statistics import aggregate, difference, estimate, interquartile_mean, lower_fifth


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7.0], 7.0),
        ([1.0, 3.0], 2.0),
        ([0.0, 6.0, 12.0], 6.0),
        ([0.0, 3.0, 100.0], (0.0 + 4 * 3.0 + 100.0) / 6),  # weights 1/6, 4/6, 1/6
        ([-50.0, 2.0, 4.0, 900.0], 3.0),
        ([1.0, 2.0, 3.0, 4.0, 100.0], (0.75 * 2 + 3 + 0.75 * 4) / 2.5),
        ([9.0, 1.0, 5.0, 3.0, 7.0, 1000.0, -8.0, 4.0], (3 + 4 + 5 + 7) / 4),
    ],
)
def test_interquartile_mean(values: list[float], expected: float) -> None:
    assert interquartile_mean(np.asarray(values)) == pytest.approx(expected)


def test_interquartile_mean_works_along_the_last_axis() -> None:
    values = np.random.default_rng(0).normal(size=(4, 3, 7))
    assert interquartile_mean(values)[2, 1] == pytest.approx(float(interquartile_mean(values[2, 1])))


def test_aggregate_means_over_tasks_then_interquartile_over_seeds() -> None:
    scores = [np.asarray([0.0, 1.0]), np.asarray([1.0, 1.0]), np.asarray([0.0, 0.0, 0.0])]
    assert aggregate(scores) == pytest.approx((0.0 + 4 * 0.5 + 1.0) / 6)


def test_estimate_is_reproducible_and_covers_its_value() -> None:
    rng = np.random.default_rng(1)
    scores = [rng.uniform(size=50) for _ in range(5)]
    first, second = (estimate(scores, np.random.default_rng(3)) for _ in range(2))
    assert first == second
    assert first.low < first.value < first.high
    assert first.value == pytest.approx(aggregate(scores))


def test_identical_scores_have_an_interval_of_no_width() -> None:
    found = estimate([np.full(4, 0.5), np.full(4, 0.5)], np.random.default_rng(0))
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_intervals_reach_their_nominal_coverage() -> None:
    """Of tasks alone (one seed): the interval of a mean holds the truth in about 95 % of repetitions."""
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(300):
        found = estimate([rng.normal(size=40)], rng)
        hits += found.low <= 0.0 <= found.high
    assert 0.89 <= hits / 300 <= 0.99


def test_paired_difference_does_not_see_what_seeds_share() -> None:
    """Worlds differ a lot, methods by a little everywhere: the difference is decided though the intervals overlap."""
    level = np.asarray([0.1, 0.4, 0.8])
    noise = np.random.default_rng(2)
    ours = [value + 0.05 + 0.01 * noise.normal(size=100) for value in level]
    theirs = [value + 0.01 * noise.normal(size=100) for value in level]
    found = difference(ours, theirs, np.random.default_rng(0))
    assert found.value == pytest.approx(0.05, abs=0.005)
    assert found.low > 0
    assert estimate(ours, np.random.default_rng(0)).low < estimate(theirs, np.random.default_rng(0)).high


def test_difference_needs_pairs() -> None:
    with pytest.raises(ValueError, match="numbers of seeds are 1 and 2"):
        difference([np.ones(2)], [np.ones(2), np.ones(2)], np.random.default_rng(0))


def test_the_lower_fifth_is_what_four_of_five_tasks_exceed() -> None:
    rng = np.random.default_rng(0)
    scores = [np.arange(101.0), np.arange(101.0) + 10, np.arange(101.0) + 20]
    found = estimate(scores, rng, lower_fifth)
    assert found.value == pytest.approx(30.0)
    assert found.low < found.value < found.high
    assert estimate(scores, rng).value == pytest.approx(60.0)
