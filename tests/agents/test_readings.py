"""Readings: what tells the task, for every method; MAML's are the activations of the plain network, walls or none."""

from dataclasses import replace

import pytest
import torch

from compworld.agents import MAML, Demonstrations, Fast, GradientLearner, InnerLoop
from tests.agents.conftest import ADAPTIVE, Case, small

INNER = InnerLoop(3, 0.02)


@pytest.mark.parametrize("method", ADAPTIVE)
def test_readings_tell_tasks_apart_only_after_adaptation(method: str, case: Case) -> None:
    same = torch.zeros(len(case.batch), dtype=torch.int64)
    probes, shown = case.batch.query[same].inputs, Demonstrations(case.batch.support)
    with torch.no_grad():
        before = small(method, case.problem, replace(INNER, steps=0)).adapt(shown).readings(probes)
        after = small(method, case.problem, INNER).adapt(shown).readings(probes)
    assert list(before) == list(after)
    for name in before:
        assert before[name].shape[0] == after[name].shape[0] == len(case.batch)
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

    class Plain(GradientLearner):
        def initial_fast(self, support: torch.Tensor) -> Fast:
            return start

        def predict(self, fast: dict[str, torch.Tensor], encoded: torch.Tensor) -> torch.Tensor:
            return (activations(fast, encoded[0])[-1] @ fast[str(2 * layers)][0].mT + fast[str(2 * layers + 1)][0])[None]

    one = case.batch.support[task : task + 1]
    one = replace(one, inputs=dense(one.inputs[0])[None])
    with torch.no_grad():
        return activations(Plain(case.problem, INNER).adapt(Demonstrations(one)).fast, dense(inputs))


def test_mamls_readings_are_the_activations_of_a_plain_network(case: Case) -> None:
    learner = small("maml", case.problem, INNER)
    assert isinstance(learner, MAML)
    inputs = case.batch.query.inputs[:1]
    if case.problem.wall_rows is not None and len(case.problem.wall_rows) > 1:  # as decoding asks: without walls
        nothing = case.problem.inputs + len(case.problem.wall_rows)
        inputs = torch.where(inputs >= case.problem.inputs, nothing, inputs)
    with torch.no_grad():
        adapted = learner.adapt(Demonstrations(case.batch.support))
        found = adapted.readings(inputs.expand(len(case.batch), -1, -1))
    for task in range(2):
        for values, expected in zip(found.values(), plain_activations(learner, case, task, inputs[0]), strict=True):
            torch.testing.assert_close(values[task], expected, rtol=1e-8, atol=1e-10)
