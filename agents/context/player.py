"""An acting learner as anyone's agent, with the signature of Stable-Baselines3. Axis of names: B trials."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from compworld.agents.context.memories import State
from compworld.agents.context.seen import Seen, to_float
from compworld.agents.evidence import Evidence
from compworld.agents.examples import Problem


class Policy(Protocol):
    """Whoever acts by what was seen so far: every :class:`compworld.agents.context.learner.ActingLearner`."""

    evidence: ClassVar[type[Evidence]]
    problem: Problem

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def start(self, trials: int) -> State: ...

    def step(self, seen: Seen, state: State) -> tuple[Tensor, State]: ...

    def logits(self, outputs: Tensor) -> Tensor: ...


class NotFinite(ArithmeticError):
    """A policy puts out what is no probability: its learner has diverged."""


def drawn(logits: Tensor, generator: torch.Generator) -> Tensor:
    """An action for each row of logits [B, A], drawn by their softmax; int64 [B].

    Raises:
        NotFinite: some probabilities are no numbers.
    """
    probabilities = logits.softmax(1)
    if probabilities.isnan().any():
        raise NotFinite("the policy's outputs are no numbers")
    return torch.multinomial(probabilities, 1, generator=generator)[:, 0]


class Player:
    """Acts by a policy; all that it remembers is in the state that it hands back.

    Args:
        policy: trained.
        horizon: steps of an episode.
        sampled: whether actions are drawn from the policy; else the likeliest is taken.
        seed: of the draws.
    """

    observation = "relative_indices"
    """The kind of observation that it reads, within a trial's or a told one's."""

    def __init__(self, policy: Policy, horizon: int, sampled: bool = True, seed: int = 0) -> None:
        self.policy, self.horizon, self.sampled = policy, horizon, sampled
        self.generator = torch.Generator().manual_seed(seed)

    @torch.no_grad()
    def predict(
        self, observation: Mapping[str, np.ndarray], state: dict[str, Any] | None, episode_start: np.ndarray
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Actions [B] of a batch of trials, and what to remember.

        Args:
            observation: of trials, or with the task's code; with ``"relative_indices"`` under ``"observation"``.
            state: from the step before, None at the start.
            episode_start: where the task is told, which episodes begin.
        """
        policy = self.policy
        like = next(policy.parameters())
        rows = torch.as_tensor(observation["observation"], device=like.device)
        if state is None:
            nothing = torch.full_like(rows, policy.problem.inputs)
            state = {"before": nothing, "left": np.zeros(len(rows)), "memory": policy.start(len(rows))}
        begins = np.asarray(observation.get("episode_start", episode_start)).astype(bool)
        left = np.where(begins, 1.0, state["left"] - 1 / self.horizon)
        seen = Seen(rows=rows, left=to_float(left, like))
        if "previous_action" in observation:
            action = torch.as_tensor(observation["previous_action"], device=like.device) % policy.problem.outputs
            reward = to_float(observation["previous_reward"][:, 0], like)
            seen = Seen(rows, state["before"], action, reward, to_float(begins, like), seen.left)
        if "code" in observation:
            seen = Seen(rows, code=to_float(observation["code"], like), left=seen.left)
        outputs, memory = policy.step(seen.by(policy.evidence), state["memory"])
        logits = policy.logits(outputs).float().cpu()
        actions = drawn(logits, self.generator) if self.sampled else logits.argmax(1)
        return actions.numpy(), {"before": rows, "left": left, "memory": memory}
