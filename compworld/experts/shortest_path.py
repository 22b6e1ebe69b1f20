"""Goals: the shortest path to the goal, then the interaction."""

from functools import cached_property

import numpy as np

from compworld.backends import Array, Tables, namespace
from compworld.experts.base import Expert
from compworld.families.base import State
from compworld.families.goals import Goals
from compworld.grid.moves import MOVES


class ShortestPathExpert(Expert):
    """Expert of Goals; all paths of a world are known before any episode starts."""

    def __init__(self, family: Goals) -> None:
        self.family = family
        # Steps to the goal's cell after each move, [maze, goal, cell, move]; cells that cannot reach it are never visited.
        nearer = family.distance[np.arange(family.mazes)[:, None, None], family.next_cell]
        self._tables = Tables(
            after_move=np.ascontiguousarray(nearer.transpose(0, 3, 1, 2)),
            distance=family.distance,
            # A table, because the powers of NumPy and torch differ in the last bit.
            worth=family.discount ** np.arange(family.cells + 2, dtype=np.float64),
        )

    def plan(self, state: State) -> None:
        return None

    def action_values(self, plan: None, state: State) -> Array:
        """``discount ** (steps until the reward)``, when the best actions follow; float64 [B, A]."""
        return self._tables.like(state.agent_B)["worth"][1 + self._steps_after(state)]

    def optimal_action(self, state: State, steps_B: Array) -> Array:
        return self.imitated_action(None, state)

    def optimal_return(self, state: State, steps_B: Array) -> Array:
        xp = namespace(state.agent_B)
        return xp.astype(self._distance(state) < steps_B, xp.float64)

    def random_return(self, state: State, steps_B: Array) -> Array:
        """By propagating the success probability backwards from the goal."""
        xp = namespace(state.agent_B)
        family = self.family
        batch = xp.arange(len(state), device=state.agent_B.device)
        goal = family.goal_cell(state)
        next_cell = self._move_tables.like(state.agent_B)["next_cell"][state.maze_B]
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

    @cached_property
    def _move_tables(self) -> Tables:
        return Tables(next_cell=self.family.next_cell)

    def _distance(self, state: State) -> Array:
        table = self._tables.like(state.agent_B)["distance"]
        return table[state.maze_B, state.agent_B, self.family.goal_cell(state)]

    def _steps_after(self, state: State) -> Array:
        """Steps to the goal's cell after each action, [B, A]; -1 once the goal is achieved."""
        xp = namespace(state.agent_B)
        goal = self.family.goal_cell(state)
        moves = self._tables.like(state.agent_B)["after_move"][state.maze_B, goal, state.agent_B]
        here = self._distance(state)
        interaction = xp.arange(self.family.actions - len(MOVES), device=goal.device)
        achieves = (here == 0)[:, None] & (interaction[None, :] == state.interaction_B[:, None])
        return xp.concat([moves, xp.where(achieves, -1, here[:, None])], axis=1)
