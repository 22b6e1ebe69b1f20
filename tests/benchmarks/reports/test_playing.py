"""Playing oneself: what the window says, and what keys do."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from compworld import ENV_IDS
from compworld.benchmarks.reports.playing import TILE, Explained

ROOT = Path(__file__).parents[3]
STRIP = 2 * TILE

KEYS = """
import sys
import pygame
from gymnasium.utils import play
from compworld.benchmarks.reports import playing

playing.SCREENLESS = ()
frames, presses = [], []
show = play.display_arr
play.display_arr = lambda screen, picture, **options: (frames.append(picture.copy()), show(screen, picture, **options))
for key in (pygame.K_h, pygame.K_RIGHT, pygame.K_h):
    presses += [[pygame.event.Event(kind, key=key)] for kind in (pygame.KEYDOWN, pygame.KEYUP)]
presses = iter([*presses, [pygame.event.Event(pygame.QUIT)]])
pygame.event.get = lambda: next(presses)
playing.play_in_window("CompWorld-Goals-Small-v0", 0, "held_out", 0)
strips = [frame[:96].tobytes() for frame in frames]
scenes = [frame[96:].tobytes() for frame in frames]
# After reset, h, its release, right, its release, h: each key is seen in the frame after it.
assert scenes[0] == scenes[1] == scenes[2] != scenes[3] == scenes[4] == scenes[5], len(frames)
assert strips[0] != strips[1] == strips[2] != strips[3] == strips[0] == strips[4] != strips[5]
"""


def explained(env_id: str, split: str = "held_out") -> Any:
    env: Any = gym.make(env_id, split=split, render_mode="rgb_array", tile_size=TILE)
    return Explained(env, {"toggle": "space", "up": "up"})


@pytest.mark.parametrize("env_id", ENV_IDS)
def test_asking_shows_the_experts_action_and_changes_nothing_else(env_id: str) -> None:
    env, twin = explained(env_id), gym.make(env_id, split="held_out")
    env.reset(seed=3)
    twin.reset(seed=3)
    for _ in range(4):
        before = env.render()
        state = env.unwrapped.get_state()
        _, reward, terminated, truncated, _ = env.step(env.ask)
        assert (reward, terminated, truncated) == (0.0, False, False)
        assert env.unwrapped.get_state() == state
        answered = env.render()
        assert answered.shape == before.shape
        assert (answered[:STRIP] != before[:STRIP]).any()
        np.testing.assert_array_equal(answered[STRIP:], before[STRIP:])
        best = twin.unwrapped.expert_action()  # type: ignore[attr-defined]
        assert env.said == f"the expert would: {env.action_names[best]}"
        _, _, over, _, _ = env.step(best)
        twin.step(best)
        if over:
            break
        assert env.said == ""


def test_the_split_is_told_and_so_is_what_an_episode_gave() -> None:
    env = explained("CompWorld-Goals-Small-v0", "train")
    env.reset(seed=0)
    trained = env.render()
    held_out = explained("CompWorld-Goals-Small-v0")
    held_out.reset(seed=0)
    assert (trained[:STRIP] != held_out.render()[:STRIP]).any()
    over = False
    while not over:
        _, _, over, _, _ = env.step(env.unwrapped.expert_action())
    env.reset(seed=0)
    assert env.said == "the last episode gave 1.00 of at most 1.00"


def test_only_the_first_reset_listens_to_the_seed() -> None:
    """Gymnasium's player resets to its seed for each episode, which would then be the same for ever."""
    env = explained("CompWorld-Preferences-Small-v0")
    starts = []
    for _ in range(2):
        env.reset(seed=0)
    starts.append(env.unwrapped.get_state())
    for _ in range(3):
        env.step(1)
        env.reset(seed=0)
        starts.append(env.unwrapped.get_state())
    assert all(starts[0] != other for other in starts[1:])


def test_keys_arrive_in_a_window() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SDL_VIDEODRIVER": "dummy", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", KEYS], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
