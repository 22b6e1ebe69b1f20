"""Linear decoding: exact where modules are encoded linearly, nothing where they are not there."""

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold

from agents.anil import ANIL
from benchmarks.decoding import PENALTIES, PROBES, _probes, decode, decoding, readings_of
from benchmarks.runner import make_world, new_learner
from compworld import make_family, make_split
from tests.benchmarks.conftest import tiny


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
    assert min(found["r2"]) > 0.99
    assert found["total_r2"] > 0.99
    assert max(found["permuted_r2"]) < 0.1
    assert abs(found["permuted_total_r2"]) < 0.1


def test_a_constant_module_has_no_score():
    rng = np.random.default_rng(0)
    weights, features = rng.standard_normal((50, 3)), rng.standard_normal((50, 4))
    weights[:, 1] = 0.5
    found = decode(features, weights, np.arange(50) % 10, features[:20], weights[:20], rng)
    assert [value is None for value in found["r2"]] == [False, True, False]


def test_features_that_vary_only_in_held_out_tasks_do_not_spoil_the_score():
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((220, 3))
    features = np.concatenate([weights @ rng.standard_normal((3, 5)), 1e-6 * rng.standard_normal((220, 5))], 1)
    features[200:, 5:] += 1e-3
    found = decode(features[:200], weights[:200], np.arange(200) % 10, features[200:], weights[200:], rng)
    assert min(found["r2"]) > 0.9


def test_noise_is_not_decoded():
    rng = np.random.default_rng(0)
    split = make_split(make_family("preferences-small").space, "random", 0)
    weights, combination = tasks(rng, split.pool("train"))
    held_out, _ = tasks(rng, split.pool("held_out"))
    found = decode(rng.standard_normal((200, 30)), weights, combination, rng.standard_normal((200, 30)), held_out, rng)
    assert max(found["r2"]) < 0.2


@pytest.mark.parametrize("features", [7, 60, 300])
def test_ridge_is_that_of_a_search_over_penalties(features):
    """All penalties by one decomposition, and features rotated into their span, change nothing."""
    rng = np.random.default_rng(features)
    weights, held_out = rng.standard_normal((90, 4)), rng.standard_normal((30, 4))
    mixing = rng.standard_normal((4, features))
    inputs, others = (values @ mixing + 2 * rng.standard_normal((len(values), features)) for values in (weights, held_out))
    groups = np.arange(90) % 9
    search = GridSearchCV(Ridge(), {"alpha": PENALTIES}, cv=GroupKFold(5), scoring="neg_mean_squared_error")
    scale = np.sqrt(inputs.var(0).mean())
    predicted = search.fit(inputs / scale, weights, groups=groups).predict(others / scale)
    found = decode(inputs, weights, groups, others, held_out, rng)
    assert found["penalty"] == pytest.approx(search.best_params_["alpha"])
    r2 = 1 - ((held_out - predicted) ** 2).sum(0) / ((held_out - weights.mean(0)) ** 2).sum(0)
    assert found["r2"] == pytest.approx(r2, rel=1e-6)


@pytest.mark.parametrize("family", ["goals-small", "preferences-small", "teacher-small"])
def test_without_steps_activations_tell_no_task(family):
    """The inputs that are asked about are the same for all tasks."""
    config = tiny("maml", family)
    config = dataclasses.replace(config, inner=dataclasses.replace(config.inner, steps=0))
    world = make_world(config)
    readings, weights, _ = readings_of(new_learner(config, world), config, world, "held_out")
    assert list(readings) == ["hidden layer 1", "hidden layer 2"]
    for values in readings.values():
        assert len(values) == len(weights)
        assert np.abs(values).max() > 0
        np.testing.assert_allclose(values, np.broadcast_to(values[0], values.shape), atol=1e-5)


@pytest.mark.parametrize(("family", "shows_walls"), [("goals-small", False), ("preferences-small", True)])
def test_inputs_that_are_asked_about_show_walls_where_all_tasks_have_the_same(family, shows_walls):
    config = tiny("maml", family)
    world = make_world(config)
    probes = _probes(config, world)
    mazes, nothing = len(world.family.wall_rows), world.family.input_size + len(world.family.wall_rows)
    assert probes.inputs.shape[:2] == probes.weights.shape == (1, PROBES)
    assert (probes.weights > 0).all()
    walls = (probes.inputs >= world.family.input_size) & (probes.inputs < nothing)
    assert (mazes > 1) != shows_walls
    assert bool(walls.any(-1).all()) == bool(walls.any()) == shows_walls


class Uneven(ANIL):
    """Has one reading of another size for each number of samples, one of a number for each task, and none."""

    def readings(self, fast, encoded):
        if self.problem.modules == 11:
            return {}
        head = fast["head"]
        return {"uneven": head[:, :, : len(head) // 8], "bias": head[:, 0, -1]}


def test_readings_that_do_not_mean_the_same_for_all_tasks_are_left_out():
    config = tiny("anil", "preferences-small")
    config = dataclasses.replace(config, evaluation=dataclasses.replace(config.evaluation, tasks=72))
    world = make_world(config)
    problem = new_learner(config, world).problem
    found = decoding(Uneven(problem, 16, 2), config, world)
    assert list(found["layers"]) == ["bias"]
    assert found["total_r2"] == found["layers"]["bias"]["total_r2"]
    assert decoding(Uneven(dataclasses.replace(problem, modules=11), 16, 2), config, world) is None
