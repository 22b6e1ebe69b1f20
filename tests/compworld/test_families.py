"""Task generators: placements, rules, tasks as data, and equality of NumPy and torch."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from compworld import make_family, make_split, randomness
from compworld.envs.observations import MISSION_CHARACTERS
from compworld.experts import expert_for
from compworld.families import Goals, Preferences
from compworld.families.base import STATE_FIELDS, State
from compworld.fewshot import dense

SEEDS = 10_000


def to_torch(state):
    return State(*(torch.asarray(getattr(state, name)) for name in STATE_FIELDS))


# Placements -----------------------------------------------------------------------------------------------------------


def test_nothing_overlaps(family, start):
    state = start(family, SEEDS)
    walls = family.walls.reshape(family.mazes, -1)
    occupied = np.concatenate([state.agent_B[:, None], state.object_cell_BO], axis=1)
    assert not walls[state.maze_B[:, None], occupied].any()
    ordered = np.sort(occupied, axis=1)
    assert (np.diff(ordered, axis=1) > 0).all()
    assert state.remaining_BO.all()
    assert not state.elapsed_B.any()
    assert set(np.unique(state.object_feature_BO)) == set(range(family.features))


def test_every_episode_is_solvable(family, start):
    """The expert reaches the best return within the horizon, from 10,000 starts."""
    state = start(family, SEEDS)
    expert = expert_for(family)
    best = expert.optimal_return(state, np.full(SEEDS, family.horizon))
    if isinstance(family, Goals):
        goal = state.object_cell_BO[:, 0]
        away = family.distance[state.maze_B, state.agent_B, goal]
        assert (away >= family.sizes["start_distance"]).all()
        assert (away + 1 <= family.horizon).all()
        np.testing.assert_array_equal(best, 1)
    else:
        assert (best >= 0).all()
        assert np.isfinite(best).all()
        assert (best > 0).mean() > 0.5
    if not isinstance(family, Goals):
        state, best = state[:1500], best[:1500]
    total, running = np.zeros(len(state)), np.ones(len(state), dtype=bool)
    solved = np.zeros(len(state), dtype=bool)
    for step in range(family.horizon):
        if not running.any():
            break
        remaining = np.full(len(state), family.horizon - step)
        state, outcome = family.step(state, expert.optimal_action(state, remaining))
        total += outcome.reward_B * running
        solved |= outcome.success_B & running
        running &= ~outcome.terminated_B
    np.testing.assert_allclose(total, best, atol=1e-9)
    if isinstance(family, Goals):
        assert solved.all()


def test_goal_lies_where_the_task_says(family, start):
    if not isinstance(family, Goals):
        pytest.skip("has no goal")
    state = start(family, SEEDS)
    quadrant, interaction, maze, goal_type = family.factor_values(state.weights_BM)
    row, column = np.divmod(family.goal_cell(state), family.shape[1])
    middle = family.shape[0] // 2
    np.testing.assert_array_equal(row < middle, quadrant < 2)
    np.testing.assert_array_equal(row > middle, quadrant >= 2)
    np.testing.assert_array_equal(column < middle, quadrant % 2 == 0)
    np.testing.assert_array_equal(column > middle, quadrant % 2 == 1)
    np.testing.assert_array_equal(state.maze_B, maze)
    np.testing.assert_array_equal(state.interaction_B, interaction)
    np.testing.assert_array_equal(state.object_feature_BO[:, 0], goal_type)
    assert (np.diff(np.sort(state.object_feature_BO, axis=1), axis=1) > 0).all()
    np.testing.assert_array_equal(state.object_reward_BO.sum(axis=1), 1)


@pytest.mark.parametrize("world", range(1, 25))
def test_other_worlds_are_solvable(world, start):
    family = make_family("goals-small", world)
    state = start(family, 300)
    assert (expert_for(family).optimal_return(state, np.full(300, family.horizon)) == 1).all()


def test_preferences_placement_is_uniform(start):
    family = make_family("preferences")
    state = start(family, 20_000)
    free = np.flatnonzero(~family.walls[0].reshape(-1))
    for cells in (state.agent_B, state.object_cell_BO[:, 0], state.object_cell_BO[:, 3]):
        counts = np.bincount(cells, minlength=49)[free]
        expected = 20_000 / 19
        assert ((counts - expected) ** 2 / expected).sum() < 18 + 4 * np.sqrt(36)
    counts = np.bincount(state.object_feature_BO.reshape(-1))
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 7 + 4 * np.sqrt(14)


def test_combinations_are_drawn_uniformly(family):
    streams = randomness.stream(np.full(20_000, 4), np.arange(20_000))
    pool = np.arange(0, len(family.space), 2)
    drawn = family.space.index_of(family.draw_weights(streams, pool) != 0)
    counts = np.bincount(drawn, minlength=len(family.space))
    assert counts.sum() == counts[pool].sum()
    expected = 20_000 / len(pool)
    assert ((counts[pool] - expected) ** 2 / expected).sum() < len(pool) - 1 + 4 * np.sqrt(2 * (len(pool) - 1))


def test_an_episode_does_not_depend_on_its_batch(family, start, same_states):
    together = start(family, 40, key=3)
    streams = randomness.stream(np.asarray([3]), np.asarray([25]))
    same_states(family.place(streams, family.draw_weights(streams, np.arange(len(family.space)))), together[25:26])


def test_numpy_and_torch_agree_bit_for_bit(family, same_states):
    streams = randomness.stream(np.full(500, 9), np.arange(500))
    pool = np.arange(len(family.space))
    weights = family.draw_weights(streams, pool)
    weights_torch = family.draw_weights(torch.asarray(streams), torch.asarray(pool))
    np.testing.assert_array_equal(weights, weights_torch.numpy())
    state, state_torch = family.place(streams, weights), family.place(torch.asarray(streams), weights_torch)
    same_states(state, state_torch)
    rng = np.random.default_rng(0)
    for _ in range(30):
        actions = rng.integers(family.actions, size=500)
        state, outcome = family.step(state, actions)
        state_torch, outcome_torch = family.step(state_torch, torch.asarray(actions))
        same_states(state, state_torch)
        np.testing.assert_array_equal(family.active_rows(state), family.active_rows(state_torch).numpy())
        for field in dataclasses.fields(outcome):
            np.testing.assert_array_equal(getattr(outcome, field.name), getattr(outcome_torch, field.name).numpy())


# Rules ----------------------------------------------------------------------------------------------------------------


def test_a_step_leaves_the_given_state_alone(family, start, same_states):
    state, untouched = start(family, 50), start(family, 50)
    for action in range(family.actions):
        after, _ = family.step(state, np.full(50, action))
        same_states(state, untouched)
        np.testing.assert_array_equal(after.elapsed_B, 1)


def test_moves_follow_the_walls(family, start):
    state = start(family, 300)
    rng = np.random.default_rng(1)
    columns = family.shape[1]
    first_move = family.action_names.index("up")
    for _ in range(20):
        action = rng.integers(first_move, first_move + 4, size=300)
        after, _ = family.step(state, action)
        for episode in range(0, 300, 10):
            row, column = divmod(int(state.agent_B[episode]), columns)
            name = family.action_names[action[episode]]
            down, right = {"up": (-1, 0), "right": (0, 1), "down": (1, 0), "left": (0, -1)}[name]
            target = (row + down, column + right)
            inside = 0 <= target[0] < family.shape[0] and 0 <= target[1] < columns
            free = inside and not family.walls[(state.maze_B[episode], *target)]
            assert divmod(int(after.agent_B[episode]), columns) == (target if free else (row, column))
            assert after.facing_B[episode] == {"up": 3, "right": 0, "down": 1, "left": 2}[name]
        state = after


def test_preferences_collecting_pays_the_weighted_preferences(start):
    family = make_family("preferences")
    state = start(family, 400)
    rng = np.random.default_rng(2)
    collected = 0
    for _ in range(15):
        after, outcome = family.step(state, rng.integers(1, 5, size=400))
        for episode in range(400):
            gone = np.flatnonzero(state.remaining_BO[episode] & ~after.remaining_BO[episode])
            entered = np.flatnonzero(state.remaining_BO[episode] & (state.object_cell_BO[episode] == after.agent_B[episode]))
            assert gone.tolist() == entered.tolist()
            worth = state.weights_BM[episode] @ family.preferences[:, state.object_feature_BO[episode, gone]]
            assert outcome.reward_B[episode] == pytest.approx(worth.sum(), abs=1e-12)
            liked = state.object_reward_BO[episode] > 0
            assert outcome.success_B[episode] == (after.remaining_BO[episode] == ~liked).all()
            collected += len(gone)
        assert not outcome.terminated_B.any()
        state = after
    assert collected > 300


def test_preferences_nothing_ends_the_episode_in_place(start):
    family = make_family("preferences")
    state = start(family, 100)
    after, outcome = family.step(state, np.zeros(100, dtype=np.int64))
    assert outcome.terminated_B.all()
    assert not outcome.reward_B.any()
    np.testing.assert_array_equal(after.agent_B, state.agent_B)
    np.testing.assert_array_equal(after.remaining_BO, state.remaining_BO)


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


@pytest.mark.parametrize("name", ["goals", "goals-small"])
def test_goals_only_the_right_interaction_on_the_goal_wins(name, start):
    family = make_family(name, interactions=4)
    state = start(family, 200)
    goal = family.goal_cell(state)
    on_goal = dataclasses.replace(state, agent_B=goal.copy())
    on_other = dataclasses.replace(state, agent_B=state.object_cell_BO[:, 1].copy())
    for action in range(family.actions):
        actions = np.full(200, action)
        right = action - 4 == state.interaction_B
        for here, wins in ((on_goal, right), (on_other, np.zeros(200, dtype=bool)), (state, np.zeros(200, dtype=bool))):
            after, outcome = family.step(here, actions)
            np.testing.assert_array_equal(outcome.success_B, wins)
            np.testing.assert_array_equal(outcome.terminated_B, wins)
            np.testing.assert_array_equal(outcome.reward_B, wins)
            if action >= 4:
                np.testing.assert_array_equal(after.agent_B, here.agent_B)


# Observations ---------------------------------------------------------------------------------------------------------


def test_active_rows_are_the_sparse_form_of_the_dense_observation(family, start):
    state = start(family, 200)
    rng = np.random.default_rng(0)
    for _ in range(10):
        observed = family.symbolic(state)
        assert observed.dtype == np.uint8
        assert observed.shape == (200, *family.shape, family.channels)
        np.testing.assert_array_equal(dense(family, family.active_rows(state)), observed)
        np.testing.assert_array_equal(observed[..., -1], family.walls[state.maze_B])
        np.testing.assert_array_equal(observed[..., -2].reshape(200, -1).argmax(axis=1), state.agent_B)
        np.testing.assert_array_equal(observed[..., -2].sum(axis=(1, 2)), 1)
        np.testing.assert_array_equal(observed[..., :-2].sum(axis=(1, 2, 3)), state.remaining_BO.sum(axis=1))
        for episode in range(0, 200, 20):
            for cell, feature, there in zip(
                state.object_cell_BO[episode], state.object_feature_BO[episode], state.remaining_BO[episode], strict=True
            ):
                assert observed[(episode, *divmod(cell, family.shape[1]), feature)] == there
        state, _ = family.step(state, rng.integers(family.actions, size=200))


# Tasks as data --------------------------------------------------------------------------------------------------------


def test_tasks_survive_json(family, start):
    weights = start(family, 100).weights_BM
    batch = family.task_of(weights)
    for episode in range(100):
        task = json.loads(json.dumps(family.task_of(weights[episode])))
        np.testing.assert_array_equal(family.weights_of(task), weights[episode])
        for name, value in task.items():
            np.testing.assert_array_equal(batch[name][episode], value)


def test_missions_can_be_written_down(family, start):
    """In the characters and the length that the observation space and the flat observation allow."""
    missions = [family.mission(weights) for weights in start(family, 1000).weights_BM]
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


def test_worlds_differ_and_repeat():
    assert (make_family("goals", 1).walls != make_family("goals", 2).walls).any()
    assert (make_family("preferences", 1).preferences != make_family("preferences", 2).preferences).all()
    np.testing.assert_array_equal(make_family("goals", 1).walls, make_family("goals", 1).walls)
    np.testing.assert_array_equal(make_family("preferences", 1).preferences, make_family("preferences", 1).preferences)


# Bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["preference", "goals-Small", "goals-small-v0", "", "goals-small-small"])
def test_unknown_family(name):
    with pytest.raises(ValueError, match=rf"unknown family '{name}'; allowed: 'preferences', 'preferences-small', 'goals'"):
        make_family(name)


@pytest.mark.parametrize("world", [-1, 1.5, "0", None, True])
def test_impossible_world(world):
    with pytest.raises(ValueError, match=rf"world is {world!r}; allowed: integers from 0"):
        make_family("goals", world)


@pytest.mark.parametrize(
    ("name", "sizes", "message"),
    [
        ("preferences", {"mazes": 2}, "family 'preferences' has no size 'mazes'; allowed: 'size', 'modules', 'max_active'"),
        ("goals", {"modules": 2}, "family 'goals' has no size 'modules'; allowed: 'size', 'interactions', 'mazes'"),
        ("preferences", {"objects": 2.5}, "size 'objects' is 2.5; allowed: integers from 0"),
        ("preferences", {"objects": -1}, "size 'objects' is -1; allowed: integers from 0"),
        ("preferences", {"objects": 0}, "number of objects is 0; allowed: at least 1"),
        ("preferences", {"objects": 19}, "19 objects and the agent do not fit on 19 free cells; allowed: fewer objects"),
        ("preferences", {"size": 9, "objects": 11}, "size 'objects' is 11; allowed: 1 to 10"),
        ("preferences", {"size": 6}, "size of a four-rooms layout is 6; allowed: odd numbers from 5"),
        ("preferences", {"features": 16}, "number of object features is 16; allowed: 1 to 15"),
        ("preferences", {"features": 0}, "number of object features is 0; allowed: 1 to 15"),
        ("preferences", {"max_active": 9}, "max_active is 9 with modules 8; allowed: 1 to the number of modules"),
        ("preferences", {"horizon": 0}, "size 'horizon' is 0; allowed: at least 1"),
        ("goals", {"horizon": 0}, "size 'horizon' is 0; allowed: at least 1"),
        ("goals", {"size": 10}, "size of a maze is 10; allowed: odd numbers from 5"),
        ("goals", {"mazes": 0}, "factor 'maze' has 0 values; allowed: at least 1"),
        ("goals", {"interactions": 5}, "size 'interactions' is 5; allowed: 1 to 4"),
        ("goals", {"distractors": 5}, r"size 'distractors' is 5; allowed: 0 to object_types - 1 = 4"),
        ("goals", {"start_distance": 0}, "size 'start_distance' is 0; allowed: at least 1"),
        (
            "goals",
            {"start_distance": 100},
            "'start_distance': 100, .* cannot hold the objects: maze 0 of world 0 has no",
        ),
        ("goals", {"object_types": 16, "distractors": 2}, "number of object features is 16; allowed: 1 to 15"),
    ],
)
def test_impossible_sizes(name, sizes, message):
    with pytest.raises(ValueError, match=message):
        make_family(name, **sizes)


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


def test_foreign_task(family):
    for task in (None, [], {}, {"weight": [1.0]}, {"quadrant": 0}):
        with pytest.raises(ValueError, match=r"task is .*; allowed: "):
            family.weights_of(task)


@pytest.mark.parametrize(("value", "shown"), [(4, "4"), (-1, "-1"), (0.5, "0.5"), (True, "True"), ("0", "'0'"), (None, "None")])
def test_impossible_goals_task(value, shown):
    with pytest.raises(ValueError, match=rf"task quadrant is {shown}; allowed: 0 to 3"):
        make_family("goals").weights_of({"quadrant": value, "interaction": 0, "maze": 0, "object": 0})


def test_families_have_their_own_rules():
    assert isinstance(make_family("preferences"), Preferences)
    assert isinstance(make_family("goals-small"), Goals)
    assert make_family("preferences").action_names == ("nothing", "up", "right", "down", "left")
    assert make_family("goals").action_names == ("up", "right", "down", "left", "toggle", "pick up")
    assert make_family("goals", size=7, start_distance=3).shape == (7, 7)


def test_sampled_tasks_come_from_the_split(family):
    split = make_split(family.space)
    rng = np.random.default_rng(0)
    for which, mask in (("train", split.trained), ("held_out", split.held_out)):
        for _ in range(50):
            weights = family.weights_of(family.sample_task(rng, split, which))
            assert mask[family.space.index_of(weights[None] != 0)[0]]
    assert family.sample_task(np.random.default_rng(1)) == family.sample_task(np.random.default_rng(1))
    with pytest.raises(ValueError, match="unknown split 'test'; allowed: 'train'"):
        family.sample_task(rng, split, "test")
