"""Episodes of a batch of environments: random streams, resets and steps. The single environment is this at batch one."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from compworld import randomness
from compworld.envs.plain_state import state_from_plain
from compworld.families import grid_family, make_family
from compworld.families.base import Outcome, State
from compworld.tasks.splits import make_split

RESET_OPTIONS = ("task", "state")

DRAWN_AHEAD = 64
"""Episodes that a small engine draws at a time: one array operation costs as much for one episode as for dozens."""


class Engine:
    """State of ``num_envs`` environments of one family, world and split.

    Environment i plays episode number ``episodes[i]`` of the random stream ``keys[i]``; nothing else is random.
    """

    def __init__(
        self,
        num_envs: int,
        family: str,
        world: int,
        support: str,
        support_options: dict[str, Any] | None,
        split: str,
        **sizes: Any,
    ) -> None:
        self.family = grid_family(make_family(family, world, **sizes))
        self.split = make_split(self.family.space, support, world, **(support_options or {}))
        self.pool = self.split.pool(split)
        self.keys = np.zeros(num_envs, dtype=np.int64)
        self.episodes = np.full(num_envs, -1, dtype=np.int64)
        self.split_labels = np.asarray(self.split.labels, dtype=object)
        everyone = np.arange(num_envs)
        self.state = self._draw(self.keys, self.episodes)[everyone]  # arrays of its own, for `put` writes into them
        self.ahead = max(1, DRAWN_AHEAD // num_envs)
        self._next = self.state[np.zeros(num_envs * self.ahead, dtype=np.int64)]
        self._first_next = np.full(num_envs, -self.ahead - 1)
        self.split_names = self._split_names(self.state)

    def seed(self, where: np.ndarray, generators: Sequence[np.random.Generator]) -> None:
        """Begin new random streams for the environments ``where``, one generator each."""
        self.keys[where] = [generator.integers(2**63) for generator in generators]
        self.episodes[where] = -1
        self._first_next[where] = -self.ahead - 1

    def reset(
        self, where: np.ndarray, tasks: Sequence[dict[str, Any]] | None = None, states: Sequence[dict[str, Any]] | None = None
    ) -> None:
        """Begin the next episode of the environments ``where``, at given tasks or exact states if any (one for each)."""
        if tasks is not None and states is not None:
            raise ValueError("reset options are 'task' and 'state'; allowed: only one of them, for a state holds its task")
        chosen = None if tasks is None else np.stack([self.family.weights_of(task) for task in tasks])
        fixed = None if states is None else [state_from_plain(self.family, state) for state in states]
        self.episodes[where] += 1
        if fixed is None:
            fresh = self._starts(where) if chosen is None else self._draw(self.keys[where], self.episodes[where], chosen)
            self.state.put(where, fresh)
            self.split_names[where] = self._split_names(fresh)
        else:
            for index, state in zip(where.tolist(), fixed, strict=True):
                self.put(index, state)

    def put(self, index: int, state: State) -> None:
        """Give environment ``index`` an exact state."""
        where = np.asarray([index])
        self.state.put(where, state)
        self.split_names[where] = self._split_names(state)

    def step(self, actions: np.ndarray) -> Outcome:
        """One step of every environment."""
        self.state, outcome = self.family.step(self.state, actions)
        return outcome

    def _starts(self, where: np.ndarray) -> State:
        """Starts of the current episodes of the environments ``where``."""
        if self.ahead == 1:
            return self._draw(self.keys[where], self.episodes[where])
        used_up = where[self.episodes[where] >= self._first_next[where] + self.ahead]
        if len(used_up):
            numbers = (self.episodes[used_up][:, None] + np.arange(self.ahead)).reshape(-1)
            places = (used_up[:, None] * self.ahead + np.arange(self.ahead)).reshape(-1)
            self._next.put(places, self._draw(self.keys[used_up].repeat(self.ahead), numbers))
            self._first_next[used_up] = self.episodes[used_up]
        return self._next[where * self.ahead + self.episodes[where] - self._first_next[where]]

    def _draw(self, keys: np.ndarray, episodes: np.ndarray, weights: np.ndarray | None = None) -> State:
        streams = randomness.stream(keys, episodes)
        if weights is None:
            weights = self.family.draw_weights(streams, self.pool)
        return self.family.place(streams, weights)

    def _split_names(self, state: State) -> np.ndarray:
        return np.asarray(self.split_labels[self.family.space.index_of(state.weights_BM != 0)])
