"""Videos: expert and agents side by side in the same episodes, streamed frame by frame."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from compworld.benchmarks.published.acting import ActingAgent
from compworld.benchmarks.recipes.methods import title_of
from compworld.benchmarks.reports.films import PAUSE_FRAMES, titled, write_film
from compworld.benchmarks.runs.run import TrainedRun, trained_run
from compworld.benchmarks.scores.evaluation import show
from compworld.benchmarks.worlds.world import World
from compworld.envs.single import CompWorldEnv

Policy = Callable[[Any], int]
"""From an observation to an action."""


class Player:
    """Whoever acts in an environment of its own.

    Args:
        name: shown above its picture.
        environment: its own.
        policy_of: what acts in the episode (or trial) of each task.
    """

    def __init__(self, name: str, environment: CompWorldEnv, policy_of: Callable[[int], Policy]) -> None:
        self.name, self.environment, self.policy_of = name, environment, policy_of
        self.running = False

    def begin(self, task: int, options: dict[str, Any]) -> None:
        """Start the episode of a task."""
        self.policy = self.policy_of(task)
        self.observation, _ = self.environment.reset(seed=task, options=options)
        self.running = True

    def act(self) -> None:
        """Take a step, unless the episode has ended."""
        if not self.running:
            return
        self.observation, _, terminated, truncated, _ = self.environment.step(self.policy(self.observation))
        self.running = not (terminated or truncated)


def expert_player(environment: CompWorldEnv) -> Player:
    """The family's expert, who knows the task."""
    return Player("expert", environment, lambda task: lambda observation: int(environment.expert_action()))


def shown_player(run: TrainedRun, environment: CompWorldEnv, streams: np.ndarray, weights: np.ndarray) -> Player:
    """A learner that has adapted to demonstrations of each task."""
    adapted = show(run.learner, run.config, run.world.batch(streams, weights, run.config.support_episodes, 1), 0).adapted

    def policy_of(task: int) -> Policy:
        policy = adapted[task : task + 1]
        return lambda observation: int(policy.act(torch.as_tensor(observation, device=run.config.device)[None, None]))

    return Player(title_of(run.config.method), environment, policy_of)


def trial_player(agent: ActingAgent, environment: CompWorldEnv) -> Player:
    """A method that acts in a whole trial of each task, remembering what it saw."""

    def policy_of(task: int) -> Policy:
        state = None

        def policy(observation: dict[str, Any]) -> int:
            nonlocal state
            action, state = agent.predict(observation, state)
            return int(action)

        return policy

    return Player(title_of(agent.config.method), environment, policy_of)


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
    """Write ``path`` with the suffixes .mp4 and .gif: the expert, then the agent of each run, on the same episodes or trials.

    Args:
        root: folder of all runs.
        runs: ids of finished runs of one family, world and support.
        which: set of tasks: ``"train"``, ``"fresh_episodes"`` or ``"held_out"``.
        episodes: number of episodes, or of whole trials, each of another task.
        path: of the files; one of the two suffixes is taken off first. In a folder they are called ``video``.
        tile_size: pixels per cell.
        trust: see :func:`compworld.benchmarks.runs.run.trained_run`.
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
    trial: dict[str, Any] = {} if first.trials is None else {"episodes_per_trial": first.trials.episodes}
    view: dict[str, Any] = {"render_mode": "rgb_array", "tile_size": tile_size, **trial}
    players = [expert_player(world.environment(**view))]
    for one in loaded:
        if first.trials is None:
            players.append(shown_player(one, world.environment(**view), streams, weights))
            continue
        agent = ActingAgent(one)
        seen = {"observation": agent.observation, "told": one.config.track == "told"}
        players.append(trial_player(agent, world.environment(**view, **seen)))
    return write_film(_frames(world, players, weights, which), path, tell)


def _place(run: TrainedRun) -> tuple[Any, ...]:
    config = run.config
    episodes = None if config.trials is None else config.trials.episodes
    return config.family, config.world, config.sizes, config.support, config.support_options, episodes


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
    columns = [
        titled(picture, f"{player.name} ({which.replace('_', ' ')})") for player, picture in zip(players, pictures, strict=True)
    ]
    gap = np.full((len(columns[0]), 8, 3), 255, dtype=np.uint8)
    return np.concatenate([piece for column in columns for piece in (column, gap)][:-1], axis=1)
