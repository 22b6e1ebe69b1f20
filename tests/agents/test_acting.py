"""Learners that act in trials: step by step as in one go, labels, gradients, replay, checkpoints."""

from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from compworld import make_split
from compworld.agents import ACTORS, Code, Demonstrations, Experience, Nothing, Updates
from compworld.agents.context.memories import State
from compworld.agents.context.seen import Seen
from compworld.agents.context.trials import Replay
from compworld.agents.networks.gru import GRU
from compworld.evaluation import play_trials
from compworld.families import trial_sizes
from tests.agents.context_cases import ACTING, actor, family_of, stage_of, trainer_of

FAMILIES = ("goals-small", "preferences-small")


def test_the_recurrent_unit_is_torchs_on_packed_sequences() -> None:
    torch.manual_seed(0)
    lengths = (5, 5, 4, 2, 1)
    sizes = [sum(length > step for length in lengths) for step in range(5)]
    ours, torchs = GRU(3, 4).double(), torch.nn.GRU(3, 4).double()
    with torch.no_grad():
        ours.bias.normal_()
        torchs.weight_ih_l0.copy_(ours.input.weight)
        torchs.bias_ih_l0.copy_(ours.input.bias)
        torchs.weight_hh_l0.copy_(ours.recurrent.T)
        torchs.bias_hh_l0.copy_(torch.cat([torch.zeros(8), ours.bias]))
    inputs, first = torch.randn(sum(sizes), 3).double().requires_grad_(), torch.randn(5, 4).double().requires_grad_()
    found = ours(inputs, sizes, first)
    packed = torch.nn.utils.rnn.PackedSequence(inputs, torch.tensor(sizes))
    expected = torchs(packed, first[None])[0].data
    torch.testing.assert_close(found, expected)
    weights = torch.randn_like(found)
    asked = [(found, (ours.recurrent, ours.input.weight, ours.input.bias))]
    asked += [(expected, (torchs.weight_hh_l0, torchs.weight_ih_l0, torchs.bias_ih_l0))]
    gradients = [torch.autograd.grad((value * weights).sum(), (inputs, first, *of)) for value, of in asked]
    for ours_, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours_, theirs.T if ours_.shape != theirs.shape else theirs)


@pytest.mark.parametrize("family_name", FAMILIES)
@pytest.mark.parametrize("name", ACTING)
def test_what_acted_step_by_step_is_what_whole_trials_give(name: str, family_name: str) -> None:
    """The logits of the policy that acted are those that the packed trials give: same inputs, same memory, same order."""
    family = family_of(family_name)
    learner = actor(name, family)
    trials = stage_of(family).play(learner, 2, torch.Generator().manual_seed(0))
    packed = trials.packed(learner.problem.inputs, next(learner.parameters()))
    outputs = learner(packed.seen.by(learner.evidence), packed.sizes)
    assert family_name == "goals-small" or len(set(trials.lengths.tolist())) > 1
    torch.testing.assert_close(learner.logits(outputs), packed.logits, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["gru", "told_policy", "memoryless"])
