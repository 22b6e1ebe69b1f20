"""Few-shot tasks: deterministic, independent of the batch, and of the right combinations."""

import os
import signal
import time
from itertools import islice

import numpy as np
import pytest

from compworld import few_shot_tasks, make_family, make_split, randomness
from compworld.fewshot import dense, sparse, task_streams

NAMES = ("rows_TNR", "actions_TN", "action_values_TNA", "rewards_TN", "episode_TN", "valid_TN")
TYPES = (np.int64, np.int64, np.float32, np.float32, np.int64, np.bool_)


def stream(family, which="train", **options):
    options = {"tasks": 6, "support_episodes": 3, "query_episodes": 2, **options}
    return few_shot_tasks(family, make_split(family.space), which, **options)


def steps_of(samples, task):
    """The valid steps of one task, as lists."""
    valid = np.asarray(samples.valid_TN[task])
    return [np.asarray(getattr(samples, name)[task])[valid].tolist() for name in NAMES]


def same_steps(one, other, task, offset=0):
    """Equal, but for the rounding of labels, which are products of matrices, in batches of different sizes."""
    for left, right in zip(steps_of(one, task + offset), steps_of(other, task), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-6, atol=1e-9)


def same_tasks(one, other, count, offset=0):
    np.testing.assert_array_equal(one.weights_TM[offset : offset + count], other.weights_TM[:count])
    for task in range(count):
        same_steps(one.support, other.support, task, offset)
        same_steps(one.query, other.query, task, offset)


def test_deterministic_and_different_by_seed_and_split(family):
    batches = list(islice(stream(family), 2))
    for one, other in zip(batches, islice(stream(family), 2), strict=True):
        same_tasks(one, other, 6)
    assert steps_of(batches[0].support, 0) != steps_of(batches[1].support, 0)
    for other in (stream(family, seed=1), stream(family, "all")):
        assert [steps_of(next(other).support, t) for t in range(1)] != [steps_of(batches[0].support, 0)]


def test_independent_of_the_batch_size(family):
    large = next(stream(family, tasks=10))
    small = list(islice(stream(family, tasks=3), 3))
    for number, batch in enumerate(small):
        same_tasks(large, batch, 3, offset=3 * number)
    same_tasks(large, next(stream(family, tasks=4, start=5)), 4, offset=5)
    more = next(stream(family, tasks=10, support_episodes=3, query_episodes=1))
    for task in range(10):
        same_steps(more.support, large.support, task)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("backend_name", ["numpy", "torch"])
def test_prefetching_goes_on_after_a_fork(backend_name):
    """The thread that prefetches does not come along into the child, which must not wait for it."""
    family = make_family("goals-small")
    given = {"tasks": 3, "backend_name": backend_name}
    batches, expected = stream(family, **given, prefetch=True), list(islice(stream(family, **given), 4))
    next(batches)
    child = os.fork()
    if not child:  # only numbers go back: whatever else a test runner does at its end is not for the child
        same = [bool((next(batches).weights_TM == batch.weights_TM).all()) for batch in expected[1:]]
        os._exit(0 if all(same) else 1)
    for _ in range(600):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.1)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the child hangs")
    assert status == 0
    for batch in expected[1:]:
        np.testing.assert_array_equal(next(batches).weights_TM, batch.weights_TM)


def test_prefetching_changes_nothing(family):
    for one, other in zip(stream(family, tasks=3, prefetch=True), islice(stream(family, tasks=3), 4), strict=False):
        same_tasks(one, other, 3)
        np.testing.assert_array_equal(one.weights_TM, other.weights_TM)


def test_numpy_and_torch_agree(family):
    one, other = next(stream(family)), next(stream(family, backend_name="torch"))
    np.testing.assert_array_equal(one.weights_TM, other.weights_TM.numpy())
    for part in ("support", "query"):
        for name in NAMES:
            left, right = getattr(getattr(one, part), name), getattr(getattr(other, part), name).numpy()
            assert left.dtype == right.dtype
            if family.expert is None:
                np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)
            else:
                np.testing.assert_array_equal(left, right)


def test_types_and_shapes(family):
    batch = next(stream(family))
    for samples in (batch.support, batch.query):
        found = [getattr(samples, name) for name in NAMES]
        assert [array.dtype for array in found[1:]] == list(TYPES[1:])
        assert found[0].dtype == (np.float32 if family.expert is None else np.int64)
        assert all(array.shape[:2] == samples.valid_TN.shape for array in found)
        assert samples.action_values_TNA.shape[2] == family.actions


