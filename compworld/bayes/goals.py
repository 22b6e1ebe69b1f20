"""Bayes agent of Goals: which object, which interaction, which quadrant.

Axes: B batch, C combinations of the prior, T object types, I interactions, A actions.
"""

from typing import Any, NamedTuple

import numpy as np

from compworld.bayes.agent import BayesAgent, Scene, bayes_for, normalised
from compworld.bayes.routes import first_try
from compworld.grid.moves import MOVES

MISREAD_REWARD, MISREAD_SCENE = -1000.0, -40.0
"""Logarithm of the chance that a reward, or a scene, is not what it seems: never, where some hypothesis explains everything."""


class GoalsState(NamedTuple):
    log_BC: np.ndarray
    """Unnormalised log posterior."""
    maze_B: np.ndarray
    agent_B: np.ndarray
    cell_BT: np.ndarray
    """Cell of each type's object, -1 for none; of the scene before."""
    target_B: np.ndarray
    """Type to walk to, -1 where none is in reach, -2 where that is to be planned anew."""


@bayes_for("goals")
class GoalsBayes(BayesAgent):
    """Posterior from placements and from what interactions gave.

    The maze is seen. A start of the combination (quadrant q, interaction i, maze m, type t) has probability proportional to
    ``1 / (goal cells of m in q) / (start cells for the goal)`` if the object of type t lies on a goal cell of q and the agent
    on one of its start cells, else 0 (see ``Goals.place``; distractors are placed alike under all). Interaction i on the
    object of type t without reward excludes (i, t); with reward it leaves only (i, t).

    ``greedy`` maximises the posterior mean of the expert's action values (discounted, the horizon not looked at: QMDP, Littman,
    Cassandra & Kaelbling 1995). ``seeking`` maximises the posterior probability of success within the steps left of this
    episode, of such routes the one with the least expected time: what interactions rule out is looked ahead to in full, so
    this is Bayes-optimal for the episode. It does not give up an episode's success for later ones.

    Args:
        placements: use the evidence of placements; without, only the maze and what interactions gave. On tasks that the prior
            does not have, placements mislead: what memorising can reach is the better of the two.
    """

    family: Any
    options = ("placements",)

    def __init__(self, *arguments: Any, placements: bool = True) -> None:
        super().__init__(*arguments)
        self.placements = placements
        family, tables = self.family, self.family.tables.like(np.zeros(1))
        values = family.factor_values(self.active_CM.astype(np.float64))
        self.quadrant_C, self.interaction_C, self.maze_C, self.type_C = values
        self.interactions = family.actions - len(MOVES)
        self.distance = family.distance
        quadrants = tables["goal_counts"].shape[1]
        self.is_goal = np.zeros((family.mazes, quadrants, family.cells), dtype=bool)
        for maze in range(family.mazes):
            for quadrant in range(quadrants):
                cells = tables["goal_cells"][maze, quadrant, : tables["goal_counts"][maze, quadrant]]
                self.is_goal[maze, quadrant, cells] = True
        self.goal_counts, self.start_counts = tables["goal_counts"], tables["start_counts"]
        self.may_start = (self.distance >= family.sizes["start_distance"]) & (self.distance < family.horizon)

    def new_state(self, batch: int) -> GoalsState:
        nothing = np.zeros(batch, dtype=np.int64)
        cells = np.full((batch, self.family.features), -1)
        return GoalsState(np.zeros((batch, len(self.combinations))), nothing, nothing, cells, nothing - 2)

    def learn(
        self, state: GoalsState, scene: Scene, action_B: np.ndarray, reward_B: np.ndarray, begins_B: np.ndarray
    ) -> GoalsState:
        log_BC, target_B = state.log_BC.copy(), state.target_B.copy()
        interaction_B = np.where(action_B < self.family.actions, action_B - len(MOVES), -1)
        tried = np.flatnonzero(interaction_B >= 0)
        if len(tried):
            at_type = state.cell_BT[tried][:, self.type_C] == state.agent_B[tried, None]
            pays = at_type & (self.interaction_C[None] == interaction_B[tried, None])
            log_BC[tried] += np.where(pays == (reward_B[tried] > 0)[:, None], 0.0, MISREAD_REWARD)
            target_B[tried] = -2
        cell_BT = self._cells(scene)
        begun = np.flatnonzero(begins_B)
        log_BC[begun] += self.log_placement(scene.maze_B[begun], scene.agent_B[begun], cell_BT[begun])
        target_B[begun] = -2
        return GoalsState(log_BC, scene.maze_B, scene.agent_B, cell_BT, target_B)

    def log_placement(self, maze_B: np.ndarray, agent_B: np.ndarray, cell_BT: np.ndarray) -> np.ndarray:
        """Log probability of a start under each combination, up to what is the same for all; float64 [B, C]."""
        maze_B1, cell_BC = maze_B[:, None], cell_BT[:, self.type_C]
        if not self.placements:
            return np.where(self.maze_C[None] == maze_B1, 0.0, MISREAD_SCENE)
        possible = (cell_BC >= 0) & (self.maze_C[None] == maze_B1)
        possible &= self.is_goal[maze_B1, self.quadrant_C[None], cell_BC] & self.may_start[maze_B1, agent_B[:, None], cell_BC]
        ways = self.goal_counts[maze_B1, self.quadrant_C[None]] * self.start_counts[maze_B1, cell_BC]
        return np.where(possible, -np.log(np.maximum(ways, 1)), MISREAD_SCENE)

    def posterior(self, state: GoalsState) -> np.ndarray:
        return normalised(state.log_BC)

    def act(self, state: GoalsState, scene: Scene, steps_B: np.ndarray, later_B: np.ndarray) -> tuple[np.ndarray, GoalsState]:
        chance_BIT = self.chances(state)
        if not self.seeking:
            return self._values(chance_BIT, state).argmax(axis=1), state
        target_B = state.target_B.copy()
        anew = np.flatnonzero(target_B == -2)
        if len(anew):
            target_B[anew] = self._plan(
                chance_BIT[anew], state.maze_B[anew], state.agent_B[anew], state.cell_BT[anew], steps_B[anew]
            )
        # Out of reach: what is nearest to paying, as the greedy one does.
        action_B = self._values(chance_BIT, state).argmax(axis=1)
        walking = np.flatnonzero(target_B >= 0)
        goal, here, maze = state.cell_BT[walking, target_B[walking]], state.agent_B[walking], state.maze_B[walking]
        step = self.distance[maze[:, None], self.family.next_cell[maze, here], goal[:, None]].argmin(axis=1)
        best = len(MOVES) + chance_BIT[walking, :, target_B[walking]].argmax(axis=1)
        action_B[walking] = np.where(here == goal, best, step)
        return action_B, state._replace(target_B=target_B)

    def values(self, state: GoalsState, scene: Scene) -> np.ndarray:
        seen = state._replace(maze_B=scene.maze_B, agent_B=scene.agent_B, cell_BT=self._cells(scene))
        return self._values(self.chances(state), seen)

    def chances(self, state: GoalsState) -> np.ndarray:
        """Posterior probability that interaction i with the object of type t is the goal, float64 [B, I, T]."""
        posterior_BC = self.posterior(state)
        pair_C = self.interaction_C * self.family.features + self.type_C
        table = np.zeros((len(pair_C), self.interactions * self.family.features))
        table[np.arange(len(pair_C)), pair_C] = 1
        return (posterior_BC @ table).reshape(-1, self.interactions, self.family.features)

    def _plan(
        self, chance_BIT: np.ndarray, maze_B: np.ndarray, agent_B: np.ndarray, cell_BT: np.ndarray, steps_B: np.ndarray
    ) -> np.ndarray:
        chance_BTI = -np.sort(-chance_BIT.transpose(0, 2, 1), axis=2)
        chance_BTI = np.where((cell_BT >= 0)[..., None] & (chance_BTI > 1e-12), chance_BTI, 0.0)
        maze_B11 = maze_B[:, None, None]
        between = self.distance[maze_B11, cell_BT[:, :, None], cell_BT[:, None, :]]
        here = self.distance[maze_B[:, None], agent_B[:, None], cell_BT]
        return first_try(chance_BTI, between, here, steps_B)

    def _cells(self, scene: Scene) -> np.ndarray:
        """Cell of each type's object, int64 [B, T]; -1 for none."""
        cell_BT = np.full((len(scene.agent_B), self.family.features), -1)
        cell_BT[np.arange(len(cell_BT))[:, None], scene.feature_BO] = scene.cell_BO
        return cell_BT

    def _values(self, chance_BIT: np.ndarray, state: GoalsState) -> np.ndarray:
        """Posterior mean of ``discount ** (steps to the reward)`` for each action, float64 [B, A]."""
        maze, cell_BT = state.maze_B[:, None], state.cell_BT
        types_BT = np.where(cell_BT >= 0, chance_BIT.sum(axis=1), 0.0)
        discount = self.family.discount
        there = self.family.next_cell[state.maze_B, state.agent_B]
        steps_BMT = self.distance[maze[..., None], there[..., None], cell_BT[:, None, :]] + 1
        moves = ((types_BT[:, None] * discount ** np.abs(steps_BMT)) * (steps_BMT > 0)).sum(axis=2)
        stay_BT = self.distance[maze, state.agent_B[:, None], cell_BT] + 1
        waiting_BT = discount ** np.abs(stay_BT) * (stay_BT > 0)
        at_BT = cell_BT == state.agent_B[:, None]
        worth_BIT = np.where(
            at_BT[:, None], chance_BIT + (types_BT[:, None] - chance_BIT) * discount, types_BT[:, None] * waiting_BT[:, None]
        )
        return np.concatenate([moves, worth_BIT.sum(axis=2)], axis=1)