def test_as_anyones_agent_a_learner_sees_what_it_saw_in_training(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it is handed by the driver of `compworld.evaluate` is put together as in packed trials."""
    family = family_of("preferences-small")
    learner, noted = actor(name, family), []

    def watched(seen: Seen, state: State) -> tuple[torch.Tensor, State]:
        noted.append(seen)
        return torch.nn.functional.one_hot(torch.full((len(seen),), 2), 5) * 1e9, state  # always to the right

    monkeypatch.setattr(learner, "step", watched)
    split = make_split(family.space)
    player, track = learner.player(family, split, 2), "told" if learner.evidence is Code else "rewarded"
    played = play_trials(player, family, split, "train", 4, 2, track=track, observation=player.observation)
    assert len(noted) == 2 * family.horizon
    left = torch.tensor([1 - step / family.horizon for step in range(family.horizon)] * 2).double()
    torch.testing.assert_close(torch.stack([seen.left for seen in noted]), left[:, None].expand(-1, 4))
    assert all((seen.code is None) == (name != "told_policy") for seen in noted)
    if name != "gru":
        assert all(seen.reward is None for seen in noted)
        return
    assert (noted[0].rows_before == learner.problem.inputs).all()
    assert (noted[0].action == 0).all()
    for before, now in pairwise(noted):
        assert torch.equal(now.rows_before, before.rows)
        assert (now.action == 2).all()
        assert torch.equal(now.begins, (now.left == 1).double())
    gained = sum(seen.reward for seen in noted[1 : 1 + family.horizon])
    assert gained.tolist() == pytest.approx(played.returns[:, 0].tolist(), rel=1e-6)


@pytest.mark.parametrize("family_name", FAMILIES)
def test_every_visited_state_is_labelled_with_the_exact_best_actions(family_name: str) -> None:
    """Against planning anew in every state."""
    family = family_of(family_name)
    stage = stage_of(family)
    states = []
    step = type(stage.engine).step

    def noted(engine, actions):  # type: ignore[no-untyped-def]
        states.append(engine.state[np.arange(len(actions))])  # a copy: states are written into
        return step(engine, actions)

    stage.engine.step = noted.__get__(stage.engine)  # type: ignore[method-assign]
    trials = stage.play(actor("gru", family), 0, torch.Generator().manual_seed(0))
    checked = 0
    for number, state in enumerate(states):
        best = family.expert.optimal_action(state, np.maximum(family.horizon - state.elapsed_B, 1))
        for trial in np.flatnonzero(trials.lengths.numpy() > number):
            values = trials.values[trial, number]
            assert values[best[trial]] >= values.max() - 1e-5
            checked += 1
    assert checked == int(trials.lengths.sum())


@pytest.mark.parametrize("name", ACTING)
def test_a_batch_of_trials_is_a_function_of_its_number(name: str) -> None:
    family = family_of("preferences-small")
    learner = actor(name, family)
    stage = stage_of(family)
    for number in (0, 1, 40):
        stage.play(learner, number, torch.Generator().manual_seed(0))
    again = stage_of(family).play(learner, 40, torch.Generator().manual_seed(0))
    last = stage.play(learner, 40, torch.Generator().manual_seed(0))
    other = stage.play(learner, 41, torch.Generator().manual_seed(0))
    assert all(torch.equal(value, again.tensors()[field]) for field, value in last.tensors().items())
    assert not torch.equal(other.codes, last.codes)


@pytest.mark.parametrize("imitation", ["optimal_action", "action_values"])
@pytest.mark.parametrize("name", [name for name in ACTING if ACTORS[name].learns_from == "labels"])
def test_acting_learners_fit_the_labels(name: str, imitation: str) -> None:
    family = family_of("goals-small")
    trainer = trainer_of(name, family, imitation)
    trainer.step()
    same = trainer.replay.sample(6, torch.Generator().manual_seed(0))
    before = trainer.learner.imitation_loss(same).item()
    for _ in range(60):
        trainer.optimizer.zero_grad()
        trainer.learner.imitation_loss(same).backward()
        trainer.apply_gradient()
    assert trainer.learner.imitation_loss(same).item() < 0.8 * before


def test_reward_alone_makes_rewarded_actions_likelier() -> None:
    family = family_of("preferences-small")
    trainer = trainer_of("rl2", family)
    trainer.step_number = 1
    fresh = trainer.stage.play(trainer.learner, 0, torch.Generator().manual_seed(0))
    fresh.values.fill_(float("nan"))  # labels are not looked at
    fresh.rewards.copy_((fresh.actions == 2).float())

    @torch.no_grad()
    def share() -> float:
        packed = fresh.packed(trainer.learner.problem.inputs, next(trainer.learner.parameters()))
        return float(trainer.learner(packed.seen.by(Experience), packed.sizes).softmax(1)[:, 2].mean())

    before = share()
    for _ in range(5):
        for loss in trainer.learner.losses(fresh, trainer.replay, Updates(1, 6), torch.Generator().manual_seed(0)):
            trainer.optimizer.zero_grad()
            loss.backward()
            trainer.apply_gradient()
    assert share() > before


@pytest.mark.parametrize("name", ACTING)
def test_training_resumes_to_the_same_bits(name: str, tmp_path: Path) -> None:
    family = family_of("preferences-small")
    whole, first, second = (trainer_of(name, family) for _ in range(3))
    for _ in range(4):
        whole.step()
    for _ in range(3):  # the replay has begun to forget
        first.step()
    first.save(tmp_path / "c.safetensors", {"note": 1}, {"other": torch.arange(3)})
    extra, others = second.load(tmp_path / "c.safetensors")
    second.step()
    assert (extra, list(others)) == ({"note": 1}, ["other"])
    assert second.replay.steps == whole.replay.steps
    for key, value in whole.tensors().items():
        assert torch.equal(value, second.tensors()[key]), key


def test_a_replay_keeps_the_last_trials() -> None:
    family = family_of("goals-small")
    learner, stage, replay = actor("memoryless", family), stage_of(family, 4), Replay(6)
    batches = [stage.play(learner, number, torch.Generator().manual_seed(0)) for number in range(3)]
    for batch in batches:
        replay.add(batch)
    kept = {tuple(code) for code in replay.sample(300, torch.Generator().manual_seed(0)).codes.tolist()}
    last = torch.cat([batch.codes for batch in batches])[-6:]
    assert (len(replay), replay.trials) == (6, 12)
    assert kept == {tuple(code) for code in last.tolist()}


def test_acting_learners_see_what_they_declare() -> None:
    family = family_of("goals-small")
    trials = stage_of(family).play(actor("gru", family), 0, torch.Generator().manual_seed(0))
    seen = trials.packed(0, torch.zeros(1)).seen
    there = {
        kind: {f.name for f in fields(seen) if getattr(seen.by(kind), f.name) is not None}
        for kind in (Nothing, Code, Experience)
    }
    assert there[Nothing] == {"rows", "left"}
    assert there[Code] == {"rows", "left", "code"}
    assert there[Experience] == {"rows", "left", "rows_before", "action", "reward", "begins"}
    with pytest.raises(ValueError, match="evidence of an acting learner is Demonstrations; allowed: Nothing, Code, Experience"):
        seen.by(Demonstrations)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda family: Updates(number=0), "updates.number is 0; allowed: at least 1"),
        (lambda family: Replay(0), "replay is 0; allowed: at least 1 trial"),
        (lambda family: type(actor("gru", family))(actor("gru", family).problem, temperature=0.0), "temperature is 0.0"),
        (lambda family: type(actor("gru", family))(actor("gru", family).problem, width=0), "width 0"),
        (lambda family: type(actor("transformer", family))(actor("gru", family).problem, width=9), "width 9 of a transformer"),
        (lambda family: stage_of(family, trials=0), "trials are 0"),
    ],
)
def test_impossible_acting_learners_are_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(family_of("goals-small"))  # type: ignore[operator]


def test_trials_longer_than_a_transformer_can_attend_to_are_refused() -> None:
    family = family_of("goals-small")
    learner = actor("transformer", family)
    learner.memory.places = torch.nn.Parameter(learner.memory.places[:5])  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="a trial has more than 5 steps; allowed: up to the transformer's"):
        stage_of(family).play(learner, 0, torch.Generator())
    assert trial_sizes("goals-small")["episodes"] == 3
