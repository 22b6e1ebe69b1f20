"""Brute force: posteriors by counting hidden tasks that would look the same, and the value of a policy by trying all."""

from itertools import permutations

import numpy as np
import pytest
from bayes_play import play, seen, tasks

from compworld import make_family, randomness
from compworld.bayes import bayes_agent
from compworld.bayes.routes import first_try
from compworld.bayes.slices import condition


def test_placements_are_counted_right():
    """Of very many starts over all tasks, those that look like a given one are shared out as the posterior says."""
    family = make_family("goals", size=5, mazes=1, object_types=2, distractors=1, start_distance=2, horizon=12)
    agent = bayes_agent(family)
    streams, weights = tasks(family, np.arange(len(family.space)), 400_000)
    starts = family.place(streams, weights)
    truth = family.combination_of(weights)
    rows = np.sort(family.active_rows(starts), axis=1)
    scenes, scene_of, count = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    table = np.zeros((len(scenes), len(family.space)))
    np.add.at(table, (scene_of.reshape(-1), truth), 1)
    first = np.unique(scene_of.reshape(-1), return_index=True)[1]
    state = starts[first]
    scene = agent.read(family.active_rows(state))
    nothing = np.full(len(first), family.actions)
    posterior = agent.posterior(agent.learn(agent.new_state(len(first)), scene, nothing, np.zeros(len(first)), nothing > 0))
    expected = posterior * count[:, None]
    assert (table[posterior < 1e-9] == 0).all()
    likely = (expected > 5) & (posterior < 1 - 1e-9)
    z = (table - expected)[likely] / np.sqrt(expected * (1 - posterior))[likely]
    assert likely.sum() > 100
    assert 0.85 < np.mean(z**2) < 1.15


def test_interactions_leave_the_tasks_that_would_have_given_the_same():
    """Random play of one task: each other combination is kept exactly if the same start and actions give the same rewards."""
    family = make_family("goals-small", horizon=30)
    agent = bayes_agent(family)
    streams, weights = tasks(family, np.arange(len(family.space)), 40)
    start = family.place(streams, weights)
    rng = np.random.default_rng(0)
    combinations = family.space.combinations.astype(np.float64)
    for trial in range(len(streams)):
        state, action, reward = start[trial : trial + 1], np.asarray([family.actions]), np.zeros(1)
        others = [start[trial : trial + 1] for _ in combinations]
        memory = agent.new_state(1)
        possible = np.ones(len(combinations), dtype=bool)
        for c, weight in enumerate(combinations):
            others[c] = start[[trial]]
            others[c].weights_BM = weight[None]
            family.finish(others[c])
            possible[c] = family.check(others[c]) is None and bool(
                family.distance[state.maze_B[0], state.agent_B[0], family.goal_cell(others[c])[0]]
                >= family.sizes["start_distance"]
            )
        for step in range(family.horizon):
            memory = agent.learn(memory, agent.read(family.active_rows(state)), action, reward, np.asarray([step == 0]))
            np.testing.assert_array_equal(agent.posterior(memory)[0] > 1e-12, possible)
            action = rng.integers(family.actions, size=1)
            state, outcome = family.step(state, action)
            reward = outcome.reward_B
            for c in np.flatnonzero(possible):
                others[c], other = family.step(others[c], action)
                possible[c] = other.reward_B[0] == reward[0]
            if outcome.terminated_B[0]:
                break


def test_the_first_try_is_that_of_the_best_of_all_routes():
    rng = np.random.default_rng(1)
    for _ in range(200):
        places, tries, steps = 3, 2, int(rng.integers(1, 14))
        spots = rng.integers(0, 5, size=(places + 1, 2))
        between = np.abs(spots[:, None] - spots[None]).sum(axis=2)
        chance = -np.sort(-rng.dirichlet(np.ones(places * tries)).reshape(places, tries), axis=1)
        best = {-1: 0.0}
        for order in permutations([(p, i) for p in range(places) for i in range(tries)]):
            here, left, total = places, steps, 0.0
            for p, i in order:
                left -= between[here, p] + 1
                if left < 0:
                    break
                here, total = p, total + chance[p, i] * (1 + 1e-6 * left)
            reached = order[0][0] if between[places, order[0][0]] + 1 <= steps else -1
            best[reached] = max(best.get(reached, 0.0), total)
        chosen = first_try(chance[None], between[None, :places, :places], between[None, places, :places], np.asarray([steps]))
        assert best[int(chosen[0])] == pytest.approx(max(best.values()), abs=1e-12)


