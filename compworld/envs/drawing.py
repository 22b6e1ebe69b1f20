"""Pictures of an episode: MiniGrid's tiles, with a caption strip below.

The size of a picture follows from the family and the tile size alone, whatever the caption says: videos, windows and arrays of
observations need it constant.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from compworld.envs.engine import Engine
from compworld.envs.minigrid import world_object
from compworld.families.grid import GridFamily
from compworld.families.state import State
from compworld.grid.objects import OBJECTS

CAPTION_ROWS = 3
"""Height of the caption in cells of the grid."""

MARGIN, SMALLEST_FONT = 4, 6
"""Pixels."""

_AGENT = ">v<^"
_LETTERS = {"ball": "o", "key": "k", "box": "x"}


def frame(engine: Engine, index: int, horizon: int, total: float, render_mode: str, tile_size: int) -> Any:
    """Environment ``index`` of an engine as its render mode says; the caption tells the step of ``horizon`` and the return."""
    state, caption = engine.state[index : index + 1], engine.caption(index, horizon, total)
    if render_mode == "ansi":
        return draw_text(engine.family, state, caption)
    return draw(engine.family, state, caption, tile_size)


def draw(family: GridFamily, state: State, caption: Sequence[str], tile_size: int) -> np.ndarray:
    """The first episode of a batch as an RGB picture, uint8 [height, width, 3]."""
    rows, columns = family.shape
    maze = int(state.maze_B[0])
    contents = _contents(state)
    picture = np.empty((rows * tile_size, columns * tile_size, 3), dtype=np.uint8)
    for cell in range(family.cells):
        row, column = divmod(cell, columns)
        facing = int(state.facing_B[0]) if cell == int(state.agent_B[0]) else None
        content = "wall" if family.walls[maze, row, column] else contents.get(cell)
        top, left = row * tile_size, column * tile_size
        picture[top : top + tile_size, left : left + tile_size] = _tile(content, facing, tile_size)
    return np.concatenate([picture, caption_strip(caption, columns * tile_size, CAPTION_ROWS * tile_size, tile_size * 7 // 16)])


def draw_text(family: GridFamily, state: State, caption: Sequence[str]) -> str:
    """The first episode of a batch as text: walls ``##``, the agent an arrow, objects an initial and o, k or x."""
    rows, columns = family.shape
    names = {cell: color[0] + _LETTERS[kind] for cell, (kind, color) in _objects(state).items()}
    names[int(state.agent_B[0])] = _AGENT[int(state.facing_B[0])] + names.get(int(state.agent_B[0]), " ")[-1]
    walls = family.walls[int(state.maze_B[0])]
    lines = [
        " ".join("##" if walls[row, column] else names.get(row * columns + column, ". ") for column in range(columns)).rstrip()
        for row in range(rows)
    ]
    legend = ", ".join(sorted({f"{color[0]}{_LETTERS[kind]} {color} {kind}" for kind, color in _objects(state).values()}))
    return "\n".join([*lines, *filter(None, [legend]), *caption]) + "\n"


def caption_strip(lines: Sequence[str], width: int, height: int, font_size: int) -> np.ndarray:
    """White text on black, uint8 [height, width, 3]; smaller than ``font_size`` where it would not fit.

    Where even the smallest font does not fit, the first line is cut off, for the last one tells the progress.
    """
    from PIL import Image, ImageDraw

    for size in range(max(font_size, SMALLEST_FONT), SMALLEST_FONT - 1, -1):
        wrapped = [_wrapped(line, width - 2 * MARGIN, size) for line in lines]
        room = (height - MARGIN) // (size + size // 4)
        if sum(map(len, wrapped)) <= room:
            break
    ends = [row for rows in wrapped[1:] for row in rows]
    shown = [*wrapped[0][: max(0, room - len(ends))], *ends] if wrapped else []
    image = Image.new("RGB", (width, height))
    pen = ImageDraw.Draw(image)
    for number, row in enumerate(shown):
        pen.text((MARGIN, number * (size + size // 4)), row, font=_font(size), fill=(235, 235, 235))
    pen.rectangle((width - MARGIN, 0, width, height), fill=(0, 0, 0))  # over words that are longer than a row
    return np.asarray(image)


def _wrapped(line: str, width: int, size: int) -> list[str]:
    """Rows of words that are at most ``width`` pixels long, but for single longer words."""
    rows, current = [], ""
    for word in line.split(" "):
        longer = f"{current} {word}" if current else word
        if current and _font(size).getlength(longer) > width:
            rows.append(current)
            longer = word
        current = longer
    return [*rows, current]


@lru_cache(maxsize=64)
def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _objects(state: State) -> dict[int, tuple[str, str]]:
    return {
        cell: OBJECTS[feature]
        for cell, feature, there in zip(
            state.object_cell_BO[0].tolist(), state.object_feature_BO[0].tolist(), state.remaining_BO[0].tolist(), strict=True
        )
        if there
    }


def _contents(state: State) -> dict[int, Any]:
    return dict(_objects(state))


@lru_cache(maxsize=1024)
def _tile(content: str | tuple[str, str] | None, facing: int | None, tile_size: int) -> np.ndarray:
    from minigrid.core.grid import Grid
    from minigrid.core.world_object import Wall

    thing = None
    if isinstance(content, tuple):
        thing = world_object(*content)
    elif content == "wall":
        thing = Wall()
    return np.asarray(Grid.render_tile(thing, facing, tile_size=tile_size), dtype=np.uint8)
