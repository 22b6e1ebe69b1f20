"""Counter-based random draws: known values, uniformity, and equality of NumPy and torch."""

import numpy as np
import pytest
import torch

from compworld import randomness


def chi_squared(values: np.ndarray, outcomes: int) -> float:
    """Deviation from uniformity in standard deviations of the chi-squared statistic."""
    counts = np.bincount(values, minlength=outcomes)
    assert len(counts) == outcomes
    expected = len(values) / outcomes
    degrees = outcomes - 1
    return float((((counts - expected) ** 2 / expected).sum() - degrees) / np.sqrt(2 * degrees))


def test_equals_published_splitmix64():
    published = np.asarray([0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F], dtype=np.uint64)
    np.testing.assert_array_equal(randomness.draws(np.zeros(1, dtype=np.int64), 0, 3)[0].view(np.uint64), published)
    counters = np.arange(3)
    np.testing.assert_array_equal(randomness.stream(np.zeros(3, dtype=np.int64), counters).view(np.uint64), published)


@pytest.mark.parametrize("upper", [2, 3, 7, 19, 256])
def test_integers_are_uniform(upper):
    streams = randomness.stream(np.full(20_000, 5), np.arange(20_000))
    bits = randomness.draws(streams, 0, 5)
    assert abs(chi_squared(randomness.integers(bits, upper).reshape(-1), upper)) < 4
    for column in range(5):
        assert abs(chi_squared(randomness.integers(bits[:, column], upper), upper)) < 4


@pytest.mark.parametrize("by", ["draw", "episode", "key"])
def test_neighbouring_draws_are_independent(by):
    numbers = np.arange(30_000)
    if by == "key":
        pairs = [randomness.draws(randomness.stream(numbers + shift, np.zeros_like(numbers)), 0, 1)[:, 0] for shift in (0, 1)]
    elif by == "episode":
        pairs = [randomness.draws(randomness.stream(np.full_like(numbers, 3), numbers + shift), 0, 1)[:, 0] for shift in (0, 1)]
    else:
        pairs = list(randomness.draws(randomness.stream(np.full_like(numbers, 3), numbers), 0, 2).T)
    first, second = (randomness.integers(bits, 9) for bits in pairs)
    assert abs(chi_squared(first * 9 + second, 81)) < 4


def test_integers_stay_below_their_bound():
    extremes = np.asarray([-(2**63), -1, 0, 1, 2**63 - 1])
    for upper in (1, 2, 19, 2**31):
        values = randomness.integers(extremes, upper)
        assert values.min() == 0
        assert values.max() == upper - 1


def test_a_draw_does_not_depend_on_its_batch():
    streams = randomness.stream(np.full(50, 11), np.arange(50))
    together = randomness.draws(streams, 3, 7)
    np.testing.assert_array_equal(randomness.draws(streams[17:18], 3, 7)[0], together[17])
    np.testing.assert_array_equal(randomness.draws(streams, 5, 2), together[:, 2:4])


def test_numpy_and_torch_agree_bit_for_bit():
    keys, counters = np.arange(-50, 50) * 2**57 + 12345, np.arange(100)
    streams = randomness.stream(keys, counters)
    streams_torch = randomness.stream(torch.asarray(keys), torch.asarray(counters))
    np.testing.assert_array_equal(streams, streams_torch.numpy())
    bits, bits_torch = randomness.draws(streams, 0, 6), randomness.draws(streams_torch, 0, 6)
    np.testing.assert_array_equal(bits, bits_torch.numpy())
    available = np.full(100, 20)
    chosen = randomness.distinct(bits, available, (counters % 20,))
    chosen_torch = randomness.distinct(bits_torch, torch.asarray(available), (torch.asarray(counters % 20),))
    np.testing.assert_array_equal(chosen, chosen_torch.numpy())


def test_distinct_draws_differ_and_avoid_what_is_taken():
    streams = randomness.stream(np.full(5_000, 1), np.arange(5_000))
    taken = np.arange(5_000) % 6
    chosen = randomness.distinct(randomness.draws(streams, 0, 5), np.full(5_000, 6), (taken,))
    everything = np.sort(np.concatenate([chosen, taken[:, None]], axis=1), axis=1)
    np.testing.assert_array_equal(everything, np.broadcast_to(np.arange(6), (5_000, 6)))


def test_distinct_draws_are_uniform_over_arrangements():
    streams = randomness.stream(np.full(24_000, 2), np.arange(24_000))
    chosen = randomness.distinct(randomness.draws(streams, 0, 2), np.full(24_000, 5), (np.full(24_000, 2),))
    arrangements = {pair: number for number, pair in enumerate((a, b) for a in (0, 1, 3, 4) for b in (0, 1, 3, 4) if a != b)}
    numbers = np.asarray([arrangements[a, b] for a, b in chosen.tolist()])
    assert abs(chi_squared(numbers, 12)) < 4


def test_exponential_quantiles_are_those_of_exp_1():
    quantiles = randomness.EXPONENTIAL_QUANTILES
    assert (np.diff(quantiles) > 0).all()
    assert quantiles.mean() == pytest.approx(1, abs=1e-4)
    assert quantiles.var() == pytest.approx(1, abs=1e-3)
    assert np.interp(np.log(2), quantiles, np.linspace(0, 1, len(quantiles))) == pytest.approx(0.5, abs=1e-4)


def test_keys_tell_tuples_apart():
    words = [("a", "b"), ("ab",), ("b", "a"), ("a", 1), ("a", 2), (1, "a"), (97,), ("a",), (-1,), (1,)]
    keys = [randomness.key_of(*word) for word in words]
    assert len(set(keys)) == len(keys)
    assert keys == [randomness.key_of(*word) for word in words]
    assert randomness.generator("a", 1).integers(2**60) == randomness.generator("a", 1).integers(2**60)
    assert randomness.generator("a", 1).integers(2**60) != randomness.generator("a", 2).integers(2**60)