def test_seeking_in_goals_succeeds_as_often_as_the_best_plan_of_all():
    """One maze, three objects, six steps: every plan (tries until success need no feedback) is played in every task.

    The greedy policy, which does not look at the horizon, sometimes stays behind.
    """
    steps, sizes = 6, {"size": 5, "mazes": 1, "object_types": 3, "distractors": 2, "start_distance": 1}
    family = make_family("goals", horizon=steps, **sizes)
    streams, weights = tasks(family, np.arange(len(family.space)), 12)
    plans = np.stack(np.meshgrid(*[np.arange(family.actions)] * steps, indexing="ij"), axis=-1).reshape(-1, steps)
    start = family.place(streams, weights)
    behind = {"greedy": 0.0, "seeking": 0.0}
    for trial in range(len(streams)):
        agent = bayes_agent(family)
        scene = agent.read(family.active_rows(start[[trial]]))
        memory = agent.learn(agent.new_state(1), scene, np.asarray([family.actions]), np.zeros(1), np.asarray([True]))
        posterior = agent.posterior(memory)[0]
        possible = np.flatnonzero(posterior > 1e-9)
        tried = np.zeros(len(plans))
        given = start[np.full(len(possible), trial)]
        given.weights_BM = family.space.combinations[possible].astype(np.float64)
        family.finish(given)
        for number, c in enumerate(possible):
            state, won = given.take(np.full(len(plans), number)), np.zeros(len(plans), dtype=bool)
            for step in range(steps):
                state, outcome = family.step(state, plans[:, step])
                won |= outcome.success_B
            tried += posterior[c] * won
        for policy in behind:
            won = _won(family, bayes_agent(family, policy=policy), given, steps)
            behind[policy] = max(behind[policy], tried.max() - posterior[possible] @ won)
    assert behind["seeking"] < 1e-9
    assert behind["greedy"] > 0.05


def _won(family, agent, state, steps):
    """Whether the agent succeeds from each state, bool [B]."""
    memory, won = None, np.zeros(len(state), dtype=bool)
    action, reward = np.full(len(state), family.actions), np.zeros(len(state))
    for step in range(steps):
        action, memory = agent.predict(seen(family, state, 0, action, reward), memory, np.full(len(state), step == 0))
        state, outcome = family.step(state, action)
        reward = outcome.reward_B
        won |= outcome.success_B
    return won


def test_slices_have_the_density_that_a_million_draws_have():
    """Three weights and two, given no value, one or two: mass and mean against draws within a narrow band."""
    rng = np.random.default_rng(0)
    for k, n in ((1, 0), (2, 0), (3, 0), (2, 1), (3, 1), (3, 2)):
        e = rng.exponential(size=(2_000_000, k))
        u = e / (1 + e.sum(axis=1, keepdims=True))
        for _ in range(3):
            a = rng.standard_normal((n, k))
            b = a @ u[int(rng.integers(len(u)))]
            width = 0.01 if n < 2 else 0.02
            near = u[(np.abs(u @ a.T - b) < width).all(axis=1)]
            points, logs = condition(a[None, None], b[None, None])
            weight = np.exp(logs[0, 0])
            sigma = 1 / np.sqrt(max(len(near), 1))
            density = len(near) / len(u) / (2 * width) ** n
            assert weight.sum() == pytest.approx(density, rel=4 * sigma * (n > 0) + 0.02)
            np.testing.assert_allclose(weight @ points[0, 0] / weight.sum(), near.mean(axis=0), atol=4 * 0.3 * sigma + 0.005)


