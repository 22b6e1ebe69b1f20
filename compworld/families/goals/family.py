"""Goals: walk through a maze to an object and interact with it (ICLR 2024, section 5.2)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compworld import randomness
from compworld.arguments import integer, shown
from compworld.backends import Array, namespace
from compworld.families.family import TASK_DRAWS
from compworld.families.goals.expert import ShortestPathExpert, goal_cell
from compworld.families.grid import GridFamily
from compworld.families.state import Outcome, State
from compworld.grid.layouts import random_maze
from compworld.grid.moves import MOVES, next_cells
from compworld.grid.objects import name_of
from compworld.grid.paths import distances
from compworld.modules.spaces import ModuleSpace

QUADRANTS = ("north-west", "north-east", "south-west", "south-east")
INTERACTIONS = ("toggle", "pick up", "drop", "push")
FACTORS = ("quadrant", "interaction", "maze", "object")

LARGEST_TABLE = 10_000_000
"""The distances between all cells of all mazes are kept in memory."""


class Goals(GridFamily):
    """A goal object lies in a quadrant of a maze among distractors; the right interaction on its cell ends the episode.

    The reward is 1 for that interaction, and 0 for everything else.

    A task is one value each of quadrant (where the goal lies), interaction, maze and object (which type the goal is).
    The middle row and column of the grid belong to no quadrant.

    Args:
        world: seed of the mazes.
        size: side of the grid, odd.
        interactions: number of interactions, up to 4.
        mazes: number of mazes.
        object_types: number of object types.
        distractors: number of other objects in an episode, all of different types.
        start_distance: least number of moves from the agent's start to the goal.
        horizon: steps of an episode.
    """

    name = "goals"
    title = "Goals"
    variants = {  # noqa: RUF012 (never written to)
        "small": {"size": 7, "mazes": 2, "object_types": 3, "distractors": 2, "start_distance": 4, "horizon": 40},
    }
    # Twice the steps that the median start needs (9 and 18): time to look around, but not to try everything in one episode.
    trials = {"": {"episodes": 3, "horizon": 40}, "small": {"episodes": 3, "horizon": 20}}  # noqa: RUF012 (never written to)
    imitation = "optimal_action"
    shots = 1
    scores = ("success_rate", "action_accuracy", "trajectory_accuracy")

    def __init__(
        self,
        world: int = 0,
        size: int = 11,
        interactions: int = 2,
        mazes: int = 5,
        object_types: int = 5,
        distractors: int = 4,
        start_distance: int = 11,
        horizon: int = 120,
    ) -> None:
        if not 1 <= interactions <= len(INTERACTIONS):
            raise ValueError(f"size 'interactions' is {interactions}; allowed: 1 to {len(INTERACTIONS)}")
        if object_types < 1:
            raise ValueError(f"size 'object_types' is {object_types}; allowed: at least 1")
        if not 0 <= distractors < object_types:
            raise ValueError(f"size 'distractors' is {distractors}; allowed: 0 to object_types - 1 = {object_types - 1}")
        if start_distance < 1:
            raise ValueError(f"size 'start_distance' is {start_distance}; allowed: at least 1")
        if horizon <= start_distance:
            raise ValueError(f"size 'horizon' is {horizon}; allowed: at least 1 + start_distance = {1 + start_distance}")
        if mazes * size**4 > LARGEST_TABLE:
            raise ValueError(f"sizes 'mazes' {mazes} and 'size' {size}; allowed: mazes * size**4 up to {LARGEST_TABLE:,}")
        space = ModuleSpace.product(quadrant=len(QUADRANTS), interaction=interactions, maze=mazes, object=object_types)
        self._value_of_module = [value for factor in space.factors for value in range(len(factor))]
        rng = randomness.generator("goals", world)
        walls = np.stack([random_maze(size, rng) for _ in range(mazes)])
        blocked = walls.reshape(mazes, -1)
        self.distance = distances(next_cells(walls), blocked)
        """int [mazes, cells (from), cells (to)], -1 where no path leads."""
        may_start = (self.distance >= start_distance) & (self.distance < horizon)
        reachable = (self.distance >= 0).sum(axis=1)
        # A goal needs a start far enough away, and room for agent and distractors beside it.
        may_hold_goal = may_start.any(axis=1) & (reachable > 1 + distractors) & ~blocked
        goals = may_hold_goal[:, None, :] & _quadrant_masks(size)[None]
        if not goals.any(axis=-1).all():
            maze, quadrant = np.argwhere(~goals.any(axis=-1))[0].tolist()
            raise ValueError(
                f"sizes {{'size': {size}, 'start_distance': {start_distance}, 'distractors': {distractors}, "
                f"'horizon': {horizon}}} cannot hold the objects: maze {maze} of world {world} has no goal cell in the "
                f"{QUADRANTS[quadrant]}; allowed: a larger grid or horizon, or a smaller start distance"
            )
        super().__init__(
            world,
            {
                "size": size,
                "interactions": interactions,
                "mazes": mazes,
                "object_types": object_types,
                "distractors": distractors,
                "start_distance": start_distance,
                "horizon": horizon,
            },
            space,
            walls,
            object_types,
            1 + distractors,
            (*MOVES, *INTERACTIONS[:interactions]),
            goal_cells=_listed(goals),
            goal_counts=goals.sum(axis=-1),
            start_cells=_listed(may_start.transpose(0, 2, 1)),
            start_counts=may_start.sum(axis=1),
            distance=self.distance,
            interaction=np.maximum(np.arange(len(MOVES) + interactions) - len(MOVES), -1),
        )

    def factor_values(self, weights_BM: Array) -> tuple[Array, ...]:
        """Value of each factor (quadrant, interaction, maze, object), int64 [B] each."""
        xp = namespace(weights_BM)
        return tuple(xp.argmax(weights_BM[:, f[0] : f[-1] + 1], axis=1) for f in self.space.factors)

    def make_expert(self) -> ShortestPathExpert:
        return ShortestPathExpert(self, self.distance)

    def place(self, stream_B: Array, weights_BM: Array) -> State:
        xp = namespace(stream_B)
        tables = self.tables.like(stream_B)
        quadrant, _, maze, goal_type = self.factor_values(weights_BM)
        others = self.objects - 1
        bits = randomness.draws(stream_B, TASK_DRAWS, 2 + 2 * others)
        goal = tables["goal_cells"][maze, quadrant, randomness.integers(bits[:, 0], tables["goal_counts"][maze, quadrant])]
        agent = tables["start_cells"][maze, goal, randomness.integers(bits[:, 1], tables["start_counts"][maze, goal])]
        cells, types = goal[:, None], goal_type[:, None]
        if others:
            free_rank = tables["free_rank"]
            rank = randomness.distinct(
                bits[:, 2 : 2 + others], tables["free_count"][maze], (free_rank[maze, goal], free_rank[maze, agent])
            )
            cells = xp.concat([cells, tables["free_cells"][maze[:, None], rank]], axis=1)
            types = xp.concat(
                [types, randomness.distinct(bits[:, 2 + others :], xp.full_like(maze, self.features), (goal_type,))], axis=1
            )
        return self.begin(weights_BM, maze, agent, cells, types)

    def finish(self, state: State) -> None:
        _, state.interaction_B, _, goal_type = self.factor_values(state.weights_BM)
        xp = namespace(goal_type)
        state.object_reward_BO = xp.astype(state.object_feature_BO == goal_type[:, None], xp.float64)

    def goal_cell(self, state: State) -> Array:
        """Cell of the goal object, int64 [B]."""
        return goal_cell(state)

    def step(self, state: State, action_B: Array) -> tuple[State, Outcome]:
        xp = namespace(action_B)
        tables = self.tables.like(action_B)
        after = self.moved(state, action_B)
        is_goal = state.object_reward_BO > tables["zero"]
        at_goal = (is_goal & (state.object_cell_BO == after.agent_B[:, None])).any(axis=1)
        achieved = at_goal & (tables["interaction"][action_B] == state.interaction_B)
        return after, Outcome(xp.astype(achieved, xp.float64), achieved, achieved)

    def task_of(self, weights_M: np.ndarray) -> dict[str, Any]:
        if weights_M.ndim == 1:
            values = [value for value, weight in zip(self._value_of_module, weights_M.tolist(), strict=True) if weight]
            return dict(zip(FACTORS, values, strict=True))
        return dict(zip(FACTORS, self.factor_values(weights_M), strict=True))

    def weights_of(self, task: dict[str, Any]) -> np.ndarray:
        if not isinstance(task, Mapping) or set(task) != set(FACTORS):
            raise ValueError(f"task is {shown(task)}; allowed: a dict with the keys {', '.join(map(repr, FACTORS))}")
        weights = np.zeros(self.space.modules)
        for name, factor in zip(FACTORS, self.space.factors, strict=True):
            weights[factor[integer(f"task {name}", task[name], 0, len(factor) - 1)]] = 1.0
        return weights

    def mission(self, weights_M: np.ndarray) -> str:
        quadrant, interaction, _, goal_type = (int(value[0]) for value in self.factor_values(weights_M[None]))
        return f"in the {QUADRANTS[quadrant]}, {INTERACTIONS[interaction]} the {name_of(goal_type)}"

    def check(self, state: State) -> str | None:
        quadrant, _, maze, goal_type = (int(value[0]) for value in self.factor_values(state.weights_BM))
        types = state.object_feature_BO[0].tolist()
        if not state.remaining_BO.all():
            return "an object is collected; allowed: 'collected' False, for nothing is collected in Goals"
        if len(set(types)) < len(types):
            return f"object types are {types}; allowed: all different"
        if goal_type not in types:
            return f"object types are {types}; allowed: one of them is the task's object {goal_type}"
        if int(state.maze_B[0]) != maze:
            return f"maze is {int(state.maze_B[0])}; allowed: the task's maze {maze}"
        goal = int(self.goal_cell(state)[0])
        if not _quadrant_masks(self.shape[0])[quadrant, goal]:
            return f"goal is at {list(divmod(goal, self.shape[1]))}; allowed: cells in the {QUADRANTS[quadrant]}"
        if self.distance[maze, int(state.agent_B[0]), goal] < 0:
            return f"agent is at {list(divmod(int(state.agent_B[0]), self.shape[1]))}; allowed: cells connected to the goal"
        return None


def _quadrant_masks(size: int) -> np.ndarray:
    """Cells of each quadrant, bool [4, cells]."""
    row, column = (index.reshape(-1) for index in np.indices((size, size)))
    middle = size // 2
    north, south, west, east = row < middle, row > middle, column < middle, column > middle
    return np.stack([north & west, north & east, south & west, south & east])


def _listed(mask: np.ndarray) -> np.ndarray:
    """Indices of the true entries along the last axis, first; as many as the fullest row has."""
    return np.argsort(~mask, axis=-1, kind="stable")[..., : mask.sum(axis=-1).max()]
