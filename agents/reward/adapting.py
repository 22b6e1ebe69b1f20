"""Gradient-based learners that adapt to the experience which they gathered themselves.

Axes of tensor names: S steps of all trials packed, B trials, N steps of experience, A actions.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from compworld.agents.context.learner import ActingLearner
from compworld.agents.context.memories import State
from compworld.agents.context.seen import Seen
from compworld.agents.context.trials import Packed, Trials
from compworld.agents.evidence import Experience
from compworld.agents.examples import Problem
from compworld.agents.gradient.loop import Fast, InnerLoop, descend, gradient_of
from compworld.agents.reward.fast_networks import FastNetwork
from compworld.agents.reward.inner_losses import INNER_LOSSES, Retrospect
from compworld.agents.reward.rounds import Round, rounds_of

FAST, EPISODE = "fast.", "episode"
"""Names in what is remembered: of fast parameters, and of the episode's number."""


class AdaptingLearner(ActingLearner):
    """Its fast parameters adapt by gradient steps, before every round of episodes, from their start to all of the trial so far.

    It is trained by what it does before and after adaptation alike: the outer loss is that of imitating the expert on every
    step of its own trials. The inner learning rate of each fast parameter is learned too (Meta-SGD, arXiv 1707.09835).

    Args:
        problem: of observations relative to the agent.
        network: that has the fast parameters.
        inner: how it adapts; its learning rate is where the learned ones start.
        inner_loss: key of :data:`compworld.agents.reward.inner_losses.INNER_LOSSES`.
        round_episodes: of a round.
        reading: weight, in the outer loss, of the squared error of the rewards that are read.
        temperature, sampled: as of :class:`compworld.agents.context.learner.ActingLearner`.

    Raises:
        ValueError: unknown inner loss, or a number that is not allowed.
    """

    def __init__(
        self,
        problem: Problem,
        network: FastNetwork,
        inner: InnerLoop,
        inner_loss: str,
        round_episodes: int = 1,
        reading: float = 0.0,
        temperature: float = 1.0,
        sampled: bool = True,
    ) -> None:
        super().__init__(problem, temperature, sampled)
        if inner_loss not in INNER_LOSSES:
            raise ValueError(f"inner_loss is {inner_loss!r:.80}; allowed: {', '.join(map(repr, INNER_LOSSES))}")
        if not inner.learning_rate > 0 or inner.minibatch is not None:
            given = f"learning_rate {inner.learning_rate}, minibatch {inner.minibatch}"
            raise ValueError(f"inner loop of own experience has {given}; allowed: a learning rate above 0, no minibatch")
        if round_episodes < 1 or not 0 <= reading < math.inf:
            raise ValueError(f"round_episodes {round_episodes}, reading {reading}; allowed: from 1, finite from 0")
        self.network, self.inner, self.round_episodes, self.reading = network, inner, round_episodes, reading
        self.inner_loss = INNER_LOSSES[inner_loss](problem)
        start, rate = network.initial_fast(1), math.log(inner.learning_rate)
        self.fast_names = tuple(start)
        self.log_rates = nn.ParameterList(torch.full(value.shape[1:], rate) for value in start.values())

    def adapt(self, experience: Experience) -> Fast:
        """Fast parameters of each trial after the inner loop; differentiable where gradients are enabled."""
        start = self.network.initial_fast(len(experience))
        if not experience.weights.any():
            return start
        encoded = self.network.encode(experience.inputs, experience.actions)
        create_graph = torch.is_grad_enabled() and self.inner.second_order

        def loss(fast: Fast) -> Tensor:
            return self.inner_loss(Retrospect(self.network, fast, experience, encoded, self.temperature))

        rates = {name: rate.exp() for name, rate in zip(self.fast_names, self.log_rates, strict=True)}
        return descend(self.inner, start, lambda fast, _: gradient_of(loss, fast, create_graph), rates)

    def forward(self, seen: Seen, sizes: Sequence[int]) -> Tensor:
        return self._outputs(seen, self._adapted(seen, sizes))

    def start(self, trials: int) -> State:
        fast = self.network.initial_fast(trials)
        before = torch.full((trials,), -1, device=fast[self.fast_names[0]].device)
        return {EPISODE: before, **{f"{FAST}{name}": value for name, value in fast.items()}}

    def step(self, seen: Seen, state: State) -> tuple[Tensor, State]:
        assert seen.begins is not None
        state = _noted(seen, state)
        due = (seen.begins > 0) & (state[EPISODE] % self.round_episodes == 0) & (state[EPISODE] > 0)
        if due.any():
            inputs, actions, rewards, episodes = (state[name][due] for name in ("inputs", "actions", "rewards", "episodes"))
            experience = Experience(inputs, actions, rewards, episodes, torch.ones_like(rewards))
            for name, value in self.adapt(experience).items():
                state[f"{FAST}{name}"] = state[f"{FAST}{name}"].index_put((due,), value)
        fast = {name: state[f"{FAST}{name}"] for name in self.fast_names}
        return self.network.policy(fast, seen.rows[:, None])[:, 0], state

    def imitation_loss(self, trials: Trials) -> Tensor:
        packed = trials.packed(self.problem.inputs, next(self.parameters()))
        seen = packed.seen.by(self.evidence)
        adapted = self._adapted(seen, packed.sizes)
        loss = self.label_loss(self._outputs(seen, adapted), packed.values)
        return loss + self.reading * self._missed(packed, adapted) if self.reading else loss

    def _adapted(self, seen: Seen, sizes: Sequence[int]) -> list[tuple[Fast, Round]]:
        """Every round of packed trials, with the fast parameters that it is played with."""
        return [(self.adapt(round_.experience), round_) for round_ in rounds_of(seen, sizes, self.round_episodes)]

    def _outputs(self, seen: Seen, adapted: list[tuple[Fast, Round]]) -> Tensor:
        """Outputs [S, A]."""
        found = [self.network.policy(fast, seen.rows[round_.steps])[round_.there] for fast, round_ in adapted]
        steps = torch.cat([round_.steps[round_.there] for _, round_ in adapted])
        return torch.cat(found)[steps.argsort()]

    def _missed(self, packed: Packed, adapted: list[tuple[Fast, Round]]) -> Tensor:
        """Mean over steps of half the squared error of the rewards that the round's fast parameters read."""
        total = packed.rewards.new_zeros(())
        for fast, round_ in adapted:
            encoded = self.network.encode(packed.seen.rows[round_.steps], packed.actions[round_.steps])
            off = self.network.read(fast, encoded) - packed.rewards[round_.steps]
            total = total + 0.5 * off.square()[round_.there].sum()
        return total / len(packed.rewards)


def _noted(seen: Seen, state: State) -> State:
    """What is remembered, with the transition that ended here; at a trial's first step there is none."""
    assert seen.rows_before is not None
    assert seen.action is not None
    assert seen.reward is not None
    assert seen.begins is not None
    newest = {"inputs": seen.rows_before, "actions": seen.action, "rewards": seen.reward, "episodes": state[EPISODE]}
    after = {**state, EPISODE: state[EPISODE] + (seen.begins > 0)}
    for name, value in newest.items():
        after[name] = torch.cat([state[name], value[:, None]], 1) if name in state else value[:, None][:, :0]
    return after
