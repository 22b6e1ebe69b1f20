"""The Teacher: its networks, labels and few-shot tasks."""

from itertools import islice

import numpy as np
import pytest

from compworld import few_shot_tasks, make_family, make_split, randomness
from compworld.families import LayerwiseTeacher, Teacher, grid_family

CASES = [
    ("teacher", {}),
    ("teacher-small", {}),
    ("teacher-scaling2025", {}),
    ("teacher", {"weights": "exponential", "modules": 6, "layers": 3, "max_active": 1}),
    ("teacher-layerwise", {}),
    ("teacher-layerwise", {"weights": "exponential", "modules": 8}),
]


@pytest.fixture(params=range(len(CASES)))
def teacher(request):
    name, sizes = CASES[request.param]
    return make_family(name, 1, **sizes)


def some_tasks(teacher, count=5):
    streams = randomness.stream(np.full(count, 3), np.arange(count))
    return streams, teacher.draw_weights(streams, np.arange(len(teacher.space)))


def loop_over_modules(teacher, weights, inputs):
    """Outputs for one task's inputs [N, D], from modules summed up one by one."""
    tables, found = teacher.tables.like(weights), []
    for value in inputs:
        if "input" in tables:
            value = np.maximum(value @ tables["input"], 0)
        for layer in range(teacher.layers):
            mix = weights.reshape(teacher.layers, -1)[layer] if isinstance(teacher, LayerwiseTeacher) else weights
            matrix = sum(w * m.reshape(len(value), -1) for w, m in zip(mix, tables[f"modules{layer}"], strict=True))
            value = np.maximum(value @ matrix / np.sqrt(len(value)) + tables["biases"][layer], 0)
        found.append(value @ tables["output"])
    return np.stack(found)


def test_networks_equal_a_loop_over_tasks_inputs_and_modules(teacher):
    _, weights = some_tasks(teacher)
    inputs = np.random.default_rng(0).uniform(-1, 1, (5, 3, teacher.inputs))
    outputs = teacher.outputs_of(weights, inputs)
    for task in range(5):
        expected = loop_over_modules(teacher, weights[task], inputs[task])
        np.testing.assert_allclose(outputs[task], expected, rtol=1e-10, atol=1e-12)


def test_labels_are_probabilities_that_depend_on_the_input_alone(teacher):
    _, weights = some_tasks(teacher)
    inputs = np.random.default_rng(0).uniform(-1, 1, (5, 40, teacher.inputs))
    labels = teacher.labels_of(weights, inputs)
    if teacher.labels == "classes":
        np.testing.assert_allclose(labels.sum(2), 1)
        assert (labels >= 0).all()
    np.testing.assert_allclose(teacher.labels_of(weights, inputs[:, 7:9]), labels[:, 7:9], rtol=1e-9)
    assert not np.allclose(labels[0], teacher.labels_of(weights[1:2], inputs[:1])[0])


@pytest.mark.parametrize(("name", "probes"), [("teacher", 1000), ("teacher-layerwise", 256)])
def test_logits_are_standardised_over_probes_each_output_for_itself_or_all_together(name, probes):
    teacher = make_family(name, 1)
    _, weights = some_tasks(teacher, 2)
    inputs = np.random.default_rng(0).uniform(-1, 1, (2, 6, teacher.inputs))
    labels = teacher.labels_of(weights, inputs)
    assert len(teacher.tables.like(weights)["probes"]) == probes
    for task in range(2):
        probed = loop_over_modules(teacher, weights[task], teacher.tables.like(weights)["probes"])
        if name == "teacher-layerwise":
            probed = probed.reshape(-1, 1)
        logits = (loop_over_modules(teacher, weights[task], inputs[task]) - probed.mean(0)) / probed.std(0) / 0.1
        expected = np.exp(logits - logits.max(1, keepdims=True))
        np.testing.assert_allclose(labels[task], expected / expected.sum(1, keepdims=True), rtol=1e-7, atol=1e-9)


def test_no_class_is_the_largest_for_most_inputs():
    """Eight classes, of which the most frequent one has 0.18 of a task's inputs; far more in the first version."""
    shares = {}
    for name in ("teacher", "teacher-layerwise"):
        found = []
        for world in range(6):
            family = make_family(name, world)
            batch = next(few_shot_tasks(family, make_split(family.space, world=world), "all", tasks=40, query_episodes=1))
            found += [np.bincount(labels).max() / 256 for labels in batch.support.actions_TN]
        shares[name] = np.mean(found)
    assert 0.16 < shares["teacher"] < 0.2
    assert shares["teacher-layerwise"] > 0.36


