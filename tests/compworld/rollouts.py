"""Random play, and whether two of them are the same."""

import numpy as np


def same(one, other):
    """Observations, infos and other nested data are equal, in type as well."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            same(one[key], other[key])
    else:
        np.testing.assert_array_equal(one, other)
        assert getattr(one, "dtype", None) == getattr(other, "dtype", None)


def rollout(env, steps, rng_seed=0):
    """Random actions, with a reset after the end of each episode."""
    rng = np.random.default_rng(rng_seed)
    seen = []
    for _ in range(steps):
        seen.append(env.step(int(rng.integers(env.action_space.n))))
        if seen[-1][2] or seen[-1][3]:
            seen.append(env.reset())
    return seen


def same_rollouts(one, other):
    for left, right in zip(one, other, strict=True):
        for a, b in zip(left, right, strict=True):
            same(a, b)
