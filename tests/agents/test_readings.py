"""Readings: what tells the task, for every method; MAML's are the activations of the plain network, walls or none."""

import dataclasses

import pytest
import torch

from agents.adaptation import InnerLoop, adapt
from agents.base import Learner
from agents.maml import MAML
from tests.agents.conftest import ADAPTIVE, Case, small

INNER = InnerLoop(3, 0.02)


@pytest.mark.parametrize("method", ADAPTIVE)
def test_readings_tell_tasks_apart_only_after_adaptation(method: str, case: Case) -> None:
    learner = small(method, case.problem)
    encoded = learner.encode(case.support)
    same = torch.zeros(len(case.batch), dtype=torch.int64)
    probes = learner.encode(case.query[same], encoded)
    with torch.no_grad():
        before = learner.readings(learner.initial_fast(encoded), probes)
        after = learner.readings(adapt(learner, INNER, encoded, case.support), probes)
    assert list(before) == list(after)
    one_maze = case.problem.wall_rows is None or len(case.problem.wall_rows) == 1
    for name in before:
        assert before[name].shape[0] == after[name].shape[0] == len(case.batch)
        if one_maze or method != "maml":
            torch.testing.assert_close(before[name], before[name][:1].expand_as(before[name]), rtol=0, atol=1e-12)
    assert any((after[name][0] - after[name][1]).abs().max() > 1e-6 for name in after)


def plain_activations(learner: MAML, case: Case, task: int, inputs: torch.Tensor) -> list[torch.Tensor]:
    """Adapt every weight of an ordinary network to one task by autograd, then run it on dense observations [N, D]."""
    walls = case.problem.wall_rows
    table = torch.eye(case.problem.inputs, dtype=torch.float64)
    if walls is not None:
        table = torch.cat([table, walls, torch.zeros(1, case.problem.inputs, dtype=torch.float64)])

    def dense(rows: torch.Tensor) -> torch.Tensor:
        return rows if walls is None else table[rows].sum(1)

    parameters = [learner.first, *learner.hidden, *learner.biases, learner.output, learner.output_bias]
    start = {str(number): value.detach()[None] for number, value in enumerate(parameters)}
    layers = learner.hidden_layers

    def activations(weights: dict[str, torch.Tensor], observed: torch.Tensor) -> list[torch.Tensor]:
        values, found = observed, []
        for layer in range(layers):
            values = torch.relu(values @ weights[str(layer)][0] + weights[str(layers + layer)][0])
            found.append(values)
        return found

    class Plain(Learner):
        def initial_fast(self, support: torch.Tensor) -> dict[str, torch.Tensor]:
            return start

        def predict(self, fast: dict[str, torch.Tensor], encoded: torch.Tensor) -> torch.Tensor:
            return (activations(fast, encoded[0])[-1] @ fast[str(2 * layers)][0].mT + fast[str(2 * layers + 1)][0])[None]

    one = case.support[task : task + 1]
    one = dataclasses.replace(one, inputs=dense(one.inputs[0])[None])
    with torch.no_grad():
        return activations(adapt(Plain(case.problem), INNER, one.inputs, one), dense(inputs))


def test_mamls_readings_are_the_activations_of_a_plain_network(case: Case) -> None:
    learner = small("maml", case.problem)
    assert isinstance(learner, MAML)
    inputs = case.query.inputs[:1]
    if case.problem.wall_rows is not None and len(case.problem.wall_rows) > 1:  # as decoding asks: without walls
        nothing = case.problem.inputs + len(case.problem.wall_rows)
        inputs = torch.where(inputs >= case.problem.inputs, nothing, inputs)
    asked = dataclasses.replace(case.query, inputs=inputs.expand(len(case.batch), -1, -1))
    with torch.no_grad():
        encoded = learner.encode(case.support)
        found = learner.readings(adapt(learner, INNER, encoded, case.support), learner.encode(asked, encoded))
    for task in range(2):
        for values, expected in zip(found.values(), plain_activations(learner, case, task, inputs[0]), strict=True):
            torch.testing.assert_close(values[task], expected, rtol=1e-8, atol=1e-10)