def test_every_layer_depends_on_the_modules_of_all_layers():
    teacher = make_family("teacher")
    weights = np.zeros((2, 8))
    weights[:, [0, 4]], weights[1, 5] = 1, 1  # the second task has one more module in the last layer
    inputs = np.random.default_rng(0).uniform(-1, 1, (2, 4, 16))
    tables = teacher.tables.like(weights)
    for layer in range(2):
        one, other = teacher.mixture(weights, layer) @ tables[f"modules{layer}"]
        np.testing.assert_allclose(other - one, tables[f"modules{layer}"][5])
    assert not np.allclose(*teacher.outputs_of(weights, inputs[:1]))


def test_versions():
    names = {name: make_family(name).version_id for name in ("teacher", "teacher-small", "teacher-scaling2025", "goals-small")}
    assert names == {name: f"{name}-v{int(name == 'teacher')}" for name in names}
    assert make_family("teacher-layerwise").version_id == "teacher-layerwise-v0"


def test_tasks_do_not_depend_on_the_batch_and_support_and_query_differ(teacher):
    options = {"support_episodes": 6, "query_episodes": 5}
    large = next(few_shot_tasks(teacher, make_split(teacher.space), tasks=6, **options))
    for number, small in enumerate(islice(few_shot_tasks(teacher, make_split(teacher.space), tasks=2, **options), 3)):
        part = large[2 * number : 2 * number + 2]
        np.testing.assert_array_equal(part.weights_TM, small.weights_TM)
        np.testing.assert_array_equal(part.support.rows_TNR, small.support.rows_TNR)
        np.testing.assert_allclose(part.query.action_values_TNA, small.query.action_values_TNA, rtol=1e-6)
    inputs = np.concatenate([large.support.rows_TNR, large.query.rows_TNR], 1)
    assert len(np.unique(inputs.reshape(-1, teacher.inputs), axis=0)) == 6 * 11
    assert (np.abs(inputs) <= 1).all()
    assert abs(inputs.mean()) < 0.2


@pytest.mark.parametrize("which", ["train", "held_out"])
def test_tasks_have_the_wanted_combinations(teacher, which):
    split = make_split(teacher.space)
    pool = split.pool(which)
    streams = randomness.stream(np.full(300, 5), np.arange(300))
    for weights in (teacher.draw_weights(streams, pool), teacher.weights_in_turn(streams, pool)):
        whole = [weights] if not isinstance(teacher, LayerwiseTeacher) else np.split(weights, teacher.layers, axis=1)
        found = [teacher.space.index_of(part != 0) for part in whole]
        for indices in found:
            assert set(indices.tolist()) <= set(pool.tolist())
        if len(found) > 1:  # of layers
            assert (found[0] != found[1]).any()
        np.testing.assert_array_equal(teacher.combination_of(weights), found[0])
    turns = np.bincount(teacher.combination_of(weights), minlength=len(teacher.space))[pool]
    assert turns.max() - turns.min() <= 1


def test_tasks_as_plain_data(teacher):
    _, weights = some_tasks(teacher)
    np.testing.assert_array_equal(teacher.weights_of(teacher.task_of(weights[0])), weights[0])
    assert teacher.mission(weights[0]).count("layer") == teacher.layers
    with pytest.raises(ValueError, match=rf"task weights have shape \(1,\); allowed: \({teacher.code_size},\)"):
        teacher.weights_of({"weights": [1.0]})
    with pytest.raises(ValueError, match="task is 3; allowed"):
        teacher.weights_of(3)


def test_shots_are_the_papers():
    assert make_family("teacher").shots == 256
    assert make_family("teacher-scaling2025").shots == 16
    batch = next(few_shot_tasks(make_family("teacher"), make_split(make_family("teacher").space), tasks=1))
    assert batch.support.rows_TNR.shape == batch.query.rows_TNR.shape == (1, 256, 16)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"layers": 0}, "size 'layers' is 0; allowed: integers from 1 to 1024"),
        ({"biases": 2}, "size 'biases' is 2; allowed: 0, 1"),
        ({"weights": "odd"}, "size 'weights' is 'odd'; allowed: 'equal', 'exponential', 'tenths'"),
        ({"weights": 3}, "size 'weights' is 3; allowed: "),
        ({"labels": "odd"}, "size 'labels' is 'odd'; allowed: 'classes', 'values'"),
        ({"width": "wide"}, "size 'width' is 'wide'; allowed: integers from 0"),
        ({"layers": 8}, "8 layers of 4 modules; allowed"),
        ({"max_active": 5}, "5"),
    ],
)
def test_impossible_sizes_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        make_family("teacher", **sizes)


def test_there_is_no_environment():
    assert isinstance(make_family("teacher"), Teacher)
    with pytest.raises(ValueError, match="family 'teacher' has no environment; allowed: 'preferences', "):
        grid_family(make_family("teacher"))
