"""Experts against brute force over all action sequences, the reference's episodes, and random search."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from compworld import make_family
from compworld.families.state import STATE_FIELDS, State

SMALL = [
    ("preferences", {"size": 5, "objects": 2, "modules": 3, "max_active": 2, "features": 3}, 5),
    ("preferences", {"size": 5, "objects": 1, "modules": 2, "max_active": 2, "features": 2}, 4),
    ("goals", {"size": 5, "mazes": 2, "object_types": 2, "distractors": 1, "start_distance": 2}, 5),
]


def repeated(state, times):
    return State(*(np.repeat(getattr(state, name), times, axis=0) for name in STATE_FIELDS))


def sequence_returns(family, state, steps):
    """Return of every action sequence from one state: [actions ** steps], and the sequences."""
    sequences = np.asarray(list(itertools.product(range(family.actions), repeat=steps)))
    state = repeated(state, len(sequences))
    total, running = np.zeros(len(sequences)), np.ones(len(sequences), dtype=bool)
    for actions in sequences.T:
        state, outcome = family.step(state, actions)
        total += np.where(running, outcome.reward_B, 0)
        running = running & ~outcome.terminated_B
    return total, sequences


@pytest.mark.parametrize(("name", "sizes", "horizon"), SMALL)
def test_optimum_and_random_return_equal_brute_force(name, sizes, horizon, start):
    family = make_family(name, **sizes)
    expert = family.expert
    states = start(family, 300)
    if name == "goals":
        states = states[family.distance[states.maze_B, states.agent_B, family.goal_cell(states)] < horizon]
    states = states[:8]
    assert len(states) == 8
    positive = 0
    for steps in range(1, horizon + 1):
        budget = np.full(8, steps)
        best, mean = expert.optimal_return(states, budget), expert.random_return(states, budget)
        action = expert.optimal_action(states, budget)
        for episode in range(8):
            returns, sequences = sequence_returns(family, states[episode : episode + 1], steps)
            assert best[episode] == pytest.approx(returns.max(), abs=1e-12)
            assert mean[episode] == pytest.approx(returns.mean(), abs=1e-12)
            assert returns[sequences[:, 0] == action[episode]].max() == pytest.approx(returns.max(), abs=1e-12)
            positive += returns.max() > 0
    assert positive > 5


def test_budgets_of_a_batch_may_differ(grid, start):
    states, budgets = start(grid, 12), np.arange(12) % (grid.horizon + 1)
    expert = grid.expert
    for method in (expert.optimal_return, expert.random_return, expert.optimal_action):
        alone = [method(states[i : i + 1], budgets[i : i + 1])[0] for i in range(12)]
        np.testing.assert_allclose(method(states, budgets), alone, atol=1e-12)


def test_nothing_is_gained_without_steps(grid, start):
    states, none = start(grid, 20), np.zeros(20, dtype=np.int64)
    expert = grid.expert
    np.testing.assert_array_equal(expert.optimal_return(states, none), 0)
    np.testing.assert_array_equal(expert.random_return(states, none), 0)


def swept_values(family, state):
    """The stationary values of the T-sweep recursion, as a dictionary over (cell, objects left), in float64."""
    free = np.flatnonzero(~family.walls[0].reshape(-1)).tolist()
    cells, worth = state.object_cell_BO[0].tolist(), state.object_reward_BO[0].tolist()
    subsets = list(itertools.product((False, True), repeat=len(cells)))

    def backups(values, cell, left):
        yield family.discount * values[cell, left]
        for move in range(4):
            there = int(family.next_cell[0, cell, move])
            taken = [there == place and here for place, here in zip(cells, left, strict=True)]
            reward = sum(value for value, gone in zip(worth, taken, strict=True) if gone)
            yield reward + family.discount * values[there, tuple(h and not t for h, t in zip(left, taken, strict=True))]

    values = {(cell, left): 0.0 for cell in free for left in subsets}
    for _ in range(family.horizon - 1):
        values = {key: max(backups(values, *key)) for key in values}
    return lambda cell, left: list(backups(values, cell, left))


@pytest.mark.parametrize("sizes", [{"size": 5, "objects": 3, "horizon": 4}, {"objects": 2}, {"objects": 4}])
def test_action_values_equal_the_recursion(sizes, start):
    family = make_family("preferences", **sizes)
    expert, rng = family.expert, np.random.default_rng(0)
    for episode in range(3):
        state = start(family, 3)[episode : episode + 1]
        values, plan = swept_values(family, state), expert.plan(state)
        for _ in range(5):
            expected = values(int(state.agent_B[0]), tuple(state.remaining_BO[0].tolist()))
            np.testing.assert_allclose(expert.action_values(plan, state)[0], expected, atol=1e-5)
            state, _ = family.step(state, rng.integers(1, 5, size=1))


def test_goals_action_values_are_discounted_success():
    family = make_family("goals-small")
    expert = family.expert
    streams = np.arange(50)
    state = family.place(streams, family.draw_weights(streams, np.arange(len(family.space))))
    for _ in range(12):
        values = expert.action_values(expert.plan(state), state)
        for action in range(family.actions):
            after, outcome = family.step(state, np.full(50, action))
            steps = np.where(outcome.success_B, 0, 1 + family.distance[after.maze_B, after.agent_B, family.goal_cell(after)])
            np.testing.assert_allclose(values[:, action], 0.9**steps, rtol=1e-12)
        state, _ = family.step(state, np.random.default_rng(0).integers(4, size=50))


GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "preferences.json").read_text())["episodes"]


@pytest.mark.parametrize("as_torch", [False, True], ids=["numpy", "torch"])
def test_equals_the_references_episodes(as_torch):
    """State, trajectory and action values to 1e-4, up to the step at which the episode is over."""
    family = make_family("preferences")
    expert = family.expert
    assert len(GOLDEN) == 32
    for episode in GOLDEN:
        cells = np.asarray([[row * 7 + column for row, column in episode["objects"]]])
        feature = np.asarray([episode["features"]])
        reward = np.asarray(episode["feature_rewards"])[feature]
        zero = np.zeros(1, dtype=np.int64)
        agent = np.asarray([episode["agent"][0] * 7 + episode["agent"][1]])
        state = State(np.zeros((1, 8)), zero, agent, zero, cells, feature, reward, np.ones((1, 4), dtype=bool), zero, zero)
        if as_torch:
            state = State(*(torch.asarray(getattr(state, name)) for name in STATE_FIELDS))
        plan, gained = expert.plan(state), 0.0
        trajectory = episode["trajectory"]
        for step in range(8):
            if trajectory["done"][step]:
                break
            row, column = divmod(int(state.agent_B[0]), 7)
            assert [row, column] == trajectory["agent"][step]
            assert np.asarray(state.remaining_BO[0]).astype(int).tolist() == trajectory["objects_left"][step]
            assert gained == pytest.approx(trajectory["rewards"][step], abs=1e-4)
            values = np.asarray(expert.action_values(plan, state)[0])
            np.testing.assert_allclose(values, trajectory["action_values"][step], atol=1e-4)
            state, outcome = family.step(state, expert.imitated_action(plan, state))
            gained = float(outcome.reward_B[0])
            over = step + 1 < 8 and trajectory["done"][step + 1]
            assert bool(outcome.terminated_B[0]) == over or step == 7


def test_random_search_never_beats_the_optimum(grid, start):
    count, tries = 150, 40
    first = start(grid, count)
    best = grid.expert.optimal_return(first, np.full(count, grid.horizon))
    state, rng = repeated(first, tries), np.random.default_rng(0)
    total, running = np.zeros(count * tries), np.ones(count * tries, dtype=bool)
    for _ in range(grid.horizon):
        low = 1 if grid.name == "preferences" else 0  # not "nothing", which ends the episode
        state, outcome = grid.step(state, rng.integers(low, grid.actions, size=count * tries))
        total += np.where(running, outcome.reward_B, 0)
        running &= ~outcome.terminated_B
        assert (total.reshape(count, tries) <= best[:, None] + 1e-9).all()
    assert total.max() > 0


def test_random_return_is_the_mean_of_random_play(grid, start):
    count, tries = 40, 500
    first = start(grid, count)
    expected = grid.expert.random_return(first, np.full(count, grid.horizon))
    state, rng = repeated(first, tries), np.random.default_rng(1)
    total, running = np.zeros(count * tries), np.ones(count * tries, dtype=bool)
    for _ in range(grid.horizon):
        state, outcome = grid.step(state, rng.integers(grid.actions, size=count * tries))
        total += np.where(running, outcome.reward_B, 0)
        running &= ~outcome.terminated_B
    total = total.reshape(count, tries)
    error = np.sqrt(total.var(axis=1).sum() / tries)
    assert error > 0
    assert abs(total.mean(axis=1).sum() - expected.sum()) < 4 * error


def test_numpy_and_torch_agree(grid, start):
    state = start(grid, 30)
    state_torch = State(*(torch.asarray(getattr(state, name)) for name in STATE_FIELDS))
    expert, steps = grid.expert, np.full(30, min(grid.horizon, 30))
    steps_torch = torch.asarray(steps)
    for method in (expert.optimal_return, expert.random_return):
        np.testing.assert_allclose(method(state, steps), method(state_torch, steps_torch).numpy(), atol=1e-12)
    np.testing.assert_array_equal(expert.optimal_action(state, steps), expert.optimal_action(state_torch, steps_torch).numpy())
    values = expert.action_values(expert.plan(state), state)
    values_torch = expert.action_values(expert.plan(state_torch), state_torch).numpy()
    np.testing.assert_array_equal(values, values_torch)


def test_plans_do_not_depend_on_the_batch(start):
    family = make_family("preferences-small")
    expert, state = family.expert, start(family, 600)
    together = expert.action_values(expert.plan(state), state)
    part = state[250:270]
    np.testing.assert_array_equal(expert.action_values(expert.plan(part), part), together[250:270])


def test_a_family_has_one_expert_or_nothing_to_act_in(family):
    assert family.expert is family.expert
    assert (family.expert is None) == (family.env_id is None)


def test_experts_leave_the_state_alone(grid, start, same_states):
    state, untouched = start(grid, 10), start(grid, 10)
    expert, steps = grid.expert, np.full(10, 5)
    expert.action_values(expert.plan(state), state)
    expert.optimal_action(state, steps)
    expert.random_return(state, steps)
    same_states(state, untouched)
