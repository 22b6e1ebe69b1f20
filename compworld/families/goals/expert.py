"""Goals: the shortest path to the goal, then the interaction."""

from dataclasses import dataclass

import numpy as np

from compworld.backends import Array, Tables, namespace
from compworld.families.expert import Expert
from compworld.families.grid import GridFamily
from compworld.families.state import State
from compworld.grid.moves import MOVES


@dataclass(frozen=True)
class Plan:
    """What does not change within an episode."""

    goal_B: Array
    """Cell of the goal."""
    first_B: Array
    """Where the episode's maze and goal begin in the table of values."""
    achieving_BA: Array
    """bool; the action that achieves the goal on its cell."""


def goal_cell(state: State) -> Array:
    """Cell of the only object that is worth something, int64 [B]."""
    xp = namespace(state.agent_B)
    return xp.where(state.object_reward_BO > 0, state.object_cell_BO, 0).sum(axis=1)


class ShortestPathExpert(Expert):
    """Expert of Goals; all paths of a world are known before any episode starts.

    Args:
        family: whose actions are the four moves and then the interactions.
        distance: moves from cell to cell, int [mazes, cells (from), cells (to)], -1 where no path leads.
    """

    def __init__(self, family: GridFamily, distance: np.ndarray) -> None:
        self.family = family
        interactions = family.actions - len(MOVES)
        # Steps to the goal's cell after each action but the achieving one, [maze, goal, cell, action]. (Cells that cannot reach
        # it are never visited.)
        moved = distance[np.arange(family.mazes)[:, None, None], family.next_cell].transpose(0, 3, 1, 2)
        stayed = distance.transpose(0, 2, 1)[..., None].repeat(interactions, axis=-1)
        steps = np.concatenate([moved, stayed], axis=-1)
        # A table, because the powers of NumPy and torch differ in the last bit.
        worth = family.discount ** np.arange(family.cells + 2, dtype=np.float64)
        self._tables = Tables(
            worth=worth[1 + steps].reshape(-1, family.actions),
            achieving=np.arange(family.actions) == len(MOVES) + np.arange(interactions)[:, None],
            one=np.asarray(1.0),
            distance=distance,
            next_cell=family.next_cell,
        )

    def plan(self, state: State) -> Plan:
        tables = self._tables.like(state.agent_B)
        goal = goal_cell(state)
        first = (state.maze_B * self.family.cells + goal) * self.family.cells
        return Plan(goal, first, tables["achieving"][state.interaction_B])

    def action_values(self, plan: Plan, state: State) -> Array:
        """``discount ** (steps until the reward)``, when the best actions follow; float64 [B, A]."""
        tables = self._tables.like(state.agent_B)
        achieves = plan.achieving_BA & (state.agent_B == plan.goal_B)[:, None]
        return namespace(state.agent_B).where(achieves, tables["one"], tables["worth"][plan.first_B + state.agent_B])

    def optimal_return(self, state: State, steps_B: Array) -> Array:
        xp = namespace(state.agent_B)
        return xp.astype(self._distance(state) < steps_B, xp.float64)

    def random_return(self, state: State, steps_B: Array) -> Array:
        """By propagating the success probability backwards from the goal."""
        xp = namespace(state.agent_B)
        family = self.family
        batch = xp.arange(len(state), device=state.agent_B.device)
        goal = goal_cell(state)
        next_cell = self._tables.like(state.agent_B)["next_cell"][state.maze_B]
        # The right interaction wins on the goal's cell; moves may lead elsewhere; other interactions change nothing.
        success = xp.zeros((len(state), family.cells), dtype=xp.float64, device=state.agent_B.device)
        result = success[batch, state.agent_B]
        for step in range(1, int(xp.max(steps_B)) + 1):
            moved = sum(xp.take_along_axis(success, next_cell[:, :, move], axis=1) for move in range(len(MOVES)))
            idle = family.actions - len(MOVES)
            after = (moved + idle * success) / family.actions
            after[batch, goal] += (1 - success[batch, goal]) / family.actions
            success = after
            result = xp.where(steps_B == step, success[batch, state.agent_B], result)
        return result

    def longest_demonstration(self, state: State) -> int:
        return int(namespace(state.agent_B).max(self._distance(state))) + 1

    def _distance(self, state: State) -> Array:
        table = self._tables.like(state.agent_B)["distance"]
        return table[state.maze_B, state.agent_B, goal_cell(state)]
