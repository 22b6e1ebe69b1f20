"""Tasks: how they are drawn, as plain data and in words."""

import json

import numpy as np
import pytest

from compworld import make_family, make_split, randomness
from compworld.envs.observations import MISSION_CHARACTERS


def test_combinations_are_drawn_uniformly(family):
    streams = randomness.stream(np.full(20_000, 4), np.arange(20_000))
    pool = np.arange(0, len(family.space), 2)
    drawn = family.combination_of(family.draw_weights(streams, pool))
    counts = np.bincount(drawn, minlength=len(family.space))
    assert counts.sum() == counts[pool].sum()
    expected = 20_000 / len(pool)
    assert ((counts[pool] - expected) ** 2 / expected).sum() < len(pool) - 1 + 4 * np.sqrt(2 * (len(pool) - 1))


def test_preferences_weights_follow_the_paper():
    family = make_family("preferences")
    streams = randomness.stream(np.full(20_000, 8), np.arange(20_000))
    rng = np.random.default_rng(0)
    for active in (1, 2, 3):
        mask = np.zeros((20_000, 8), dtype=np.int64)
        mask[:, 2 : 2 + active] = 1
        weights = family.weigh(streams, mask)
        np.testing.assert_array_equal(weights > 0, mask == 1)
        chosen = weights[:, 2 : 2 + active]
        assert chosen.min() >= 0.5
        assert chosen.max() < 1
        exponential = rng.exponential(size=(200_000, active))
        expected = 0.5 + 0.5 * exponential / (1 + exponential.sum(axis=1, keepdims=True))
        np.testing.assert_allclose(chosen.mean(axis=0), expected.mean(), atol=4e-3)
        np.testing.assert_allclose(chosen.std(axis=0), expected.std(), atol=4e-3)
        np.testing.assert_allclose(chosen.sum(axis=1).std(), expected.sum(axis=1).std(), atol=4e-3)


def test_sampled_tasks_come_from_the_split(family):
    split = make_split(family.space)
    rng = np.random.default_rng(0)
    for which, mask in (("train", split.trained), ("held_out", split.held_out)):
        for _ in range(50):
            weights = family.weights_of(family.sample_task(rng, split, which))
            assert mask[family.combination_of(weights[None])[0]]
    assert family.sample_task(np.random.default_rng(1)) == family.sample_task(np.random.default_rng(1))
    with pytest.raises(ValueError, match="unknown split 'test'; allowed: 'train'"):
        family.sample_task(rng, split, "test")


def test_tasks_survive_json(family):
    streams = randomness.stream(np.full(100, 1), np.arange(100))
    weights = family.draw_weights(streams, np.arange(len(family.space)))
    batch = family.task_of(weights)
    for episode in range(100):
        task = json.loads(json.dumps(family.task_of(weights[episode])))
        np.testing.assert_array_equal(family.weights_of(task), weights[episode])
        for name, value in task.items():
            np.testing.assert_array_equal(batch[name][episode], value)


def test_missions_can_be_written_down(grid, start):
    """In the characters and the length that the observation space and the flat observation allow."""
    missions = [grid.mission(weights) for weights in start(grid, 1000).weights_BM]
    assert all(set(mission) <= set(MISSION_CHARACTERS) for mission in missions)
    assert min(map(len, missions)) >= 1
    assert max(map(len, missions)) <= 160
    assert len(set(missions)) > 10


def test_mission_words():
    goals = make_family("goals")
    weights = goals.weights_of({"quadrant": 1, "interaction": 0, "maze": 2, "object": 2})
    assert goals.mission(weights) == "in the north-east, toggle the yellow box"
    weights = goals.weights_of({"quadrant": 2, "interaction": 1, "maze": 0, "object": 0})
    assert goals.mission(weights) == "in the south-west, pick up the blue ball"
    likes = make_family("preferences", features=4)
    likes.tables.like(np.empty(0))["preferences"][0] = [0.62, -1.24, 0.01, 0.84]
    assert likes.mission(np.eye(8)[0]) == "likes purple ball 0.8, blue ball 0.6; dislikes green key 1.2"
    assert likes.mission(np.zeros(8)) == "likes nothing"


def test_foreign_task(family):
    for task in (None, [], {}, {"weight": [1.0]}, {"quadrant": 0}):
        with pytest.raises(ValueError, match=r"task is .*; allowed: "):
            family.weights_of(task)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0] * 7, r"task weights have shape \(7,\); allowed: \(8,\), one number per module"),
        (1.0, r"task weights have shape \(\); allowed: \(8,\)"),
        ([1.0] * 7 + [float("nan")], r"task weights are \[1.0, .*nan\]; allowed: finite numbers"),
        ([1.0] * 7 + [float("inf")], r"task weights are \[1.0, .*inf\]; allowed: finite numbers"),
        (["much"] * 8, r"task weights are \['much', .*\]; allowed: 8 numbers"),
        (None, r"task weights have shape \(\); allowed: \(8,\)"),
    ],
)
def test_impossible_preferences_task(weights, message):
    with pytest.raises(ValueError, match=message):
        make_family("preferences").weights_of({"weights": weights})


@pytest.mark.parametrize(("value", "shown"), [(4, "4"), (-1, "-1"), (0.5, "0.5"), (True, "True"), ("0", "'0'"), (None, "None")])
def test_impossible_goals_task(value, shown):
    with pytest.raises(ValueError, match=rf"task quadrant is {shown}; allowed: integers from 0 to 3"):
        make_family("goals").weights_of({"quadrant": value, "interaction": 0, "maze": 0, "object": 0})
