"""Learners that adapt to own experience by gradient steps: rounds, inner losses, the inner loop and what flows through it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from compworld.agents import InnerLoop
from compworld.agents.context.trials import Trials
from compworld.agents.evidence import Experience
from compworld.agents.gradient.loop import descend, gradient_of
from compworld.agents.reward.adapting import AdaptingLearner
from compworld.agents.reward.adapting_methods import (
    DEFINITIONS,
    AdaptingDefinition,
    AdaptingHypernetwork,
    AdaptingValues,
)
from compworld.agents.reward.inner_losses import DISCOUNT, INNER_LOSSES, Retrospect, returns_of
from compworld.agents.reward.rounds import rounds_of
from compworld.benchmarks.worlds.problems import acting_problem_of
from tests.agents.context_cases import actor, family_of, stage_of

FAMILY = family_of("preferences-small")
PROBLEM = acting_problem_of(FAMILY, "optimal_action")
SGD = InnerLoop(3, 0.02, optimizer="sgd")

Make = Callable[..., AdaptingLearner]
MAKES: dict[str, Make] = {
    "hypernetwork": lambda **options: AdaptingHypernetwork(
        PROBLEM, **{"inner": SGD, **options}, width=5, hidden=6, policy_width=5, templates=3
    ),
    "values": lambda **options: AdaptingValues(PROBLEM, **{"inner": SGD, **options}, width=5, hidden=6),
    **{
        name: lambda name=name, **options: AdaptingDefinition(PROBLEM, name, **{"inner": SGD, **options}, width=5)
        for name in DEFINITIONS
    },
}


def made(name: str, **options: Any) -> AdaptingLearner:
    """In float64, moved off its start, where a hypernetwork makes the same of all coefficients."""
    torch.manual_seed(0)
    learner = MAKES[name](**options).double()
    with torch.no_grad():
        for parameter in learner.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return learner


def played(learner: AdaptingLearner, number: int = 0) -> Trials:
    return stage_of(FAMILY).play(learner, number, torch.Generator().manual_seed(1))


def experience_of(trials: int = 4, steps: int = 9, seed: int = 0) -> Experience:
    """Random experience in two episodes, the last steps of every second trial being padding."""
    generator = torch.Generator().manual_seed(seed)
    weights = torch.ones(trials, steps, dtype=torch.float64)
    weights[::2, -2:] = 0
    return Experience(
        torch.randint(PROBLEM.inputs, (trials, steps, 4), generator=generator),
        torch.randint(PROBLEM.outputs, (trials, steps), generator=generator),
        torch.randn(trials, steps, generator=generator, dtype=torch.float64),
        (torch.arange(steps) >= 4).long().expand(trials, -1),
        weights,
    )


@pytest.mark.parametrize("episodes", [1, 2, 3])
def test_a_round_knows_every_step_of_the_rounds_before_it_and_no_other(episodes: int) -> None:
    trials = stage_of(FAMILY).play(actor("gru", FAMILY), 3, torch.Generator().manual_seed(0))
    packed = trials.packed(PROBLEM.inputs, torch.zeros(1))
    longest_first = trials.lengths.argsort(descending=True, stable=True)
    found = list(rounds_of(packed.seen, packed.sizes, episodes))
    steps = torch.cat([round_.steps[round_.there] for round_ in found])
    assert sorted(steps.tolist()) == list(range(len(packed.actions)))
    for place, trial in enumerate(longest_first.tolist()):
        episode = trials.begins[trial].long().cumsum(0) - 1
        for number, round_ in enumerate(found):
            before = [step for step in range(int(trials.lengths[trial])) if episode[step] // episodes < number]
            known = round_.experience.weights[place] > 0
            for name, value in (("inputs", trials.rows), ("actions", trials.actions), ("rewards", trials.rewards)):
                assert torch.equal(getattr(round_.experience, name)[place][known], value[trial][before].to(known.device)), name
            assert torch.equal(round_.experience.episodes[place][known], episode[before])
            own = packed.steps[round_.steps[place][round_.there[place]]]
            assert all(episode[step] // episodes == number for step in own.tolist())


def test_returns_are_discounted_sums_to_the_end_of_the_episode() -> None:
    experience = experience_of()
    returns = returns_of(experience)
    for trial in range(len(experience)):
        for step in range(9):
            later = [n for n in range(step, 9) if experience.episodes[trial, n] == experience.episodes[trial, step]]
            expected = sum(
                DISCOUNT ** (n - step) * float(experience.rewards[trial, n] * experience.weights[trial, n]) for n in later
            )
            assert float(returns[trial, step]) == pytest.approx(expected)


def test_reading_rewards_is_linear_regression_on_features() -> None:
    learner, seen = made("hypernetwork"), experience_of()
    features = learner.network.encode(seen.inputs, seen.actions)
    expected = learner.network.initial_fast(len(seen))["coefficients"]
    for _ in range(SGD.steps):
        off = (torch.einsum("tnh,th->tn", features, expected) - seen.rewards) * seen.weights
        expected = expected - learner.log_rates[0].exp() * torch.einsum("tn,tnh->th", off, features)
    torch.testing.assert_close(learner.adapt(seen)["coefficients"], expected)


@pytest.mark.parametrize("inner_loss", INNER_LOSSES)
@pytest.mark.parametrize("name", MAKES)
def test_small_steps_lower_every_inner_loss(name: str, inner_loss: str) -> None:
    learner, seen = made(name, inner_loss=inner_loss, inner=InnerLoop(2, 1e-6, optimizer="sgd")), experience_of()
    with torch.no_grad():
        for rate in learner.log_rates:
            rate.fill_(-14.0)
    encoded = learner.network.encode(seen.inputs, seen.actions)

    def loss(fast: dict[str, Tensor]) -> Tensor:
        return learner.inner_loss(Retrospect(learner.network, fast, seen, encoded, learner.temperature))

    before, after = loss(learner.network.initial_fast(len(seen))), loss(learner.adapt(seen))
    assert (after < before).all()


@pytest.mark.parametrize("inner_loss", INNER_LOSSES)
@pytest.mark.parametrize("name", MAKES)
def test_padding_says_nothing_and_trials_do_not_interact(name: str, inner_loss: str) -> None:
    learner, seen = made(name, inner_loss=inner_loss), experience_of()
    together = learner.adapt(seen)
    for trial in range(len(seen)):
        alone = learner.adapt(seen[torch.tensor([trial])])
        for part, value in alone.items():
            torch.testing.assert_close(together[part][trial], value[0])


@pytest.mark.parametrize("round_episodes", [1, 2])
@pytest.mark.parametrize("inner_loss", INNER_LOSSES)
@pytest.mark.parametrize("name", MAKES)
def test_what_acted_step_by_step_is_what_whole_trials_give(name: str, inner_loss: str, round_episodes: int) -> None:
    learner = made(name, inner_loss=inner_loss, round_episodes=round_episodes)
    trials = played(learner)
    packed = trials.packed(PROBLEM.inputs, next(learner.parameters()))
    outputs = learner(packed.seen.by(learner.evidence), packed.sizes)
    torch.testing.assert_close(learner.logits(outputs), packed.logits, rtol=1e-5, atol=1e-5)


def test_rewards_alone_tell_tasks_apart() -> None:
    """The same episodes with other rewards: the first round is played alike, the later ones are not."""
    learner = made("hypernetwork")
    trials = played(learner)
    packed = trials.packed(PROBLEM.inputs, next(learner.parameters()))
    trials.rewards.neg_()
    other = trials.packed(PROBLEM.inputs, next(learner.parameters()))
    first, *later = rounds_of(packed.seen, packed.sizes, 1)
    one, two = (learner(each.seen.by(learner.evidence), each.sizes) for each in (packed, other))
    assert torch.equal(one[first.steps[first.there]], two[first.steps[first.there]])
    assert any(not torch.allclose(one[round_.steps[round_.there]], two[round_.steps[round_.there]]) for round_ in later)


@pytest.mark.parametrize("name", [name for name in MAKES if name not in ("linear_hypernetwork", "deep_hypernetwork")])
def test_the_meta_gradient_is_that_of_finite_differences(name: str) -> None:
    """Through the inner loop, its learned rates and both parts of the outer loss, along a random direction.

    The definitions of the hypernetworks scale their coefficients by a number that counts as a constant for every gradient.
    """
    learner = made(name, reading=0.5)
    trials = played(learner)
    parameters = [parameter for parameter in learner.parameters() if parameter.requires_grad]
    gradients = torch.autograd.grad(learner.imitation_loss(trials), parameters, allow_unused=True)
    generator = torch.Generator().manual_seed(2)
    along = [torch.randn(p.shape, generator=generator, dtype=p.dtype) for p in parameters]
    expected = sum(float((g * d).sum()) for g, d in zip(gradients, along, strict=True) if g is not None)
    losses = []
    for step in (1e-6, -1e-6):
        with torch.no_grad():
            for parameter, direction in zip(parameters, along, strict=True):
                parameter += step * direction
            losses.append(float(learner.imitation_loss(trials)))
            for parameter, direction in zip(parameters, along, strict=True):
                parameter -= step * direction
    assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(expected, rel=1e-4, abs=1e-7)
    rates = [g for g, p in zip(gradients, parameters, strict=True) if any(p is rate for rate in learner.log_rates)]
    assert any(g is not None and g.abs().max() > 0 for g in rates)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_rate_for_every_fast_parameter_takes_the_place_of_the_loops(optimizer: str) -> None:
    start = {"a": torch.randn(2, 3, dtype=torch.float64), "b": torch.randn(2, 1, dtype=torch.float64)}

    def gradient(fast: dict[str, Tensor], number: int) -> dict[str, Tensor]:
        return gradient_of(lambda at: at["a"].square().sum(1) + (at["a"][:, :1] * at["b"]).sum(1), fast, False)

    inner = InnerLoop(3, 0.1, optimizer=optimizer)
    same = descend(inner, start, gradient, {"a": torch.tensor(0.1), "b": torch.full((1,), 0.1)})
    for name, value in descend(inner, start, gradient).items():
        torch.testing.assert_close(same[name], value)
    still = descend(inner, start, gradient, {"a": torch.tensor(0.0), "b": torch.tensor(0.1)})
    assert torch.equal(still["a"], start["a"])
    assert not torch.equal(still["b"], start["b"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: made("hypernetwork", inner_loss="reward"), "inner_loss is 'reward'; allowed: 'rewards', 'returns', "),
        (lambda: made("hypernetwork", inner=InnerLoop(1, 0.0)), "learning_rate 0.0, minibatch None; allowed: a learning rate"),
        (lambda: made("hypernetwork", inner=InnerLoop(1, 0.1, minibatch=2)), "minibatch 2; allowed: .* no minibatch"),
        (lambda: made("values", round_episodes=0), "round_episodes 0, reading 0.0; allowed: from 1, finite from 0"),
        (lambda: made("values", reading=-1.0), "round_episodes 1, reading -1.0; allowed"),
        (lambda: AdaptingDefinition(PROBLEM, "gru"), "definition is 'gru'; allowed: 'linear_hypernetwork', 'deep_hyper"),
        (lambda: AdaptingHypernetwork(PROBLEM, hidden=0), "hidden 0 of a network"),
    ],
)
def test_impossible_learners_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
