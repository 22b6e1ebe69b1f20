"""Adaptation: tasks are independent, padding counts for nothing, minibatches are parts, and the same holds on every device."""

import copy
from dataclasses import replace

import pytest
import torch

from compworld.agents import Examples, InnerLoop, MetaBatch, accelerate
from compworld.agents.evidence import Demonstrations
from compworld.agents.gradient.loop import with_minibatches
from compworld.agents.training import MetaTrainer, OuterLoop
from tests.agents.conftest import ADAPTIVE, LOOPS, METHODS, Case, case_of, small

DEVICES = [
    "cpu",
    *(["cuda"] if torch.cuda.is_available() else []),
    *(["mps"] if torch.backends.mps.is_available() else []),
]


@pytest.mark.parametrize("method", ADAPTIVE)
def test_without_gradients_a_learner_adapts_alike(method: str, case: Case) -> None:
    learner = small(method, case.problem)
    shown, asked = case.batch.shown_to(learner), case.batch.query.inputs
    with torch.no_grad():
        without = learner.adapt(shown).predict(asked)
    torch.testing.assert_close(without, learner.adapt(shown).predict(asked))
    assert not without.requires_grad


@pytest.mark.parametrize("method", METHODS)
def test_tasks_do_not_interact_and_padding_has_no_influence(method: str, case: Case) -> None:
    learner = small(method, case.problem)
    together = learner.adapt(case.batch.shown_to(learner)).predict(case.batch.query.inputs)
    for task in range(len(together)):
        one = case.batch[task : task + 1]
        one = MetaBatch(one.support.trimmed(), one.query.trimmed(), one.codes)
        alone = learner.adapt(one.shown_to(learner)).predict(one.query.inputs)
        torch.testing.assert_close(alone[0], together[task, : alone.shape[1]], rtol=1e-9, atol=1e-11)


def test_a_minibatch_is_a_random_part_of_the_support_set(case: Case) -> None:
    """The step on a minibatch of one sample equals the step on that sample alone, for some sample of the task."""
    learner = small("anil", case.problem, InnerLoop(1, 0.1, optimizer="sgd", minibatch=1))
    support, seen = case.batch.support, set()
    alone = []
    for sample in range(int((support.weights[0] > 0).sum())):
        weights = torch.zeros_like(support.weights)
        weights[:, sample] = 1
        whole = small("anil", case.problem, InnerLoop(1, 0.1, optimizer="sgd"))
        alone.append(whole.adapt(Demonstrations(replace(support, weights=weights))).fast["head"][0])
    for seed in range(12):
        got = learner.adapt(Demonstrations(support), torch.Generator().manual_seed(seed)).fast["head"][0]
        matches = [number for number, head in enumerate(alone) if torch.allclose(head, got, rtol=1e-9, atol=1e-12)]
        assert matches
        seen.add(matches[0])
    assert len(seen) > 1


@pytest.mark.parametrize("rows", [None, 40])
def test_minibatches_are_drawn_with_replacement_empty_rows_included(rows: int | None, case: Case) -> None:
    """Shares of a step are numbers of draws over those that met a sample, which are as many as there are samples among rows."""
    inner, support = InnerLoop(400, 0.1, minibatch=6, minibatch_rows=rows), case.batch.support
    shares = with_minibatches(inner, support, torch.Generator().manual_seed(1)).minibatches
    assert shares is not None
    met = torch.stack([(shares * draws).round().sub(shares * draws).abs().amax(2) < 1e-5 for draws in range(1, 7)])
    draws = torch.where(shares.sum(2) > 0, met.int().argmax(0) + 1, 0)  # fewest that such shares can come of
    lengths = support.lengths.double()
    if rows is None:
        assert (shares.sum(2) > 1 - 1e-9).all()
    else:
        missed = (1 - lengths / rows) ** 6
        assert ((draws == 0).double().mean(0) - missed).abs().max() < 0.12
    assert ((shares > 1e-9).sum(2) < draws).any()  # some sample twice
    uniform = (support.weights > 0) / lengths[:, None]
    assert (shares.sum(0) / shares.sum((0, 2))[:, None] - uniform).abs().max() < 0.06
    assert not shares[:, support.weights == 0].any()


def test_fewer_rows_than_samples_are_refused(case: Case) -> None:
    with pytest.raises(ValueError, match=r"inner minibatch_rows is 1; allowed: at least the \d+ samples of a task"):
        with_minibatches(InnerLoop(1, 0.1, minibatch=2, minibatch_rows=1), case.batch.support, None)


def test_examples_are_cut_by_tasks_and_by_padding(case: Case) -> None:
    learner = small("anil", case.problem, LOOPS["minibatch"])
    examples = learner.draw(Demonstrations(case.batch.support), torch.Generator().manual_seed(0)).examples
    assert examples.minibatches is not None
    assert examples.minibatches.shape == (5, *examples.weights.shape)
    torch.testing.assert_close(examples.minibatches.sum(2), torch.ones_like(examples.minibatches.sum(2)))
    part = examples[torch.tensor([3, 1])].trimmed()
    assert isinstance(part, Examples)
    assert part.minibatches is not None
    longest = int(examples.lengths[[3, 1]].max())
    assert part.weights.shape == (2, longest)
    assert torch.equal(part.minibatches, examples.minibatches[:, [3, 1], :longest])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("method", METHODS)
def test_every_device_trains_and_adapts_alike(method: str, device: str) -> None:
    """Single precision, the plain definition; on the CPU against compiled code."""
    case = case_of("goals-small", "optimal_action")
    batch = to_device(case.batch, "cpu", torch.float32)
    there = to_device(case.batch, device, torch.float32)
    learner = small(method, case.problem, InnerLoop(3, 0.02, minibatch=5)).float()
    moved = copy.deepcopy(learner).to(device)
    ours, theirs = MetaTrainer(learner, OuterLoop(3, 1e-3), 7), MetaTrainer(moved, OuterLoop(3, 1e-3), 7, compiled=False)
    for _ in range(3):
        assert theirs.step(there) == pytest.approx(ours.step(batch), rel=1e-4)
    for parameter in moved.parameters():
        assert parameter.device.type == device
    adapted = accelerate.adapt(moved, there.shown_to(moved), torch.Generator().manual_seed(1))
    expected = accelerate.adapt(learner, batch.shown_to(learner), torch.Generator().manual_seed(1))
    outputs = adapted.predict(there.query.inputs)
    assert outputs.device.type == device
    torch.testing.assert_close(outputs.detach().cpu(), expected.predict(batch.query.inputs).detach(), rtol=1e-2, atol=1e-3)


def to_device(batch: MetaBatch, device: str, dtype: torch.dtype) -> MetaBatch:
    def moved(value: torch.Tensor) -> torch.Tensor:
        return value.to(device, dtype if value.is_floating_point() else value.dtype)

    def examples(given: Examples) -> Examples:
        names = ("inputs", "actions", "targets", "rewards", "episodes", "weights")
        return Examples(**{name: moved(getattr(given, name)) for name in names})

    return MetaBatch(examples(batch.support), examples(batch.query), moved(batch.codes))
