"""Pictures of an episode: MiniGrid's tiles, with a caption strip below."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from compworld.families.grid import GridFamily
from compworld.families.state import State
from compworld.grid.objects import OBJECTS

_AGENT = ">v<^"
_LETTERS = {"ball": "o", "key": "k", "box": "x"}


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
    return np.concatenate([picture, caption_strip(caption, picture.shape[1], max(10, tile_size * 7 // 16))])


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


def caption_strip(lines: Sequence[str], width: int, font_size: int) -> np.ndarray:
    """White text on black, wrapped to ``width`` pixels; always room for as many rows as the longest mission may take."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(font_size)
    wrapped: list[str] = []
    for line in lines:
        words, current = line.split(" "), ""
        for word in words:
            longer = f"{current} {word}" if current else word
            if current and font.getlength(longer) > width - 8:
                wrapped.append(current)
                longer = word
            current = longer
        wrapped.append(current)
    height = font_size + 4
    image = Image.new("RGB", (width, height * len(wrapped) + 6))
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(wrapped):
        pen.text((4, 2 + number * height), line, font=font, fill=(235, 235, 235))
    return np.asarray(image)


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
    from minigrid.core.world_object import Ball, Box, Key, Wall

    kinds = {"ball": Ball, "box": Box, "key": Key}
    thing = None
    if isinstance(content, tuple):
        thing = kinds[content[0]](content[1])
    elif content == "wall":
        thing = Wall()
    return np.asarray(Grid.render_tile(thing, facing, tile_size=tile_size), dtype=np.uint8)
