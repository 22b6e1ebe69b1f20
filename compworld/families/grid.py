"""What the grid-world families have in common: state, observation and random streams, batched for NumPy and torch.

Axes of array names: B batch, M modules, O objects, R active rows of an observation, F object features.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from compworld.arguments import integer
from compworld.backends import Array, Tables, namespace
from compworld.families.demonstrations import demonstrate
from compworld.families.expert import Expert
from compworld.families.family import Family
from compworld.families.samples import Samples, pack
from compworld.families.state import Outcome, State
from compworld.families.weights import TABLES
from compworld.grid.moves import FACING, MOVES, next_cells
from compworld.grid.objects import OBJECTS, name_of
from compworld.modules.spaces import ModuleSpace

LONGEST_HORIZON = 10_000
"""Experts look ahead step by step."""


class GridFamily(Family):
    """A family of grid worlds, with the one rulebook that every environment and expert uses.

    Attributes:
        world: seed of what is fixed within the family.
        sizes: the constructor's sizes by name.
        space: the combinations of modules.
        walls: bool [mazes, rows, columns].
        features: number of object features (kind and colour pairs).
        objects: number of objects in an episode.
        horizon: steps after which an episode is cut off.
        discount: of the expert's action values.
        action_names: one name per action.
        reward_bound: no reward of a step is larger, either way.
    """

    trials: ClassVar[Mapping[str, Mapping[str, int]]] = {}
    """Of each variant (``""``: the paper's sizes), ``episodes`` of a trial and the ``horizon`` of each; see
    :class:`compworld.envs.trials.TrialEngine`."""
    reward_bound: float = 1.0

    def __init__(
        self,
        world: int,
        sizes: dict[str, int],
        space: ModuleSpace,
        walls: np.ndarray,
        features: int,
        objects: int,
        action_names: tuple[str, ...],
        **tables: np.ndarray,
    ) -> None:
        check_features(features)
        if objects < 1:
            raise ValueError(f"number of objects is {objects}; allowed: at least 1")
        integer("size 'horizon'", sizes["horizon"], 1, LONGEST_HORIZON)
        self.world = world
        self.sizes = sizes
        self.space = space
        self.walls = walls
        self.features = features
        self.objects = objects
        self.horizon = sizes["horizon"]
        self.discount = 0.9
        self.action_names = action_names
        self.next_cell = next_cells(walls)
        free = ~walls.reshape(len(walls), -1)
        step_cell, step_facing = self._after_actions()
        self.tables = Tables(
            combinations=space.combinations.astype(np.int64),
            **TABLES,
            free_cells=np.argsort(~free, axis=1, kind="stable"),
            free_rank=np.cumsum(free, axis=1) - 1,
            free_count=free.sum(axis=1),
            # Of NumPy's operations on one episode, a look-up by one index array is the fastest, and those with a number of
            # Python's are twice as slow as with an array without axes.
            zero=np.asarray(0.0),
            one=np.asarray(1),
            step_cell=step_cell.reshape(-1),
            step_facing=step_facing.reshape(-1),
            maze_step=np.arange(self.mazes) * self.cells * self.actions,
            cell_step=np.arange(self.cells) * self.actions,
            facing_step=np.arange(4) * self.actions,
            channel_offset=np.arange(self.cells) * self.channels,
            agent_row=np.arange(self.cells) * self.channels + features,
            **tables,
        )

    @cached_property
    def expert(self) -> Expert:
        """Who knows the best behaviour."""
        return self.make_expert()

    @abstractmethod
    def make_expert(self) -> Expert:
        """The family's expert; :attr:`expert` asks for it once."""

    @classmethod
    def env_id_of(cls, variant: str) -> str | None:
        return "-".join(["CompWorld", cls.title, *filter(None, [variant.title()]), f"v{cls.version_of(variant)}"])

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the grid."""
        return self.walls.shape[1], self.walls.shape[2]

    @cached_property
    def cells(self) -> int:
        return self.walls.shape[1] * self.walls.shape[2]

    @cached_property
    def mazes(self) -> int:
        return len(self.walls)

    @cached_property
    def actions(self) -> int:
        return len(self.action_names)

    # Observations -----------------------------------------------------------------------------------------------------

    @cached_property
    def channels(self) -> int:
        """Channels of the symbolic observation: one per object feature, then agent, then wall."""
        return self.features + 2

    @cached_property
    def input_size(self) -> int:
        """Length D of the flattened symbolic observation."""
        return self.cells * self.channels

    @cached_property
    def rows(self) -> int:
        """Number R of active rows per observation: the objects, the agent and the walls."""
        return self.objects + 2

    @cached_property
    def row_count(self) -> int:
        """Number of different rows: D of the observation, one per maze that stands for all its walls, and one for "nothing"."""
        return self.input_size + self.mazes + 1

    @cached_property
    def _batch_shape(self) -> tuple[int, ...]:
        return -1, *self.shape, self.channels

    @cached_property
    def possible_rows(self) -> np.ndarray:
        """The rows that can be active, ascending, int64: things on cells that some maze leaves free, mazes, nothing."""
        free = np.flatnonzero(~self.walls.all(axis=0))
        rows = (free[:, None] * self.channels + np.arange(self.channels - 1)).reshape(-1)
        return np.concatenate([rows, np.arange(self.input_size, self.row_count)])

    @cached_property
    def wall_rows(self) -> np.ndarray:
        """The walls of each maze as a flattened symbolic observation, uint8 [mazes, D]."""
        observation = np.zeros((self.mazes, self.cells, self.channels), dtype=np.uint8)
        observation[..., -1] = self.walls.reshape(self.mazes, -1)
        return observation.reshape(self.mazes, -1)

    def active_rows(self, state: State) -> Array:
        """The observation as indices of its active entries, int64 [B, R].

        Row ``cell * channels + channel`` is an entry of the flattened symbolic observation, row ``D + maze`` stands for all
        walls of that maze together, and row ``D + mazes`` for nothing (an object that was collected). Objects come first, in
        ascending order of row: the order in which a state has them would tell which one is the goal.
        """
        xp = namespace(state.agent_B)
        cell_row = self.tables.like(state.agent_B)["channel_offset"]
        objects = xp.where(state.remaining_BO, cell_row[state.object_cell_BO] + state.object_feature_BO, self.row_count - 1)
        objects = xp.sort(objects, axis=1)
        agent = self.tables.like(state.agent_B)["agent_row"][state.agent_B]
        return xp.concat([objects, agent[:, None], (self.input_size + state.maze_B)[:, None]], axis=1)

    def symbolic(self, state: State) -> Array:
        """The dense observation of NumPy states, uint8 [B, rows, columns, features + 2] of zeros and ones."""
        tables = self.tables.like(state.agent_B)
        observation = self.wall_rows.take(state.maze_B, axis=0)
        entries = observation.reshape(-1)
        object_OB = tables["channel_offset"][state.object_cell_BO.T] + state.object_feature_BO.T
        agent_B = tables["agent_row"][state.agent_B]
        if len(state) > 1:  # for a single episode, entry 0 is where its observation begins
            first_B = np.arange(0, entries.size, self.input_size)
            object_OB += first_B
            agent_B += first_B
        entries[object_OB] = state.remaining_BO.T.view(np.uint8)
        entries[agent_B] = 1
        return observation.reshape(self._batch_shape)

    # Tasks and episodes -----------------------------------------------------------------------------------------------

    @abstractmethod
    def place(self, stream_B: Array, weights_BM: Array) -> State:
        """Draw the start of an episode for each task, by draws ``TASK_DRAWS`` and following."""

    def begin(self, weights_BM: Array, maze_B: Array, agent_B: Array, object_cell_BO: Array, object_feature_BO: Array) -> State:
        """The start of episodes: nothing has been collected, and no step been made."""
        xp = namespace(agent_B)
        zero = xp.zeros_like(maze_B)
        nothing, all_there = xp.zeros_like(object_feature_BO, dtype=xp.float64), xp.ones_like(object_feature_BO, dtype=xp.bool)
        state = State(weights_BM, maze_B, agent_B, zero, object_cell_BO, object_feature_BO, nothing, all_there, zero, zero)
        self.finish(state)
        return state

    @abstractmethod
    def finish(self, state: State) -> None:
        """Fill what follows from task and placement (rewards, interaction), in place; used by every way to make a state."""

    @abstractmethod
    def step(self, state: State, action_B: Array) -> tuple[State, Outcome]:
        """The rules: one step of every episode. The given state is not changed."""

    def moved(self, state: State, action_B: Array) -> State:
        """The episodes one step later; actions that are no moves leave cell and facing alone."""
        tables = self.tables.like(action_B)
        here = tables["maze_step"][state.maze_B] + tables["cell_step"][state.agent_B]
        facing = tables["facing_step"][state.facing_B] + action_B
        return State(
            state.weights_BM,
            state.maze_B,
            tables["step_cell"][here + action_B],
            tables["step_facing"][facing],
            state.object_cell_BO,
            state.object_feature_BO,
            state.object_reward_BO,
            state.remaining_BO,
            state.interaction_B,
            state.elapsed_B + tables["one"],
        )

    def _after_actions(self) -> tuple[np.ndarray, np.ndarray]:
        """Cell after every action, int64 [mazes, cells, actions], and facing, int64 [4, actions]."""
        cell = np.arange(self.cells)[None, :, None].repeat(self.mazes, axis=0).repeat(self.actions, axis=2)
        facing = np.arange(4)[:, None].repeat(self.actions, axis=1)
        moves = [self.action_names.index(name) for name in MOVES]
        cell[..., moves], facing[:, moves] = self.next_cell, FACING
        return cell, facing

    def legend(self) -> dict[str, Any]:
        """With names of actions and channels, and the mazes as rows of ``#`` (wall) and ``.``."""
        channels = [*(name_of(feature) for feature in range(self.features)), "agent", "wall"]
        mazes = [["".join(".#"[wall] for wall in row) for row in maze] for maze in self.walls.astype(int).tolist()]
        own = {"shape": [*self.shape, self.channels], "channels": channels, "actions": list(self.action_names), "mazes": mazes}
        return {**super().legend(), **own}

    def check(self, state: State) -> str | None:
        """What is impossible about a state of one episode, beyond cells that are walls or taken twice; None if nothing."""
        return None

    def samples(self, streams_TE: Array, weights_TM: Array, groups: Sequence[int]) -> list[Samples]:
        """Steps of demonstrations by the expert."""
        xp = namespace(streams_TE)
        weights = xp.repeat(weights_TM, streams_TE.shape[1], axis=0)
        shown = demonstrate(self, self.place(xp.reshape(streams_TE, (-1,)), weights))
        return pack(shown, len(streams_TE), groups)


def check_features(features: int) -> None:
    """Raise ValueError unless there are so many kinds of objects."""
    if not 1 <= features <= len(OBJECTS):
        raise ValueError(f"number of object features is {features}; allowed: 1 to {len(OBJECTS)}")
