"""Episodes of a batch of environments: random streams, resets and steps. The single environment is this at batch one."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from compworld import randomness
from compworld.envs.plain_state import state_from_plain, state_to_plain
from compworld.families import Family, GridFamily, check_split, grid_family, make_family
from compworld.families.state import Outcome, State
from compworld.modules.splits import Split, split_by

RESET_OPTIONS = ("task", "state")

DRAWN_AHEAD = (128, 16384)
"""Most starts of episodes that an engine keeps in stock: of each environment, and of all together."""

DRAWN_AT_ONCE = 1024
"""Starts that are drawn together: enough for an array operation to cost more than its call, few enough for the cache."""


def check_begun(begun: bool, method: str) -> None:
    """Refuse what asks about an episode before there is one.

    Raises:
        RuntimeError: naming the method.
    """
    if not begun:
        raise RuntimeError(f"{method}() was called before the first reset(); allowed: after it")


class Given(NamedTuple):
    """With what environments begin, one for each of them; without either, tasks are drawn."""

    weights: np.ndarray | None = None
    """float64 [environments, M]; of tasks."""
    states: list[Any] | None = None
    """From :meth:`Engine.from_plain`."""


DRAWN = Given()


class Engine:
    """State of ``num_envs`` environments of one family, world and split.

    Environment i plays episode number ``episodes[i]`` of the random stream ``keys[i]``; nothing else is random.
    """

    def __init__(
        self,
        num_envs: int,
        family: str | Family,
        world: int | None,
        support: str | Split,
        support_options: dict[str, Any] | None,
        split: str,
        /,
        **sizes: Any,
    ) -> None:
        self.family = _family(family, world, sizes)
        self.split = _split(self.family, support, support_options)
        self.pool = self.split.pool(split)
        self.keys = np.zeros(num_envs, dtype=np.int64)
        self.episodes = np.full(num_envs, -1, dtype=np.int64)
        self.split_labels = np.asarray(self.split.labels, dtype=object)
        self.ahead = max(1, min(DRAWN_AHEAD[0], DRAWN_AHEAD[1] // num_envs))
        start = self._draw(self.keys[:1], self.episodes[:1])
        self.state = start.take(np.zeros(num_envs, dtype=np.int64))  # of its own, for `put` writes into it
        self.split_names = self._split_names(self.state)
        # Episode e of environment i lies at row i * ahead + e % ahead; those before number _drawn[i] have been drawn.
        self._first_row = np.arange(num_envs) * self.ahead
        self._stock = start.take(np.zeros(num_envs * self.ahead, dtype=np.int64))
        self._stock_split_names = self.split_names.repeat(self.ahead)
        self._drawn = np.zeros(num_envs, dtype=np.int64)

    def seed(self, where: np.ndarray, generators: Sequence[np.random.Generator]) -> None:
        """Begin new random streams for the environments ``where``, one generator each."""
        self.keys[where] = [generator.integers(2**63) for generator in generators]
        self.episodes[where] = -1
        self._drawn[where] = 0

    def read(self, tasks: Sequence[Any] | None, states: Sequence[Any] | None) -> Given:
        """Tasks or exact states as a user gives them, for :meth:`reset`; nothing is changed.

        Raises:
            ValueError: naming what is impossible about them.
        """
        if tasks is not None and states is not None:
            raise ValueError("reset options are 'task' and 'state'; allowed: only one of them, for a state holds its task")
        return Given(
            None if tasks is None else np.stack([self.family.weights_of(task) for task in tasks]),
            None if states is None else [self.from_plain(state) for state in states],
        )

    def reset(self, where: np.ndarray, given: Given = DRAWN) -> None:
        """Begin the next episode of the environments ``where``."""
        self.episodes[where] += 1
        if given.states is not None:
            for index, state in zip(where.tolist(), given.states, strict=True):
                self.put(index, state)
        elif given.weights is not None:
            fresh = self._draw(self.keys[where], self.episodes[where], given.weights)
            self.state.put(where, fresh)
            self.split_names[where] = self._split_names(fresh)
        else:
            self._begin_drawn(where)

    def to_plain(self, index: int) -> dict[str, Any]:
        """The exact state of environment ``index`` as plain data."""
        return state_to_plain(self.family, self.state[index : index + 1])

    def from_plain(self, plain: dict[str, Any]) -> Any:
        """Inverse of :meth:`to_plain`, for :meth:`put`.

        Raises:
            ValueError: naming what is impossible about the state.
        """
        return state_from_plain(self.family, plain)

    def put(self, index: int, state: Any) -> None:
        """Give environment ``index`` an exact state, from :meth:`from_plain`."""
        where = np.asarray([index])
        self.state.put(where, state)
        self.split_names[where] = self._split_names(state)

    def step(self, actions: np.ndarray) -> Outcome:
        """One step of every environment."""
        self.state, outcome = self.family.step(self.state, actions)
        return outcome

    def caption(self, index: int, horizon: int, total: float) -> list[str]:
        """Lines for a picture of environment ``index``: mission, split, step of the horizon and the return so far."""
        return [
            self.family.mission(self.state.weights_BM[index]),
            f"{self.split_names[index]}  step {int(self.state.elapsed_B[index])}/{horizon}  return {total:.2f}",
        ]

    def demonstration_streams(self, shots: int) -> np.ndarray:
        """Random streams of starts for demonstrations of each environment's task, int64 [num_envs, shots]."""
        return randomness.stream(randomness.stream(self.keys, self.episodes)[:, None], np.arange(shots))

    def remaining(self, horizon: int) -> np.ndarray:
        """Steps that each episode has left before a horizon, int64 [num_envs]."""
        return np.maximum(horizon - self.state.elapsed_B, 0)

    def _begin_drawn(self, where: np.ndarray) -> None:
        """Give the environments ``where`` the starts of their current episodes, from the stock."""
        episodes = self.episodes[where]
        if (episodes >= self._drawn[where]).any():
            self._fill_stock()
        rows = self._first_row[where] + episodes % self.ahead
        fresh, split_names = self._stock.take(rows), self._stock_split_names[rows]
        if len(where) == len(self.keys):
            self.state, self.split_names = fresh, split_names
        else:
            self.state.put(where, fresh)
            self.split_names[where] = split_names

    def _fill_stock(self) -> None:
        """Draw the current and the next episodes of every environment, as far as they are not drawn yet."""
        first = np.maximum(self._drawn, self.episodes)
        count = self.episodes + self.ahead - first
        environments = np.arange(len(count)).repeat(count)
        numbers = np.arange(len(environments)) + (first - (count.cumsum() - count)).repeat(count)
        for part in range(0, len(numbers), DRAWN_AT_ONCE):
            environment, number = environments[part : part + DRAWN_AT_ONCE], numbers[part : part + DRAWN_AT_ONCE]
            drawn = self._draw(self.keys[environment], number)
            rows = self._first_row[environment] + number % self.ahead
            self._stock.put(rows, drawn)
            self._stock_split_names[rows] = self._split_names(drawn)
        self._drawn = first + count

    def _draw(self, keys: np.ndarray, episodes: np.ndarray, weights: np.ndarray | None = None) -> State:
        streams = randomness.stream(keys, episodes)
        if weights is None:
            weights = self.family.draw_weights(streams, self.pool)
        return self.family.place(streams, weights)

    def _split_names(self, state: State) -> np.ndarray:
        return np.asarray(self.split_labels[self.family.space.index_of(state.weights_BM != 0)])


def _family(family: str | Family, world: int | None, sizes: dict[str, Any]) -> GridFamily:
    """The family by its name, world and sizes, or the given one."""
    if isinstance(family, str):
        return grid_family(make_family(family, 0 if world is None else world, **sizes))
    given = [name for name, value in {"world": world, **sizes}.items() if value is not None]
    if given:
        raise ValueError(f"{given[0]!r} is given beside a made family, which has its own; allowed: only one of them")
    return grid_family(family)


def _split(family: GridFamily, support: str | Split, support_options: dict[str, Any] | None) -> Split:
    """The split of the family's combinations by a support, or the given one."""
    if not isinstance(support, Split):
        return split_by(family.space, support, family.world, support_options)
    if support_options:
        raise ValueError("'support_options' are given beside a made split, which has its own; allowed: only one of them")
    check_split(family, support)
    return support
