"""Films: frames with a title, written as MP4 and GIF while they are made."""

import itertools
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from imageio import v2 as imageio

from compworld.envs.drawing import caption_strip
from compworld.files import new_file

FRAMES_PER_SECOND = 4
OPTIONS: dict[str, dict[str, Any]] = {
    ".mp4": {"fps": FRAMES_PER_SECOND, "macro_block_size": 1, "codec": "libx264"},
    ".gif": {"duration": 1000 // FRAMES_PER_SECOND, "loop": 0},
}
"""How a film is written, by suffix."""

PAUSE_FRAMES = 4
"""Frames for which the end of an episode stays on the screen."""

TITLE_HEIGHT = 42
"""Pixels above a picture: two rows, for the longest names."""


def titled(picture: np.ndarray, title: str) -> np.ndarray:
    """A picture with a title above it, uint8 [height, width, 3]."""
    return np.concatenate([caption_strip([title], picture.shape[1], TITLE_HEIGHT, 14), picture])


def path_with(path: Path, suffix: str) -> Path:
    """The path of a file with a suffix, which takes the place of no other than that of a film: dots are parts of names."""
    if path.is_dir():
        path = path / "video"
    stem = path.name.removesuffix(path.suffix) if path.suffix in OPTIONS else path.name
    return path.with_name(stem + suffix)


def _padded(frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Video needs even sides."""
    for frame in frames:
        yield np.pad(frame, [(0, side % 2) for side in frame.shape[:2]] + [(0, 0)])


def write_film(frames: Iterator[np.ndarray], path: Path, tell: Callable[[str], None]) -> list[Path]:
    """Write the same frames to a file of each suffix; where one fails the others go on.

    Args:
        frames: uint8 [height, width, 3].
        path: of the files; one of the suffixes is taken off first. In a folder they are called ``video``.
        tell: called with what is wrong with one of the files, while another was written.

    Returns:
        The files that were written.

    Raises:
        OSError: no file could be written.
    """
    files, problems = {path: _file(path) for path in (path_with(path, suffix) for suffix in OPTIONS)}, list[str]()
    try:
        for frame in itertools.chain([None], _padded(frames), [None]):
            for path, file in list(files.items()):
                try:
                    file.send(frame)
                except StopIteration:
                    pass
                except (OSError, RuntimeError) as error:  # imageio's where there is no ffmpeg, or it fails
                    problems.append(f"{path} could not be written ({error})")
                    del files[path]
    finally:
        for file in files.values():
            file.close()
    if not files:
        raise OSError("; ".join(problems))
    for problem in problems:
        tell(problem)
    return list(files)


def _file(path: Path) -> Generator[None, np.ndarray | None, None]:
    """Takes frames for a file until it gets None; the file is there at the end, or not at all."""
    with new_file(path) as part:
        writer: Any = imageio.get_writer(part, **OPTIONS[path.suffix])
        with writer:
            while (frame := (yield)) is not None:
                writer.append_data(frame)
