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
            episode_start: bool [B]; trials (of told tasks: episodes) that are new, whatever the state says.

        Raises:
            ValueError: the state is of another number of trials, or has no place for trials that begin later than others.
        """
        policy = self.policy
        like = next(policy.parameters())
        rows = torch.as_tensor(observation["observation"], device=like.device)
        new_B = np.ones(len(rows), dtype=bool) if state is None else np.asarray(episode_start, dtype=bool)
        if state is not None and len(state["before"]) != len(rows):
            raise ValueError(f"observation is of {len(rows)} trials; allowed: {len(state['before'])}, as many as the state has")
        if new_B.any():
            nothing = torch.full_like(rows, policy.problem.inputs)
            start = {"before": nothing, "left": np.zeros(len(rows)), "memory": policy.start(len(rows))}
            state = start if state is None or new_B.all() else _renewed(state, start, new_B)
        assert state is not None
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


def _renewed(state: dict[str, Any], start: dict[str, Any], new_B: np.ndarray) -> dict[str, Any]:
    """A state with the start's rows where trials are new.

    Raises:
        ValueError: what is remembered grows with every step, and has no place for trials that begin later.
    """
    old, fresh = state["memory"], start["memory"]
    if {name: value.shape for name, value in old.items()} != {name: value.shape for name, value in fresh.items()}:
        raise ValueError(
            f"episode_start is True for {new_B.sum()} of {len(new_B)} trials; allowed: all or none, as this policy remembers "
            "steps of trials that begin together"
        )
    new = torch.as_tensor(new_B, device=state["before"].device)
    memory = {name: torch.where(new.reshape(-1, *[1] * (value.ndim - 1)), fresh[name], value) for name, value in old.items()}
    before = torch.where(new[:, None], start["before"], state["before"])
    return {"before": before, "left": np.where(new_B, start["left"], state["left"]), "memory": memory}
