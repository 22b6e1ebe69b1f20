"""The outer step and its checkpoints."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from compworld import few_shot_tasks, make_family, make_split
from compworld.agents import ANIL, Fast, GradientLearner, InnerLoop, MetaBatch, Problem, accelerate
from compworld.agents.checkpoints import load_tensors, save_tensors
from compworld.agents.training import MetaTrainer, OuterLoop
from compworld.benchmarks.worlds.problems import meta_batch, problem_of
from tests.agents.conftest import ADAPTIVE, METHODS, Case, small

INNER = InnerLoop(3, 0.1, minibatch=4)


def trainer_of(method: str, case: Case, **outer: object) -> MetaTrainer:
    return MetaTrainer(small(method, case.problem, INNER), OuterLoop(20, 1e-2, **outer), seed=5)  # type: ignore[arg-type]


def parameters_of(trainer: MetaTrainer) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in trainer.learner.parameters()]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_overfits_a_single_meta_batch(method: str, case: Case) -> None:
    trainer = MetaTrainer(small(method, case.problem, InnerLoop(3, 0.03)), OuterLoop(150, 5e-3))
    same = MetaBatch(case.batch.support, case.batch.support, case.batch.codes)
    losses = [trainer.step(same) for _ in range(150)]
    assert losses[-1] < 0.5 * losses[0]


def test_learning_rates_follow_the_schedule() -> None:
    constant, cosine = OuterLoop(100, 0.5), OuterLoop(100, 0.5, schedule="cosine", warmup=10)
    assert {constant.learning_rate_at(step) for step in range(100)} == {0.5}
    rates = [cosine.learning_rate_at(step) for step in range(100)]
    assert rates[:10] == pytest.approx([0.05 * (step + 1) for step in range(10)])
    assert rates[10] == pytest.approx(0.5)
    assert rates[55] == pytest.approx(0.25)
    assert rates[99] < 0.001
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_the_meta_gradient_is_clipped(case: Case) -> None:
    trainer = trainer_of("anil", case, clip=1e-3)
    trainer.step(case.batch)
    norm = sum(float(p.grad.square().sum()) for p in trainer.learner.parameters() if p.grad is not None) ** 0.5
    assert norm == pytest.approx(1e-3, rel=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_a_step_that_is_not_finite_changes_nothing(method: str, case: Case) -> None:
    trainer = trainer_of(method, case)
    trainer.step(case.batch)
    before, state = parameters_of(trainer), {name: value.clone() for name, value in trainer.tensors().items()}
    broken = replace(case.batch.query, targets=case.batch.query.targets * float("nan"))
    trainer.step(MetaBatch(case.batch.support, broken, case.batch.codes))
    assert all(torch.equal(a, b) for a, b in zip(before, parameters_of(trainer), strict=True))
    assert all(torch.equal(value, state[name]) for name, value in trainer.tensors().items())
    assert trainer.skipped == 1
    assert torch.isfinite(torch.tensor(trainer.step(case.batch)))


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_splitting_a_meta_batch_gives_the_same_step(method: str, compiled: bool, case: Case) -> None:
    inner = InnerLoop(3, 0.1, minibatch=2)
    whole, parts = (
        MetaTrainer(small(method, case.problem, inner), OuterLoop(5, 1e-2, clip=1e9, tasks_at_once=at_once), compiled=compiled)
        for at_once in (None, 3)
    )
    assert whole.step(case.batch) == pytest.approx(parts.step(case.batch), rel=1e-12)
    for ours, theirs in zip(whole.learner.parameters(), parts.learner.parameters(), strict=True):
        if ours.grad is not None:
            torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_resuming_is_bit_identical(method: str, case: Case, tmp_path: Path) -> None:
    whole, first, second = (trainer_of(method, case, schedule="cosine", warmup=2) for _ in range(3))
    for _ in range(6):
        whole.step(case.batch)
    for _ in range(3):
        first.step(case.batch)
    first.save(tmp_path / "c.safetensors", {"note": 1}, {"other": torch.arange(3)})
    extra, others = second.load(tmp_path / "c.safetensors")
    assert extra == {"note": 1}
    assert torch.equal(others["other"], torch.arange(3))
    losses = [second.step(case.batch) for _ in range(3)]
    assert second.step_number == 6
    assert all(torch.equal(a, b) for a, b in zip(parameters_of(whole), parameters_of(second), strict=True))
    assert len(losses) == 3


def test_damaged_and_foreign_checkpoints_are_refused(case: Case, tmp_path: Path) -> None:
    trainer, path = trainer_of("anil", case), tmp_path / "c.safetensors"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(ValueError, match=r"c\.safetensors is damaged or not one of ours"):
        trainer.load(path)
    trainer_of("maml", case).save(path, {})
    with pytest.raises(ValueError, match="of another learner: parameter 'head' is missing or has another shape"):
        trainer.load(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="damaged"):
        load_tensors(path)


def test_a_failed_write_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.safetensors"
    save_tensors(path, {"a": torch.ones(2)}, {"step": 1})

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        save_tensors(path, {"a": torch.zeros(2)}, {"step": 2})
    monkeypatch.undo()
    tensors, numbers = load_tensors(path)
    assert torch.equal(tensors["a"], torch.ones(2))
    assert numbers == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]


class Shift(GradientLearner):
    """A user's method: nothing but what must be there."""

    def __init__(self, problem: Problem, inner: InnerLoop) -> None:
        super().__init__(problem, inner)
        self.start = torch.nn.Parameter(torch.zeros(problem.outputs, dtype=torch.float64))

    def initial_fast(self, support: Tensor) -> Fast:
        return {"shift": self.start.expand(len(support), -1)}

    def predict(self, fast: Fast, encoded: Tensor) -> Tensor:
        return fast["shift"][:, None].expand(-1, encoded.shape[1], -1)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (
            lambda start: {"shift": start[:1]},
            r"Shift.initial_fast returned 'shift' of shape \(1,\); allowed: \(\d+, ...\), rows",
        ),
        (lambda start: start, "Shift.initial_fast returned Parameter.*; allowed: a dict of tensors"),
        (lambda start: {}, "Shift.initial_fast returned {}; allowed: a dict of tensors"),
        (lambda start: {"shift": 0.0}, "Shift.initial_fast returned .*; allowed: a dict of tensors"),
    ],
)
def test_fast_parameters_that_are_none_are_refused_before_a_step(case: Case, returned: Any, message: str) -> None:
    learner = Shift(case.problem, InnerLoop(3, 0.1))
    learner.initial_fast = lambda support: returned(learner.start)  # type: ignore[method-assign]
    with pytest.raises(ValueError, match=message):
        MetaTrainer(learner, OuterLoop(50, 3e-2)).step(case.batch)