def test_the_quadrature_agrees_with_a_much_finer_one():
    fine = {1: (120,), 2: (80, 30), 3: (24, 24, 24)}
    for name, tolerance in (("preferences-small", 2e-3), ("preferences", 1e-2)):
        family = make_family(name)
        coarse = bayes_agent(family, policy="greedy")
        finer = type(coarse)(family, coarse.combinations, "greedy", 1, nodes=fine)
        _, weights = tasks(family, np.arange(len(family.space)), 4)
        worth = family.feature_rewards(weights)
        for n in range(4):
            known = np.arange(family.features)[None] < n
            told = np.where(known, worth, np.nan)
            for one, other in zip(coarse._digest(told), finer._digest(told), strict=True):
                np.testing.assert_allclose(one, other, atol=tolerance)


def test_means_and_chances_of_preferences_are_those_of_tasks_that_show_the_same():
    """Against a million tasks drawn by the family itself, those whose first object is worth nearly the same."""
    family = make_family("preferences-small", world=1)
    agent = bayes_agent(family, policy="greedy")
    _, weights = tasks(family, np.arange(len(family.space)), 1_000_000)
    worth, truth = family.feature_rewards(weights), family.combination_of(weights)
    for row in range(8):
        near = np.abs(worth[:, 0] - worth[row, 0]) < 0.01
        told = np.full((1, family.features), np.nan)
        told[0, 0] = worth[row, 0]
        mean, _, chance = agent._digest(told)
        count = near.sum()
        error = 4 / np.sqrt(count)
        np.testing.assert_allclose(mean[0], worth[near].mean(axis=0), atol=error * worth[near].std(axis=0).max() + 0.02)
        np.testing.assert_allclose(chance[0], np.bincount(truth[near], minlength=len(family.space)) / count, atol=error + 0.01)


def test_greedy_in_preferences_has_the_value_of_the_best_plan_for_mean_values():
    """The first action begins one of the plans, of all of four actions, whose return for mean values is largest."""
    family = make_family("preferences-small", horizon=4)
    agent = bayes_agent(family, policy="greedy")
    streams, weights = tasks(family, np.arange(len(family.space)), 20_000)
    plans = np.stack(np.meshgrid(*[np.arange(family.actions)] * 4, indexing="ij"), axis=-1).reshape(-1, 4)
    for trial in range(6):
        start = family.place(randomness.stream(streams[[trial]], np.zeros(1, dtype=np.int64)), weights[[trial]])
        start.object_reward_BO = agent.first[0][0][start.object_feature_BO]
        state, total = start.take(np.zeros(len(plans), dtype=np.int64)), np.zeros(len(plans))
        running = np.ones(len(plans), dtype=bool)
        for step in range(4):
            state, outcome = family.step(state, plans[:, step])
            total += outcome.reward_B * running
            running &= ~outcome.terminated_B
        scene = agent.read(family.active_rows(start))
        action, _ = agent.act(agent.new_state(1), scene, np.asarray([4]), np.zeros(1, dtype=np.int64))
        assert total[plans[:, 0] == action[0]].max() == pytest.approx(total.max(), abs=1e-9)
    sampled = family.feature_rewards(weights).mean(axis=0)
    np.testing.assert_allclose(agent.first[0][0], sampled, atol=4 * family.feature_rewards(weights).std(axis=0).max() / 141)


def test_a_trial_is_the_same_in_any_batch():
    family = make_family("preferences-small")
    agent = bayes_agent(family, policy="seeking", episodes=2)
    streams, weights = tasks(family, np.arange(len(family.space)), 12)
    whole = play(family, agent, streams, weights, 2)
    parts = [play(family, agent, streams[i : i + 5], weights[i : i + 5], 2) for i in (0, 5, 10)]
    np.testing.assert_allclose(whole, np.concatenate(parts, axis=1), atol=1e-9)
