"""A film of each environment and each track: what an agent is given, and the best that can be done with it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from compworld.bayes import bayes_agent
from compworld.benchmarks.reports.films import PAUSE_FRAMES, titled, write_film
from compworld.families import ENV_IDS, trial_sizes

WIDTH = 256
"""Pixels of a frame, at most."""

TASKS = 2
"""Of a film; of a trial's, one."""

Policy = Callable[[Any], int]
"""From an observation to an action."""


def told(env_id: str) -> Iterator[np.ndarray]:
    """The expert, who knows the task; frames uint8 [height, width, 3]."""
    env = _environment(env_id)
    for seed in range(TASKS):
        yield from _episode(env, "told: the mission is given", _expert(env), seed=seed)


def shown(env_id: str) -> Iterator[np.ndarray]:
    """A demonstration of each task, and the same task from another start."""
    env = _environment(env_id)
    for seed in range(TASKS):
        _, info = env.reset(seed=seed)
        for title in ("shown: a demonstration of a hidden task", "shown: the same task, as it is done best"):
            yield from _episode(env, title, _expert(env), options={"task": info["task"]})


def rewarded(env_id: str) -> Iterator[np.ndarray]:
    """A trial of a hidden task, by the exact Bayes agent that thinks every combination possible."""
    episodes = trial_sizes(ENV_IDS[env_id])["episodes"]
    env = _environment(env_id, episodes_per_trial=episodes, observation="indices")
    agent, state = bayes_agent(env.unwrapped.family, episodes=episodes), None

    def policy(observation: dict[str, Any]) -> int:
        nonlocal state
        action, state = agent.predict({name: np.asarray(value)[None] for name, value in observation.items()}, state)
        return int(action[0])

    yield from _episode(env, f"rewarded: {episodes} episodes of a hidden task", policy, seed=0)


FILMS: dict[str, Callable[[str], Iterator[np.ndarray]]] = {"shown": shown, "rewarded": rewarded, "told": told}
"""By track."""


def render_gallery(folder: Path, tell: Callable[[str], None] = print) -> list[Path]:
    """Write the film of every environment and track as MP4 and GIF.

    Args:
        folder: of the films.
        tell: see :func:`compworld.benchmarks.reports.films.write_film`.

    Returns:
        The files that were written.
    """
    paths = []
    for env_id in ENV_IDS:
        for track, film in FILMS.items():
            paths += write_film(film(env_id), folder / f"{env_id}_{track}.gif", tell)
    return paths


def _environment(env_id: str, **options: Any) -> Any:
    """An environment of held-out combinations whose picture is as wide as it may be."""
    columns = gym.make(env_id).unwrapped.family.shape[1]  # type: ignore[attr-defined]  # of ours
    return gym.make(env_id, split="held_out", render_mode="rgb_array", tile_size=WIDTH // columns, **options)


def _expert(env: Any) -> Policy:
    return lambda observation: int(env.unwrapped.expert_action())


def _episode(env: Any, title: str, policy: Policy, **reset: Any) -> Iterator[np.ndarray]:
    """Frames from a reset to the end, which stays on the screen; the title also tells what the episodes of a trial gave."""
    observation, _ = env.reset(**reset)
    yield titled(env.render(), title)
    over, gave = False, ""
    while not over:
        observation, _, terminated, truncated, info = env.step(policy(observation))
        if "inner_episode" in info:
            gave += f" {info['inner_episode']['return']:.2f}"
        frame = titled(env.render(), f"{title}; gave{gave}" if gave else title)
        yield frame
        over = terminated or truncated
    for _ in range(PAUSE_FRAMES):
        yield frame