def test_outputs_of_another_shape_are_refused(case: Case) -> None:
    learner = Shift(case.problem, InnerLoop(3, 0.1))
    learner.predict = lambda fast, encoded: fast["shift"][:, None, :1].expand(-1, encoded.shape[1], -1)  # type: ignore[method-assign]
    with pytest.raises(
        ValueError, match=r"Shift.predict returned outputs of shape \(.*, 1\); allowed: \(.*\), tasks x samples"
    ):
        MetaTrainer(learner, OuterLoop(50, 3e-2)).step(case.batch)


def test_an_inner_loop_may_come_as_plain_data(case: Case) -> None:
    """As it does to a constructor without annotations."""
    assert Shift(case.problem, {"steps": 3, "learning_rate": 0.1}).inner == InnerLoop(3, 0.1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="inner is 3; allowed: an InnerLoop"):
        Shift(case.problem, 3)  # type: ignore[arg-type]


def test_a_method_of_ones_own_needs_two_functions(case: Case) -> None:
    trainer = MetaTrainer(Shift(case.problem, InnerLoop(3, 0.1)), OuterLoop(50, 3e-2))
    losses = [trainer.step(case.batch) for _ in range(50)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: InnerLoop(3, 0.1, optimizer="adam"), "unknown inner optimizer 'adam'; allowed: 'adamw', 'sgd'"),
        (lambda: InnerLoop(-1, 0.1), "inner steps -1"),
        (lambda: InnerLoop(1, 0.1, minibatch=0), "minibatch 0; allowed"),
        (lambda: InnerLoop(1, 0.1, minibatch_rows=0), "inner minibatch_rows is 0; allowed: from 1, or None"),
        (lambda: OuterLoop(10, 0.1, schedule="linear"), "unknown schedule 'linear'; allowed: 'constant', 'cosine'"),
        (lambda: OuterLoop(0, 0.1), "outer steps are 0; allowed: at least 1"),
    ],
)
def test_impossible_loops_are_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]


def test_learners_of_no_width_are_refused(case: Case) -> None:
    with pytest.raises(ValueError, match="width 0"):
        ANIL(case.problem, INNER, width=0)


@pytest.mark.parametrize("method", ADAPTIVE)
def test_learning_curves_equal_those_of_the_plain_definition(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """200 outer steps, fresh tasks at each: compiled, and by autograd's double backward.

    Inner steps are short enough not to magnify rounding: at 0.03 a start that differs by 1e-15 alone moves the nonlinear
    hypernetwork's losses by 0.01.
    """
    family = make_family("goals-small")
    problem = problem_of(family, family.imitation, torch.float64)

    def curve(compiled: bool) -> list[float]:
        learner = small(method, problem, InnerLoop(2, 0.01))
        trainer = MetaTrainer(learner, OuterLoop(200, 5e-4), compiled=compiled)
        batches = few_shot_tasks(family, make_split(family.space), tasks=4)
        return [trainer.step(meta_batch(next(batches), family.imitation, dtype=torch.float64)) for _ in range(200)]

    plain = curve(False)
    monkeypatch.setattr(type(small(method, problem)), "meta_loss", lambda *_: pytest.fail("the plain definition was used"))
    assert curve(True) == pytest.approx(plain, rel=1e-6)
    assert sum(plain[-20:]) < sum(plain[:20])


def test_accelerated_methods_train_compiled(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    exact = accelerate.query_loss
    monkeypatch.setattr(accelerate, "query_loss", lambda *of: calls.append(exact(*of)) or calls[-1])
    for method in METHODS:
        trainer_of(method, case).step(case.batch)
    assert [loss is not None for loss in calls] == [method in ADAPTIVE for method in METHODS]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_process_trains_on() -> None:
    """As workers of a DataLoader do, and multiprocessing on Linux, after a step with several threads."""
    program = """
import os, signal, torch, compworld
from compworld.agents.training import MetaTrainer
from compworld.benchmarks.runs.run import new_learner
from compworld.benchmarks.worlds.problems import meta_batch
from compworld.benchmarks.worlds.world import World
from tests.benchmarks.conftest import tiny
torch.set_num_threads(2)
config = tiny("linear_hypernetwork")
world = World(config)
trainer = MetaTrainer(new_learner(config, world), config.outer)
batch = meta_batch(next(compworld.few_shot_tasks(world.family, world.split, tasks=8)), config.imitation)
trainer.step(batch)
child = os.fork()
if not child:
    signal.alarm(60)
    trainer.step(batch)
    os._exit(0)
raise SystemExit(os.waitpid(child, 0)[1])
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=120)
