"""Videos: expert and agents side by side in the same episodes, streamed frame by frame."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from imageio import v2 as imageio

from agents.policy import AdaptedPolicy
from benchmarks.config import RunConfig
from benchmarks.evaluation import World, environment_id, task_set
from benchmarks.methods import title_of
from benchmarks.problems import examples_of
from benchmarks.runner import trained_learner
from compworld.envs.drawing import caption_strip
from compworld.families import grid_family
from compworld.fewshot import make_batch

FRAMES_PER_SECOND = 4
PAUSE_FRAMES = 4
"""Frames for which the end of an episode stays on the screen."""


def render_video(root: Path, runs: Sequence[str], which: str, episodes: int, path: Path, tile_size: int = 32) -> list[Path]:
    """Write ``path`` with the suffixes .mp4 and .gif: the expert, then the agent of each run, on the same episodes.

    Args:
        root: folder of all runs.
        runs: ids of finished runs of one family, world and support.
        which: set of tasks: ``"train"``, ``"fresh_episodes"`` or ``"held_out"``.
        episodes: number of episodes, each of another task.
        path: of the files, without suffix.
        tile_size: pixels per cell.

    Raises:
        ValueError: unknown run or set, or runs that play in different worlds.
    """
    loaded = [trained_learner(root, run) for run in runs]
    first, world = loaded[0][1], loaded[0][2]
    grid_family(world.family)  # else there is nothing to film
    for _, config, _ in loaded[1:]:
        if (config.family, config.world, config.support, config.sizes) != (
            first.family,
            first.world,
            first.support,
            first.sizes,
        ):
            raise ValueError(f"run {config.run_id!r} plays in another world than {first.run_id!r}; allowed: the same world")
    streams, weights = task_set(world, first, which, episodes, "video")
    policies = []
    for learner, config, _ in loaded:
        batch = make_batch(world.family, world.expert, streams, weights, config.support_episodes, 1)
        support = examples_of(batch.support, weights, config.imitation)
        generator = torch.Generator().manual_seed(0)
        policies.append((title_of(config.method), AdaptedPolicy(learner, config.inner, support, generator)))
    path.parent.mkdir(parents=True, exist_ok=True)
    files = [path.with_suffix(".mp4"), path.with_suffix(".gif")]
    film: Any = imageio.get_writer(files[0], fps=FRAMES_PER_SECOND, macro_block_size=1, codec="libx264")
    animation: Any = imageio.get_writer(files[1], duration=1000 // FRAMES_PER_SECOND, loop=0)
    with film, animation:
        height = 0
        for frame in _frames(first, world, policies, weights, which, tile_size):
            # The first frame fixes the size; video needs even sides.
            height = height or -(-frame.shape[0] // 2) * 2 + 40
            padded = _fit(frame, height, -(-frame.shape[1] // 2) * 2)
            film.append_data(padded)
            animation.append_data(padded)
    return files


def _frames(
    config: RunConfig, world: World, policies: list[tuple[str, AdaptedPolicy]], weights: np.ndarray, which: str, tile_size: int
) -> Iterator[np.ndarray]:
    """Frames of all episodes, one task after the other."""
    names = ["expert", *(name for name, _ in policies)]
    environments: list[gym.Env[Any, Any]] = [
        gym.make(
            environment_id(config.family),
            world=config.world,
            support=config.support,
            support_options=config.support_options,
            split="all",
            observation="indices",
            render_mode="rgb_array",
            tile_size=tile_size,
            **config.sizes,
        )
        for _ in names
    ]
    for task, weight in enumerate(weights):
        options = {"task": world.family.task_of(weight)}
        observations = [environment.reset(seed=task, options=options)[0] for environment in environments]
        running = [True] * len(names)
        yield _beside(names, environments, which)
        while any(running):
            for column, environment in enumerate(environments):
                if not running[column]:
                    continue
                if column == 0:
                    action = environment.unwrapped.expert_action()  # type: ignore[attr-defined]
                else:
                    nothing = grid_family(world.family).row_count - 1
                    rows = torch.full((len(weights), 1, len(observations[column])), nothing)
                    rows[task, 0] = torch.as_tensor(observations[column])
                    action = int(policies[column - 1][1].act(rows)[task, 0])
                observations[column], _, terminated, truncated, _ = environment.step(action)
                running[column] = not (terminated or truncated)
            frame = _beside(names, environments, which)
            yield frame
        for _ in range(PAUSE_FRAMES):
            yield frame


def _beside(names: list[str], environments: list[gym.Env[Any, Any]], which: str) -> np.ndarray:
    columns = []
    for name, environment in zip(names, environments, strict=True):
        picture = np.asarray(environment.render())
        title = caption_strip([f"{name} ({which.replace('_', ' ')})"], picture.shape[1], 14)
        columns.append(np.concatenate([title, picture]))
    height = max(len(column) for column in columns)
    gap = np.full((height, 8, 3), 255, dtype=np.uint8)
    pieces = [piece for column in columns for piece in (_fit(column, height, column.shape[1]), gap)]
    return np.concatenate(pieces[:-1], axis=1)


def _fit(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    fitted = np.zeros((height, width, 3), dtype=np.uint8)
    rows, columns = min(height, picture.shape[0]), min(width, picture.shape[1])
    fitted[:rows, :columns] = picture[:rows, :columns]
    return fitted
