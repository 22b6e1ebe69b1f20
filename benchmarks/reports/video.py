"""Videos: expert and agents side by side in the same episodes, streamed frame by frame."""

import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from imageio import v2 as imageio

from agents import Adapted
from benchmarks.recipes.methods import title_of
from benchmarks.runs.run import TrainedRun, trained_run
from benchmarks.scores.evaluation import show
from benchmarks.worlds.world import World
from compworld.envs.drawing import caption_strip
from compworld.envs.single import CompWorldEnv
from compworld.files import new_file

FRAMES_PER_SECOND = 4
OPTIONS: dict[str, dict[str, Any]] = {
    ".mp4": {"fps": FRAMES_PER_SECOND, "macro_block_size": 1, "codec": "libx264"},
    ".gif": {"duration": 1000 // FRAMES_PER_SECOND, "loop": 0},
}
"""How a film is written, by suffix."""
PAUSE_FRAMES = 4
"""Frames for which the end of an episode stays on the screen."""


class Player:
    """Whoever acts in an environment of its own: an adapted learner, or the expert.

    Args:
        name: shown above its picture.
        environment: its own.
        adapted: to all tasks; None for the expert.
        device: of its tensors.
    """

    def __init__(self, name: str, environment: CompWorldEnv, adapted: Adapted | None = None, device: str = "cpu") -> None:
        self.name, self.environment, self.adapted, self.device = name, environment, adapted, device
        self.running = False

    def begin(self, task: int, options: dict[str, Any]) -> None:
        """Start the episode of a task."""
        self.policy = None if self.adapted is None else self.adapted[task : task + 1]
        self.observation, _ = self.environment.reset(seed=task, options=options)
        self.running = True

    def act(self) -> None:
        """Take a step, unless the episode has ended."""
        if not self.running:
            return
        if self.policy is None:
            action = int(self.environment.expert_action())
        else:
            action = int(self.policy.act(torch.as_tensor(self.observation, device=self.device)[None, None]))
        self.observation, _, terminated, truncated, _ = self.environment.step(action)
        self.running = not (terminated or truncated)


def render_video(
    root: Path,
    runs: Sequence[str],
    which: str,
    episodes: int,
    path: Path,
    tile_size: int = 32,
    trust: bool = False,
    tell: Callable[[str], None] = print,
) -> list[Path]:
    """Write ``path`` with the suffixes .mp4 and .gif: the expert, then the agent of each run, on the same episodes.

    Args:
        root: folder of all runs.
        runs: ids of finished runs of one family, world and support.
        which: set of tasks: ``"train"``, ``"fresh_episodes"`` or ``"held_out"``.
        episodes: number of episodes, each of another task.
        path: of the files; one of the two suffixes is taken off first. In a folder they are called ``video``.
        tile_size: pixels per cell.
        trust: see :func:`benchmarks.runs.run.trained_run`.
        tell: called with what is wrong with one of the files, as where there is no ffmpeg, while the other was written.

    Returns:
        The files that were written.

    Raises:
        ValueError: unknown run or set, no run or episode, or runs that play in different worlds, or in none.
        OSError: no file could be written.
    """
    if not runs or episodes < 1 or tile_size < 1:
        raise ValueError(f"{len(runs)} runs, {episodes} episodes, tile size {tile_size}; allowed: at least 1 of each")
    loaded = [trained_run(root, run, trust) for run in runs]
    first, world = loaded[0].config, loaded[0].world
    world.require_environment()
    for other in loaded[1:]:
        if _place(other) != _place(loaded[0]):
            raise ValueError(
                f"run {other.config.run_id!r} plays in another world than {first.run_id!r}; allowed: the same world"
            )
    streams, weights = world.tasks(which, episodes, first.seed, "video")
    players = [Player("expert", _environment(world, tile_size))]
    for one in loaded:
        batch = world.batch(streams, weights, one.config.support_episodes, 1)
        adapted = show(one.learner, one.config, batch, 0).adapted
        players.append(Player(title_of(one.config.method), _environment(world, tile_size), adapted, one.config.device))
    frames = _padded(_frames(world, players, weights, which))
    return _written(frames, [path_with(path, suffix) for suffix in OPTIONS], tell)


def path_with(path: Path, suffix: str) -> Path:
    """The path of a file with a suffix, which takes the place of no other than that of a film: dots are parts of names."""
    if path.is_dir():
        path = path / "video"
    stem = path.name.removesuffix(path.suffix) if path.suffix in OPTIONS else path.name
    return path.with_name(stem + suffix)


def _padded(frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """The first frame fixes the size; video needs even sides."""
    height = 0
    for frame in frames:
        height = height or -(-frame.shape[0] // 2) * 2 + 40
        yield _fit(frame, height, -(-frame.shape[1] // 2) * 2)


def _written(frames: Iterator[np.ndarray], paths: Sequence[Path], tell: Callable[[str], None]) -> list[Path]:
    """Write the same frames to several files; where one fails the others go on."""
    files, problems = {path: _file(path) for path in paths}, []
    try:
        for frame in itertools.chain([None], frames, [None]):
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


def _place(run: TrainedRun) -> tuple[Any, ...]:
    return run.config.family, run.config.world, run.config.sizes, run.config.support, run.config.support_options


def _environment(world: World, tile_size: int) -> CompWorldEnv:
    return world.environment(render_mode="rgb_array", tile_size=tile_size)


def _frames(world: World, players: Sequence[Player], weights: np.ndarray, which: str) -> Iterator[np.ndarray]:
    """Frames of all episodes, one task after the other."""
    for task, weight in enumerate(weights):
        for player in players:
            player.begin(task, {"task": world.family.task_of(weight)})
        frame = _beside(players, which)
        yield frame
        while any(player.running for player in players):
            for player in players:
                player.act()
            frame = _beside(players, which)
            yield frame
        for _ in range(PAUSE_FRAMES):
            yield frame


def _beside(players: Sequence[Player], which: str) -> np.ndarray:
    pictures = [np.asarray(player.environment.render()) for player in players]
    titles = [
        caption_strip([f"{player.name} ({which.replace('_', ' ')})"], picture.shape[1], 14)
        for player, picture in zip(players, pictures, strict=True)
    ]
    # Titles that wrap differently must not push their pictures out of line.
    most = max(len(title) for title in titles)
    columns = [
        np.concatenate([_fit(title, most, title.shape[1]), picture]) for title, picture in zip(titles, pictures, strict=True)
    ]
    height = max(len(column) for column in columns)
    gap = np.full((height, 8, 3), 255, dtype=np.uint8)
    pieces = [piece for column in columns for piece in (_fit(column, height, column.shape[1]), gap)]
    return np.concatenate(pieces[:-1], axis=1)


def _fit(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    fitted = np.zeros((height, width, 3), dtype=np.uint8)
    rows, columns = min(height, picture.shape[0]), min(width, picture.shape[1])
    fitted[:rows, :columns] = picture[:rows, :columns]
    return fitted
