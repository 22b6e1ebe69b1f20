"""RL²: a recurrent policy that learns from rewards alone (Duan et al. 2016), by PPO (Schulman et al. 2017).

Axes of tensor names: N trials, L most steps of a trial, S steps of several trials packed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from compworld.agents.context.heads import PlainHead
from compworld.agents.context.learner import Updates
from compworld.agents.context.methods import RecurrentPolicy
from compworld.agents.context.seen import Seen
from compworld.agents.context.trials import Packed, Replay, Trials
from compworld.agents.examples import Problem


@dataclass(frozen=True)
class PPO:
    """Proximal policy optimisation over whole trials: what an episode finds out may pay in a later one.

    Attributes:
        epochs: how often each batch is gone through.
        discount: of rewards, a step.
        trace: lambda of the advantages (Schulman et al. 2016).
        clip: how far probabilities may move from those that acted.
        entropy: weight of the policy's entropy.
        value: weight of the loss of values.
    """

    epochs: int = 4
    discount: float = 0.95
    trace: float = 0.95
    clip: float = 0.2
    entropy: float = 0.01
    value: float = 0.5


class RL2(RecurrentPolicy):
    """The network of :class:`compworld.agents.context.methods.RecurrentPolicy`, trained by reward.

    Args:
        problem, width, inputs, policy_width: as there.
        ppo: how it learns.
    """

    learns_from: ClassVar[str] = "rewards"

    def __init__(
        self, problem: Problem, width: int = 96, inputs: int = 64, policy_width: int = 64, ppo: PPO | None = None
    ) -> None:
        super().__init__(problem, width, inputs, policy_width)
        self.ppo = PPO() if ppo is None else ppo
        self.critic = PlainHead(problem, width, policy_width, 1)

    def losses(self, fresh: Trials, replay: Replay, updates: Updates, generator: torch.Generator) -> Iterator[Tensor]:
        """PPO's loss on parts of the fresh trials of ``updates.trials`` each; nothing is replayed."""
        advantages_NL, targets_NL = self._advantages(fresh)
        for _ in range(self.ppo.epochs):
            for part in torch.split(torch.randperm(len(fresh), generator=generator), updates.trials):
                packed = self._packed(fresh[part])
                where = part.to(packed.trials.device)[packed.trials], packed.steps
                yield self._loss(packed, advantages_NL[where], targets_NL[where])

    def _packed(self, trials: Trials) -> Packed:
        return trials.packed(self.problem.inputs, next(self.parameters()))

    def _both(self, packed: Packed) -> tuple[Tensor, Tensor]:
        """Logits [S, A] and values [S]."""
        seen: Seen = packed.seen.by(self.evidence)
        context = self.memory(seen, packed.sizes)
        return self.head(context, seen.rows), self.critic(context, seen.rows)[:, 0]

    @torch.no_grad()
    def _advantages(self, trials: Trials) -> tuple[Tensor, Tensor]:
        """Of every action, and what values should be; both [N, L], 0 behind the end of a trial."""
        packed = self._packed(trials)
        _, values_S = self._both(packed)
        values_NL, rewards_NL = (values_S.new_zeros(trials.actions.shape) for _ in range(2))
        where = packed.trials, packed.steps
        values_NL[where], rewards_NL[where] = values_S, packed.rewards
        advantages_NL = torch.zeros_like(values_NL)
        later = after = values_NL.new_zeros(len(trials))
        for step in reversed(range(values_NL.shape[1])):
            surprise = rewards_NL[:, step] + self.ppo.discount * after - values_NL[:, step]
            later = surprise + self.ppo.discount * self.ppo.trace * later
            advantages_NL[:, step], after = later, values_NL[:, step]
        return advantages_NL, advantages_NL + values_NL

    def _loss(self, packed: Packed, advantages_S: Tensor, targets_S: Tensor) -> Tensor:
        outputs, values_S = self._both(packed)
        logs, before = self.logits(outputs).log_softmax(1), packed.logits.log_softmax(1)
        ratio = (logs - before).gather(1, packed.actions[:, None])[:, 0].exp()
        scaled = (advantages_S - advantages_S.mean()) / (advantages_S.std() + 1e-8)
        gained = torch.minimum(ratio * scaled, ratio.clamp(1 - self.ppo.clip, 1 + self.ppo.clip) * scaled).mean()
        entropy = -(logs.exp() * logs).sum(1).mean()
        missed = 0.5 * (values_S - targets_S).square().mean()
        return self.ppo.value * missed - gained - self.ppo.entropy * entropy
