"""Linear decoding: exact where modules are encoded linearly, nothing where they are not there."""

import numpy as np
import pytest

from benchmarks.decoding import decode
from compworld import make_family, make_split


def tasks(rng, pool, count=200):
    """Weights [T, M] of a family's tasks, and their combinations."""
    family = make_family("preferences-small")
    weights = family.weights_in_turn(rng.integers(2**63, size=count), pool)
    return weights, family.combination_of(weights)


@pytest.mark.parametrize("seed", range(3))
def test_linear_codes_are_decoded_and_shuffled_ones_are_not(seed):
    rng = np.random.default_rng(seed)
    split = make_split(make_family("preferences-small").space, "random", 0)
    weights, combination = tasks(rng, split.pool("train"))
    held_out, _ = tasks(rng, split.pool("held_out"))
    mixing = rng.standard_normal((weights.shape[1], 30))
    noise = 1e-3 * rng.standard_normal((2, 200, 30))
    found = decode(weights @ mixing + 5 + noise[0], weights, combination, held_out @ mixing + 5 + noise[1], held_out, rng)
    varying = held_out.std(0) > 0
    assert [value is not None for value in found["r2"]] == varying.tolist()
    assert min(value for value in found["r2"] if value is not None) > 0.99
    assert max(value for value in found["permuted_r2"] if value is not None) < 0.1


def test_noise_is_not_decoded():
    rng = np.random.default_rng(0)
    split = make_split(make_family("preferences-small").space, "random", 0)
    weights, combination = tasks(rng, split.pool("train"))
    held_out, _ = tasks(rng, split.pool("held_out"))
    found = decode(rng.standard_normal((200, 30)), weights, combination, rng.standard_normal((200, 30)), held_out, rng)
    assert max(value for value in found["r2"] if value is not None) < 0.2
