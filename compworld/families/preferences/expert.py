"""Preferences: value iteration over (remaining objects x cell), for a whole batch of episodes at once.

A table is an array [2**O * cells, B] over sets of remaining objects (bit i: object i is still there) and free cells, with the
batch last so that every operation runs over contiguous memory. Axes: B batch, O objects, A actions, D moves, S table entries.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from compworld.backends import Array, Tables, namespace
from compworld.families.expert import Expert
from compworld.families.grid import GridFamily
from compworld.families.state import State
from compworld.grid.moves import MOVES

EPISODES_AT_ONCE = 256


@dataclass(frozen=True)
class _Episodes:
    """Where in the tables objects are collected, and what that gives."""

    entered_B: Array
    """int64 [O * 2**(O-1), B]: flat entry (object's cell, object still there)."""
    left_B: Array
    """int64, same shape: the entry with the object gone."""
    reward_B: Array
    """float, same shape."""


class ValueIterationExpert(Expert):
    """Expert of Preferences.

    Imitation target (ICLR 2024, appendix on the preference grid world): action values after ``horizon`` sweeps from zero, one
    stationary table for all steps; in its backup ``nothing`` stays in place with reward 0. Normaliser of returns: the exact
    finite-horizon optimum of the undiscounted sum of rewards, in which ``nothing`` ends the episode.

    Args:
        family: with one maze, whose actions are ``nothing`` and then the four moves.
    """

    def __init__(self, family: GridFamily) -> None:
        self.family = family
        cells, sets = int((~family.walls[0]).sum()), 2**family.objects
        free = np.flatnonzero(~family.walls[0].reshape(-1))
        rank = np.cumsum(~family.walls[0].reshape(-1)) - 1
        moves_to = rank[family.next_cell[0][free]]
        set_index = np.arange(sets)
        having = [set_index[set_index >> i & 1 == 1] for i in range(family.objects)]
        self.cells, self.sets = cells, sets
        self._tables = Tables(
            rank=rank,
            moves_to=moves_to.T.copy(),
            neighbours=(set_index[None, :, None] * cells + moves_to.T[:, None, :]).reshape(len(MOVES), -1),
            having=np.concatenate(having) * cells,
            leaving=np.concatenate([sets_i - (1 << i) for i, sets_i in enumerate(having)]) * cells,
            object_of=np.repeat(np.arange(family.objects), sets // 2),
            bit=2 ** np.arange(family.objects),
        )

    def plan(self, state: State) -> Array:
        """Values after ``horizon - 1`` sweeps, float32 [S, B]; the last sweep is the look-ahead of :meth:`action_values`."""
        xp = namespace(state.agent_B)
        # Parts that stay in the processor's cache: four times faster than whole batches of thousands.
        parts = [state[first : first + EPISODES_AT_ONCE] for first in range(0, len(state), EPISODES_AT_ONCE)]
        return xp.concat([self._stationary(part, xp.float32) for part in parts], axis=1)

    def action_values(self, plan: Array, state: State) -> Array:
        discount = self.family.discount
        entry, arrivals = self._look_ahead(plan, discount, state)
        xp = namespace(entry)
        stay = discount * xp.take_along_axis(plan, entry[None, :], axis=0)
        return xp.permute_dims(xp.concat([stay, arrivals], axis=0), (1, 0))

    def exact_plan(self, state: State) -> Array:
        """Largest sums of rewards with 0 to ``horizon - 1`` steps to go, a table below the other: float32 [horizon * S, B]."""
        xp = namespace(state.agent_B)
        entries, horizon = self.sets * self.cells, self.family.horizon
        plan = xp.empty((horizon * entries, len(state)), dtype=xp.float32, device=state.agent_B.device)
        for first in range(0, len(state), EPISODES_AT_ONCE):
            part = slice(first, first + EPISODES_AT_ONCE)
            for step, values in enumerate(self._sums(state[part], horizon - 1, "optimal", xp.float32)):
                plan[step * entries : (step + 1) * entries, part] = values
        return plan

    def exact_values(self, plan: Array, state: State, steps_B: Array) -> Array:
        """The largest sum of rewards that each action can lead to; ``nothing`` ends the episode, so 0; float32 [B, A]."""
        xp = namespace(plan)
        _, arrivals = self._look_ahead(plan, 1.0, state, (steps_B - 1) * (self.sets * self.cells))
        return xp.permute_dims(xp.concat([xp.zeros_like(arrivals[:1]), arrivals], axis=0), (1, 0))

    def longest_demonstration(self, state: State) -> int:
        return self.family.horizon

    def optimal_action(self, state: State, steps_B: Array) -> Array:
        """Among several optimal actions, the first of those that :meth:`action_values` likes best."""
        xp = namespace(state.agent_B)
        before = self._finite_horizon(state, xp.maximum(steps_B - 1, xp.zeros_like(steps_B)), "optimal")
        _, arrivals = self._look_ahead(before, 1.0, state)
        values = xp.permute_dims(xp.concat([xp.zeros_like(arrivals[:1]), arrivals], axis=0), (1, 0))
        best = values >= xp.max(values, axis=1, keepdims=True) - 1e-9
        preferred = self.action_values(self._stationary(state, xp.float64), state)
        return xp.argmax(xp.where(best, preferred, -xp.inf), axis=1)

    def optimal_return(self, state: State, steps_B: Array) -> Array:
        return self._value_now(self._finite_horizon(state, steps_B, "optimal"), state)

    def random_return(self, state: State, steps_B: Array) -> Array:
        return self._value_now(self._finite_horizon(state, steps_B, "random"), state)

    def _stationary(self, state: State, dtype: object) -> Array:
        episodes = self._episodes(state, dtype)
        xp = namespace(state.agent_B)
        discount = self.family.discount
        values = xp.zeros((self.sets * self.cells, len(state)), dtype=dtype, device=state.agent_B.device)
        for _ in range(self.family.horizon - 1):
            arrival = _arrivals(episodes, values, discount)
            values = discount * values  # "nothing"
            for neighbour in self._tables.like(state.agent_B)["neighbours"]:
                values = xp.maximum(values, xp.take(arrival, neighbour, axis=0))
        return values

    def _finite_horizon(self, state: State, steps_B: Array, policy: str) -> Array:
        """Undiscounted values with ``steps_B`` steps to go, of the optimal or the random policy; float64 [S, B]."""
        xp = namespace(state.agent_B)
        result = xp.zeros((self.sets * self.cells, len(state)), dtype=xp.float64, device=state.agent_B.device)
        for step, values in enumerate(self._sums(state, int(xp.max(steps_B)), policy, xp.float64)):
            result = xp.where((steps_B == step)[None, :], values, result)
        return result

    def _sums(self, state: State, most: int, policy: str, dtype: object) -> Iterator[Array]:
        """Those values with 0, 1, ... ``most`` steps to go."""
        xp = namespace(state.agent_B)
        episodes = self._episodes(state, dtype)
        values = xp.zeros((self.sets * self.cells, len(state)), dtype=dtype, device=state.agent_B.device)
        yield values
        for _ in range(most):
            arrival = _arrivals(episodes, values, 1.0)
            values = xp.zeros_like(values)  # "nothing" ends the episode
            for neighbour in self._tables.like(state.agent_B)["neighbours"]:
                moved = xp.take(arrival, neighbour, axis=0)
                values = xp.maximum(values, moved) if policy == "optimal" else values + moved
            if policy == "random":
                values = values / self.family.actions
            yield values

    def _episodes(self, state: State, dtype: object) -> _Episodes:
        tables = self._tables.like(state.agent_B)
        xp = namespace(state.agent_B)
        object_cell = xp.permute_dims(tables["rank"][state.object_cell_BO], (1, 0))[tables["object_of"]]
        reward = xp.permute_dims(state.object_reward_BO, (1, 0))[tables["object_of"]]
        # Fancy indexing of a two-dimensional table is slow; flat positions are computed once per batch instead.
        position = (object_cell * len(state)) + xp.arange(len(state), device=object_cell.device)[None, :]
        return _Episodes(
            position + (tables["having"] * len(state))[:, None],
            position + (tables["leaving"] * len(state))[:, None],
            xp.astype(reward, dtype),
        )

    def _entry(self, state: State) -> Array:
        tables = self._tables.like(state.agent_B)
        xp = namespace(state.agent_B)
        remaining = xp.sum(xp.where(state.remaining_BO, tables["bit"], 0), axis=1)
        return remaining * self.cells + tables["rank"][state.agent_B]

    def _value_now(self, values: Array, state: State) -> Array:
        xp = namespace(values)
        return xp.take_along_axis(values, self._entry(state)[None, :], axis=0)[0]

    def _look_ahead(self, values: Array, discount: float, state: State, first_B: Array | int = 0) -> tuple[Array, Array]:
        """Entry of each state, and for each move its reward plus the discounted value behind it, [D, B].

        The table of an episode begins at row ``first_B`` of the values.
        """
        tables = self._tables.like(state.agent_B)
        xp = namespace(values)
        here_B = tables["rank"][state.agent_B]
        entry_B = self._entry(state)
        there_DB = xp.take(tables["moves_to"], here_B, axis=1)
        cell_O1B, remaining_O1B, reward_O1B = (
            xp.permute_dims(field, (1, 0))[:, None, :]
            for field in (tables["rank"][state.object_cell_BO], state.remaining_BO, state.object_reward_BO)
        )
        taken_ODB = remaining_O1B & (cell_O1B == there_DB[None])
        reward_DB = xp.sum(xp.where(taken_ODB, reward_O1B, 0.0), axis=0)
        gone_DB = xp.sum(xp.where(taken_ODB, tables["bit"][:, None, None], 0), axis=0)
        after_DB = (first_B + entry_B - here_B)[None, :] + there_DB - gone_DB * self.cells
        value_DB = xp.take_along_axis(values, after_DB, axis=0)
        return entry_B, xp.astype(reward_DB, values.dtype) + discount * value_DB


def _arrivals(episodes: _Episodes, values: Array, discount: float) -> Array:
    """Reward plus discounted value of arriving at each cell with each set of objects, the same shape as ``values``."""
    xp = namespace(values)
    arrival = discount * values
    flat = xp.reshape(arrival, (-1,))  # a view: written through
    flat[episodes.entered_B] = episodes.reward_B + discount * xp.reshape(values, (-1,))[episodes.left_B]
    return arrival
