"""What the grid-world families have in common: state, observation and random streams, batched for NumPy and torch.

Axes of array names: B batch, M modules, O objects, R active rows of an observation, F object features.
"""

import dataclasses
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from compworld.backends import Array, Tables, namespace
from compworld.families.family import Family
from compworld.families.weights import TABLES
from compworld.grid.moves import FACING, next_cells
from compworld.grid.objects import OBJECTS
from compworld.tasks.compositions import ModuleSpace


@dataclass
class State:
    """A batch of episodes in progress; plain arrays, int64 unless said otherwise. A cell is ``row * columns + column``."""

    weights_BM: Array
    """float64; the task: weight of each module, 0 where it is not active."""
    maze_B: Array
    agent_B: Array
    facing_B: Array
    """MiniGrid's direction of the last move: 0 right, 1 down, 2 left, 3 up."""
    object_cell_BO: Array
    object_feature_BO: Array
    object_reward_BO: Array
    """float64; what collecting (Goals: interacting with) the object is worth."""
    remaining_BO: Array
    """bool; the object is still there."""
    interaction_B: Array
    """Goals: the interaction that the task asks for; Preferences: 0."""
    elapsed_B: Array
    """Steps since the episode began."""

    def __len__(self) -> int:
        return len(self.agent_B)

    def __getitem__(self, where: Any) -> "State":
        """The episodes ``where`` (index array or slice); at least one axis stays."""
        return State(*(getattr(self, name)[where] for name in STATE_FIELDS))

    def put(self, where: Any, other: "State") -> None:
        """Overwrite the episodes ``where`` in place."""
        for name in STATE_FIELDS:
            getattr(self, name)[where] = getattr(other, name)


STATE_FIELDS = tuple(field.name for field in dataclasses.fields(State))


@dataclass(frozen=True)
class Outcome:
    """What a step gave, for each episode of the batch."""

    reward_B: Array
    """float64"""
    terminated_B: Array
    """bool"""
    success_B: Array
    """bool"""


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
    """

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
        if not 1 <= features <= len(OBJECTS):
            raise ValueError(f"number of object features is {features}; allowed: 1 to {len(OBJECTS)}")
        if objects < 1:
            raise ValueError(f"number of objects is {objects}; allowed: at least 1")
        if sizes["horizon"] < 1:
            raise ValueError(f"size 'horizon' is {sizes['horizon']}; allowed: at least 1")
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
        self.tables = Tables(
            combinations=space.combinations.astype(np.int64),
            **TABLES,
            free_cells=np.argsort(~free, axis=1, kind="stable"),
            free_rank=np.cumsum(free, axis=1) - 1,
            free_count=free.sum(axis=1),
            facing=FACING,
            step_cell=self.next_cell.reshape(-1),
            channel_offset=np.arange(self.cells) * self.channels,
            **tables,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the grid."""
        return self.walls.shape[1], self.walls.shape[2]

    @property
    def cells(self) -> int:
        return self.walls.shape[1] * self.walls.shape[2]

    @property
    def mazes(self) -> int:
        return len(self.walls)

    @property
    def actions(self) -> int:
        return len(self.action_names)

    # Observations -----------------------------------------------------------------------------------------------------

    @property
    def channels(self) -> int:
        """Channels of the symbolic observation: one per object feature, then agent, then wall."""
        return self.features + 2

    @property
    def input_size(self) -> int:
        """Length D of the flattened symbolic observation."""
        return self.cells * self.channels

    @property
    def rows(self) -> int:
        """Number R of active rows per observation: the objects, the agent and the walls."""
        return self.objects + 2

    @property
    def row_count(self) -> int:
        """Number of different rows: D of the observation, one per maze that stands for all its walls, and one for "nothing"."""
        return self.input_size + self.mazes + 1

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
        walls of that maze together, and row ``D + mazes`` for nothing (an object that was collected).
        """
        xp = namespace(state.agent_B)
        cell_row = self.tables.like(state.agent_B)["channel_offset"]
        objects = xp.where(state.remaining_BO, cell_row[state.object_cell_BO] + state.object_feature_BO, self.row_count - 1)
        agent = cell_row[state.agent_B] + self.features
        return xp.concat([objects, agent[:, None], (self.input_size + state.maze_B)[:, None]], axis=1)

    def symbolic(self, state: State) -> Array:
        """The dense observation of NumPy states, uint8 [B, rows, columns, features + 2] of zeros and ones."""
        batch = np.arange(len(state))
        flat = self.wall_rows[state.maze_B]
        cell = state.object_cell_BO * self.channels + state.object_feature_BO
        flat[batch[:, None], cell] = state.remaining_BO
        flat[batch, state.agent_B * self.channels + self.features] = 1
        return flat.reshape(len(state), *self.shape, self.channels)

    # Tasks and episodes -----------------------------------------------------------------------------------------------

    @abstractmethod
    def place(self, stream_B: Array, weights_BM: Array) -> State:
        """Draw the start of an episode for each task, by draws ``TASK_DRAWS`` and following."""

    @abstractmethod
    def finish(self, state: State) -> None:
        """Fill what follows from task and placement (rewards, interaction), in place; used by every way to make a state."""

    @abstractmethod
    def step(self, state: State, action_B: Array) -> tuple[State, Outcome]:
        """The rules: one step of every episode. The given state is not changed."""

    def moved(self, state: State, move_B: Array, moving_B: Array) -> tuple[Array, Array]:
        """Agent cell and facing after ``move_B`` (0 to 3, up right down left) where ``moving_B``."""
        xp = namespace(move_B)
        tables = self.tables.like(move_B)
        facing = xp.where(moving_B, tables["facing"][move_B], state.facing_B)
        cell = tables["step_cell"][(state.maze_B * self.cells + state.agent_B) * 4 + move_B]
        return xp.where(moving_B, cell, state.agent_B), facing

    @abstractmethod
    def check(self, state: State) -> str | None:
        """What is impossible about a state of one episode, beyond cells that are walls or taken twice; None if nothing."""