@pytest.mark.parametrize("which", ["train", "held_out", "all"])
def test_tasks_are_of_their_split(family, support, which):
    if support == "active_modules" and family.space.factors:
        pytest.skip("needs combinations of different sizes")
    split = make_split(family.space, support)
    batch = next(few_shot_tasks(family, split, which, tasks=60, support_episodes=1, query_episodes=1))
    drawn = set(family.combination_of(batch.weights_TM).tolist())
    assert drawn <= set(split.pool(which).tolist())
    assert len(drawn) >= min(3, len(split.pool(which)))


def test_support_and_query_are_different_episodes(family):
    batch = next(stream(family, tasks=40, support_episodes=1, query_episodes=1))
    starts = [(batch.support.rows_TNR[t, 0].tolist(), batch.query.rows_TNR[t, 0].tolist()) for t in range(40)]
    assert all(one != other for one, other in starts)


def test_steps_are_packed_by_episode(family):
    batch = next(stream(family))
    for samples, episodes in ((batch.support, 3), (batch.query, 2)):
        for task in range(6):
            valid = samples.valid_TN[task]
            assert valid[: valid.sum()].all()
            of_steps = samples.episode_TN[task][valid]
            assert (np.diff(of_steps) >= 0).all()
            assert set(of_steps.tolist()) == set(range(episodes))
        assert samples.valid_TN[:, -1].any()


def test_defaults_are_the_papers(family):
    split = make_split(family.space)
    batch = next(few_shot_tasks(family, split, tasks=2))
    for samples in (batch.support, batch.query):
        assert int(samples.episode_TN[samples.valid_TN].max()) + 1 == family.shots


def test_rewards_are_those_of_the_demonstrated_steps(grid):
    """Played again from its start, an episode gives the same rewards; padding has none."""
    batch = next(stream(grid))
    streams = randomness.stream(task_streams(0, "train", np.arange(6))[:, None], np.arange(5)[None])
    assert batch.support.rewards_TN.any()
    for task in range(6):
        for episode in range(5):
            samples, number = (batch.support, episode) if episode < 3 else (batch.query, episode - 3)
            steps = np.flatnonzero(samples.valid_TN[task] & (samples.episode_TN[task] == number))
            state = grid.place(streams[task, episode : episode + 1], batch.weights_TM[task : task + 1])
            for step in steps:
                state, outcome = grid.step(state, samples.actions_TN[task, step : step + 1])
                assert samples.rewards_TN[task, step] == np.float32(outcome.reward_B[0])
    for samples in (batch.support, batch.query):
        assert not samples.rewards_TN[~samples.valid_TN].any()


def test_batches_can_be_sliced(family):
    batch = next(stream(family))
    part = batch[2:4]
    assert len(batch) == 6
    assert len(part) == 2
    same_tasks(batch, part, 2, offset=2)


def test_dense_equals_the_environments_observation(grid, start):
    batch = next(stream(grid))
    observed = dense(grid, batch.support.rows_TNR)
    assert observed.shape == (*batch.support.rows_TNR.shape[:2], *grid.shape, grid.channels)
    assert observed.dtype == np.uint8
    assert observed.max() == 1
    assert (observed[..., -2].sum(axis=(2, 3)) == 1).all()
    state = start(grid, 30)
    np.testing.assert_array_equal(dense(grid, grid.active_rows(state)), grid.symbolic(state))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"which": "test"}, "unknown split 'test'; allowed: 'train', 'held_out', 'all'"),
        ({"backend_name": "jax"}, "unknown backend 'jax'; allowed: 'numpy', 'torch'"),
        ({"tasks": 0}, "tasks is 0; allowed: integers from 1"),
        ({"support_episodes": 0}, "support_episodes is 0; allowed: integers from 1"),
        ({"query_episodes": -2}, "query_episodes is -2; allowed: integers from 1"),
    ],
)
def test_bad_input_is_refused_at_once(options, message):
    family = make_family("preferences-small")
    with pytest.raises(ValueError, match=message):
        stream(family, **options)


def test_sparse_is_the_inverse_of_dense(grid):
    """Along whole demonstrations, in which things are collected; scenes of other worlds are none."""
    rows = next(stream(grid)).support.rows_TNR
    np.testing.assert_array_equal(sparse(grid, dense(grid, rows)), rows)
    np.testing.assert_array_equal(sparse(grid, dense(grid, rows[0, 0])), rows[0, 0])
    for channel, value in ((-1, 1), (-2, 0), (slice(0, 2), 1)):
        wrong = dense(grid, rows[:3, 0])
        wrong[1, ..., channel] = value
        with pytest.raises(ValueError, match=f"observation 1 shows other walls or things than there are in '{grid.label}'"):
            sparse(grid, wrong)
