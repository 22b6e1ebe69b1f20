"""Trials: K episodes of one hidden task as one episode of Gymnasium, for a whole batch of environments.

Trial n of environment i has the random stream ``stream(key[i], n)``, which makes its task; the placement of its episode e is
drawn from ``stream(that stream, e)``, so that any episode can be made on its own. Axis of array names: B environments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from compworld import randomness
from compworld.arguments import integer, number, shown
from compworld.envs.engine import DRAWN, Engine, Given
from compworld.families import Family, trial_sizes
from compworld.families.state import State
from compworld.modules.splits import Split

MOST_EPISODES = 10_000
"""Of a trial."""

TRIAL_KEYS = ("stream", "episode", "steps", "return", "previous_action", "previous_reward")


class Ended(NamedTuple):
    """The episodes (of trials) that ended in a step: what ``info["inner_episode"]`` tells."""

    where: np.ndarray
    """int64 [E]; their environments."""
    returns: np.ndarray
    """float64 [E]; sum of rewards."""
    successes: np.ndarray
    """bool [E]"""
    lengths: np.ndarray
    """int64 [E]; steps."""
    numbers: np.ndarray
    """int64 [E]; number within the trial, from 0."""

    def single(self) -> dict[str, Any]:
        """Of a batch of one, as in ``info["inner_episode"]``."""
        return {
            "return": float(self.returns[0]),
            "success": bool(self.successes[0]),
            "length": int(self.lengths[0]),
            "number": int(self.numbers[0]),
        }

    def batched(self, num_envs: int, shown: np.ndarray) -> dict[str, Any]:
        """Of the environments ``shown``, bool [num_envs], as Gymnasium's vector environments give it: arrays with masks.

        Without any of them, {}.
        """
        mask = np.zeros(num_envs, dtype=bool)
        mask[self.where] = shown[self.where]
        if not mask.any():
            return {}
        inner: dict[str, Any] = {}
        values = (self.returns, self.successes, self.lengths, self.numbers)
        for name, value in zip(("return", "success", "length", "number"), values, strict=True):
            whole = np.zeros(num_envs, dtype=value.dtype)
            whole[self.where] = value
            inner[name], inner[f"_{name}"] = np.where(mask, whole, np.zeros_like(whole)), mask.copy()
        return {"inner_episode": inner, "_inner_episode": mask}


@dataclass(frozen=True)
class Moment:
    """Exact state of one trial in progress."""

    state: State
    stream: int
    episode: int
    steps: int
    total: float
    previous_action: int
    previous_reward: float


class TrialEngine(Engine):
    """Engine whose environments play trials of ``episodes`` episodes.

    A family that is given by its name has the horizon that it states for trials, unless ``horizon`` is among the sizes.
    ``reset`` begins a trial; :meth:`go_on` begins the next episode of those whose episode has ended.

    Args:
        episodes: K, of a trial; at least 1.

    The other arguments are those of :class:`compworld.envs.engine.Engine`.
    """

    def __init__(
        self,
        num_envs: int,
        episodes: int,
        family: str | Family,
        world: int | None,
        support: str | Split,
        support_options: dict[str, Any] | None,
        split: str,
        /,
        **sizes: Any,
    ) -> None:
        self.per_trial = integer("episodes_per_trial", episodes, 1, MOST_EPISODES)
        stated = trial_sizes(family) if isinstance(family, str) else {}
        if "horizon" in stated:
            sizes = {"horizon": stated["horizon"], **sizes}
        super().__init__(num_envs, family, world, support, support_options, split, **sizes)
        self.none = self.family.actions
        self.episode_B = np.zeros(num_envs, dtype=np.int64)
        self.steps_B = np.zeros(num_envs, dtype=np.int64)
        self.streams_B = np.zeros(num_envs, dtype=np.int64)
        self.returns_B = np.zeros(num_envs)
        self.previous_action_B = np.full(num_envs, self.none)
        self.previous_reward_B = np.zeros(num_envs, dtype=np.float32)
        self._given_B = np.zeros(num_envs, dtype=bool)  # the task was given, so that no episode of the stock is of it

    def reset(self, where: np.ndarray, given: Given = DRAWN) -> None:
        """Begin the next trial of the environments ``where``."""
        self.episodes[where] = (self.episodes[where] // self.per_trial + 1) * self.per_trial - 1  # and one more in Engine.reset
        super().reset(where, given)
        if given.states is None:
            self._begin_trials(where, given=given.weights is not None)

    def go_on(
        self, actions: np.ndarray, reward: np.ndarray, success: np.ndarray, ended: np.ndarray, idle: np.ndarray
    ) -> tuple[np.ndarray, Ended | None]:
        """Remember what happened in a step, and begin the next episodes of trials that have more of them.

        Args:
            actions, reward, success, ended: of the step; int64, float64, bool, bool [B].
            idle: environments that did not act, for their trial was over; int64 [I].

        Returns:
            Which trials have ended, bool [B], and the episodes that ended, None if none did.
        """
        if len(idle):
            kept = self.previous_action_B[idle], self.previous_reward_B[idle], self.steps_B[idle]
        self.previous_action_B = actions.astype(np.int64)
        self.previous_reward_B = reward.astype(np.float32)
        self.steps_B += 1
        self.returns_B += reward
        if len(idle):
            self.previous_action_B[idle], self.previous_reward_B[idle], self.steps_B[idle] = kept
        last = self.episode_B == self.per_trial - 1
        over = ended
        if len(idle):
            over = ended.copy()
            over[idle] = False
        where = np.flatnonzero(over)
        if not len(where):
            return ended & last, None
        lengths = self.state.elapsed_B[where]
        inner = Ended(where, self.returns_B[where], success[where], lengths, self.episode_B[where])
        on = where[~last[where]]
        if len(on):
            self._begin_next(on)
        return ended & last, inner

    def parts(self, horizon: int) -> dict[str, np.ndarray]:
        """What a trial's observation holds beside the scene; see :class:`compworld.envs.observing.Observing`."""
        elapsed = self.state.elapsed_B
        return {
            "previous_action": self.previous_action_B.copy(),
            "previous_reward": self.previous_reward_B[:, None].copy(),
            "episode_start": (elapsed == 0).astype(np.int64),
            "episode": self.episode_B.copy(),
            "steps_left": np.maximum(horizon - elapsed, 0)[:, None],
        }

    def caption(self, index: int, horizon: int, total: float) -> list[str]:
        """With the episode's number within its trial, and its own return in place of ``total``."""
        mission, line = super().caption(index, horizon, float(self.returns_B[index]))
        return [mission, f"episode {int(self.episode_B[index]) + 1}/{self.per_trial}  {line}"]

    def demonstration_streams(self, shots: int) -> np.ndarray:
        """Those after the K episodes of the trial."""
        return randomness.stream(self.streams_B[:, None], self.per_trial + np.arange(shots))

    def to_plain(self, index: int) -> dict[str, Any]:
        action = int(self.previous_action_B[index])
        trial = {
            "stream": int(self.streams_B[index]),
            "episode": int(self.episode_B[index]),
            "steps": int(self.steps_B[index]),
            "return": float(self.returns_B[index]),
            "previous_action": None if action == self.none else action,
            "previous_reward": float(self.previous_reward_B[index]),
        }
        return {**super().to_plain(index), "trial": trial}

    def from_plain(self, plain: dict[str, Any]) -> Moment:
        trial = plain.get("trial") if isinstance(plain, Mapping) else None
        if not isinstance(trial, Mapping) or set(trial) != set(TRIAL_KEYS):
            raise ValueError(
                f"state has 'trial' {shown(trial)}; allowed: a dict with the keys {', '.join(map(repr, TRIAL_KEYS))}"
            )
        state = super().from_plain({key: value for key, value in plain.items() if key != "trial"})
        action, bound = trial["previous_action"], np.nextafter(np.float32(self.family.reward_bound), np.float32(np.inf))
        return Moment(
            state,
            integer("state trial's stream", trial["stream"], -(2**63), 2**63 - 1),
            integer("state trial's episode", trial["episode"], 0, self.per_trial - 1),
            integer("state trial's steps", trial["steps"], 0, 2**62),
            number("state trial's return", trial["return"]),
            self.none if action is None else integer("state trial's previous_action", action, 0, self.none - 1),
            number("state trial's previous_reward", trial["previous_reward"], -bound, bound),
        )

    def put(self, index: int, state: Any) -> None:
        super().put(index, state.state)
        self.streams_B[index], self.episode_B[index], self.steps_B[index] = state.stream, state.episode, state.steps
        self.returns_B[index] = state.total
        self.previous_action_B[index], self.previous_reward_B[index] = state.previous_action, state.previous_reward
        self._given_B[index] = True

    def _begin_trials(self, where: np.ndarray, given: bool) -> None:
        self.streams_B[where] = randomness.stream(self.keys[where], self.episodes[where] // self.per_trial)
        self.episode_B[where] = self.steps_B[where] = 0
        self.returns_B[where] = 0.0
        self.previous_action_B[where], self.previous_reward_B[where] = self.none, 0.0
        self._given_B[where] = given

    def _begin_next(self, where: np.ndarray) -> None:
        """Begin the next episode of the trials of environments ``where``."""
        self.episode_B[where] += 1
        self.returns_B[where] = 0.0
        given = self._given_B[where]
        if not given.any():
            self.episodes[where] += 1
            self._begin_drawn(where)
            return
        drawn, fixed = where[~given], where[given]
        if len(drawn):
            self.episodes[drawn] += 1
            self._begin_drawn(drawn)
        streams = randomness.stream(self.streams_B[fixed], self.episode_B[fixed])
        self.state.put(fixed, self.family.place(streams, self.state.weights_BM[fixed]))

    def _draw(self, keys: np.ndarray, episodes: np.ndarray, weights: np.ndarray | None = None) -> State:
        streams = randomness.stream(keys, episodes // self.per_trial)
        if weights is None:
            weights = self.family.draw_weights(streams, self.pool)
        return self.family.place(randomness.stream(streams, episodes % self.per_trial), weights)
