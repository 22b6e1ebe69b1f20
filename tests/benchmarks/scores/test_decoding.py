"""Linear decoding: exact where modules are encoded linearly, nothing where they are not there."""

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold

from compworld import make_family, make_split
from compworld.agents import ANIL, InnerLoop
from compworld.benchmarks.recipes.methods import ADAPTIVE
from compworld.benchmarks.runs.run import new_learner
from compworld.benchmarks.scores.decoding import PENALTIES, PERMUTATIONS, PROBES, decode, decoding, probes_of, readings_of
from compworld.benchmarks.worlds.world import World
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


def by_sklearn(features, weights, groups, others, other_weights, rng):
    """A ridge regression for every fold, penalty and shuffling, on the features themselves."""
    scale = np.sqrt(features.var(0).mean())

    def score(features):
        search = GridSearchCV(
            Ridge(solver="svd"),
            {"alpha": PENALTIES},
            cv=GroupKFold(min(5, len(set(groups)))),
            scoring="neg_mean_squared_error",
        )
        error = (search.fit(features / scale, weights, groups=groups).predict(others / scale) - other_weights) ** 2
        deviation = (other_weights - weights.mean(0)) ** 2
        return 1 - error.sum(0) / deviation.sum(0), 1 - error.sum() / deviation.sum(), search.best_params_["alpha"]

    permuted, totals, _ = zip(*(score(rng.permutation(features)) for _ in range(PERMUTATIONS)), strict=True)
    r2, total, penalty = score(features)
    return {
        "r2": r2,
        "total_r2": total,
        "permuted_r2": np.mean(permuted, 0),
        "permuted_total_r2": np.mean(totals),
        "penalty": penalty,
    }


@pytest.mark.parametrize(("tasks", "features"), [(90, 7), (90, 89), (90, 90), (91, 300), (40, 41)])
@pytest.mark.parametrize("groups", [3, 9])
@pytest.mark.parametrize("noise", [2.0, 1e-3])
def test_one_decomposition_gives_what_a_regression_for_each_gives(tasks, features, groups, noise):
    rng = np.random.default_rng(features)
    mixing = rng.standard_normal((4, features))
    weights, other_weights = rng.standard_normal((tasks, 4)), rng.standard_normal((30, 4))
    inputs, others = (w @ mixing + 3 + noise * rng.standard_normal((len(w), features)) for w in (weights, other_weights))
    data = inputs, weights, np.arange(tasks) % groups, others, other_weights
    found, expected = (of(*data, np.random.default_rng(1)) for of in (decode, by_sklearn))
    assert found["penalty"] == expected["penalty"]
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("method", ADAPTIVE)
def test_every_layer_is_decoded_alone_too(method):
    config = tiny(method, "teacher-small")
    world = World(config)
    found = decoding(new_learner(config, world), config, world)
    assert found["layers"]
    for name in found["layers"]:
        assert found["layers"][name]["permuted_total_r2"] < 0.5


def test_without_steps_activations_tell_no_task(family_name):
    """The inputs that are asked about are the same for all tasks."""
    config = tiny("maml", family_name)
    config = config.with_options(inner={**config.options["inner"], "steps": 0})
    world = World(config)
    readings, weights, _ = readings_of(new_learner(config, world), config, world, "held_out")
    assert list(readings) == ["hidden layer 1", "hidden layer 2"]
    for values in readings.values():
        assert len(values) == len(weights)
        assert np.abs(values).max() > 0
        np.testing.assert_allclose(values, np.broadcast_to(values[0], values.shape), atol=1e-5)


@pytest.mark.parametrize(("family", "shows_walls"), [("goals-small", False), ("preferences-small", True)])
def test_inputs_that_are_asked_about_show_walls_where_all_tasks_have_the_same(family, shows_walls):
    config = tiny("maml", family)
    world = World(config)
    inputs = probes_of(config, world)
    mazes, nothing = len(world.family.wall_rows), world.family.input_size + len(world.family.wall_rows)
    assert inputs.shape[:2] == (1, PROBES)
    walls = (inputs >= world.family.input_size) & (inputs < nothing)
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
    world = World(config)
    problem, inner = new_learner(config, world).problem, InnerLoop(2, 0.01)
    found = decoding(Uneven(problem, inner, 16, 2), config, world)
    assert list(found["layers"]) == ["bias"]
    assert found["total_r2"] == found["layers"]["bias"]["total_r2"]
    assert decoding(Uneven(dataclasses.replace(problem, modules=11), inner, 16, 2), config, world) is None
