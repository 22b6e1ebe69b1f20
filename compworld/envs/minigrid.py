"""What MiniGrid's wrappers ask of an environment, so that they can be put around ours.

Which of them work is listed in docs/clients.md. MiniGrid is imported when first asked for.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from compworld.envs.engine import Engine
from compworld.grid.objects import OBJECTS


class MiniGridView:
    """Attributes of MiniGrid's environments, read from the state of an engine's first environment.

    Positions are (column, row), as MiniGrid has them. The agent's view is that of MiniGrid, a square in front of it in which
    walls hide what is behind them; it is as large as the whole grid, unless a wrapper asks for another size.
    """

    engine: Engine
    highlight = False
    see_through_walls = False
    carrying = None

    @property
    def height(self) -> int:
        return self.engine.family.shape[0]

    @property
    def width(self) -> int:
        return self.engine.family.shape[1]

    @property
    def agent_view_size(self) -> int:
        return max(self.engine.family.shape)

    @property
    def agent_pos(self) -> np.ndarray:
        row, column = divmod(int(self.engine.state.agent_B[0]), self.width)
        return np.asarray([column, row])

    @property
    def agent_dir(self) -> int:
        return int(self.engine.state.facing_B[0])

    @property
    def dir_vec(self) -> np.ndarray:
        return np.asarray([(1, 0), (0, 1), (-1, 0), (0, -1)][self.agent_dir])

    @property
    def right_vec(self) -> np.ndarray:
        column, row = self.dir_vec
        return np.asarray([-row, column])

    @property
    def front_pos(self) -> np.ndarray:
        return self.agent_pos + self.dir_vec

    @property
    def grid(self) -> Any:
        """MiniGrid's ``Grid``, made anew from the state."""
        from minigrid.core.grid import Grid
        from minigrid.core.world_object import Wall

        state = self.engine.state
        grid = Grid(self.width, self.height)
        for row, column in np.argwhere(self.engine.family.walls[int(state.maze_B[0])]).tolist():
            grid.set(column, row, Wall())
        for number in np.flatnonzero(state.remaining_BO[0]).tolist():
            row, column = divmod(int(state.object_cell_BO[0, number]), self.width)
            grid.set(column, row, world_object(*OBJECTS[int(state.object_feature_BO[0, number])]))
        return grid

    def get_frame(self, highlight: bool = True, tile_size: int = 32, agent_pov: bool = False) -> np.ndarray:
        """The grid, or the agent's view of it, as MiniGrid draws it, without a caption; uint8 [height, width, 3]."""
        return np.asarray(_minigrid().get_frame(self, highlight, tile_size, agent_pov))

    def get_pov_render(self, tile_size: int) -> Any:
        return _minigrid().get_pov_render(self, tile_size)

    def get_full_render(self, highlight: bool, tile_size: int) -> Any:
        return _minigrid().get_full_render(self, highlight, tile_size)

    def gen_obs_grid(self, agent_view_size: int | None = None) -> Any:
        """The agent's view, a ``Grid``, and which of its cells are seen."""
        return _minigrid().gen_obs_grid(self, agent_view_size)

    def get_view_exts(self, agent_view_size: int | None = None) -> Any:
        return _minigrid().get_view_exts(self, agent_view_size)


def world_object(kind: str, color: str) -> Any:
    """MiniGrid's object of a kind and a colour."""
    from minigrid.core import world_object

    return getattr(world_object, kind.title())(color)


@lru_cache(maxsize=1)
def _minigrid() -> Any:
    """The class whose methods draw and look; they are used on our environment, which has the attributes that they read."""
    from minigrid.minigrid_env import MiniGridEnv

    return MiniGridEnv
