"""Playing an environment yourself, in a window."""

import os
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np

from compworld.envs.drawing import caption_strip

SCREENLESS = ("dummy", "offscreen", "evdev", "kmsdrm")
"""SDL's drivers that show nothing on a desktop; keys never arrive there."""

TILE = 48
"""Pixels of a cell."""

ARROWS = ("up", "right", "down", "left")
OTHERS = ("space", "1", "2", "3")
ASK = "h"
"""Keys, as pygame calls them."""

SPLITS = {
    "train": "a trained combination",
    "held_out": "a held-out combination: never trained",
    "unused": "a combination that the split does not use",
}


class Explained(gym.Wrapper):
    """An environment that says above its picture what is played, and on request what the expert would do.

    The last action asks: nothing happens but that the answer is shown, until the next one. Only the first reset listens to its
    seed; the episodes after it are others.

    Args:
        env: of ours, with pictures.
        keys: the key of each action, by the action's name.

    Attributes:
        said: the expert's answer, or what the last episode gave.
    """

    def __init__(self, env: gym.Env[Any, Any], keys: Mapping[str, str]) -> None:
        super().__init__(env)
        self.action_names = env.unwrapped.family.action_names  # type: ignore[attr-defined]  # of ours
        self.ask = len(self.action_names)
        self.action_space = gym.spaces.Discrete(self.ask + 1)
        others = [f"{key}: {name}" for name, key in keys.items() if key != name]
        self._keys = ", ".join(["arrows: move", *others, f"{ASK}: expert"])
        self.said = ""
        self._played = False
        self._return = 0.0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self._seen, self._info = self.env.reset(seed=None if self._played else seed, options=options)
        self._best = self.env.unwrapped.optimal_return()  # type: ignore[attr-defined]
        self._return = 0.0
        return self._seen, self._info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        if action == self.ask:
            best = self.action_names[self.env.unwrapped.expert_action()]  # type: ignore[attr-defined]
            self.said = f"the expert would: {best}"
            return self._seen, 0.0, False, False, self._info
        self._seen, reward, terminated, truncated, self._info = self.env.step(action)
        self._played, self.said, self._return = True, "", self._return + float(reward)
        if terminated or truncated:
            self.said = f"the last episode gave {self._return:.2f} of at most {self._best:.2f}"
        return self._seen, reward, terminated, truncated, self._info

    def render(self) -> Any:
        picture = np.asarray(self.env.render())
        lines = [SPLITS[self._info["split"]], self._keys, self.said]
        return np.concatenate([caption_strip(lines, picture.shape[1], 2 * TILE, TILE // 3), picture])


def play_in_window(env_id: str, world: int, split: str, seed: int) -> None:
    """Play until the window is closed: arrow keys move, space and 1, 2, 3 are the other actions, h asks the expert.

    Raises:
        OSError: there is no screen.
        ValueError: unknown id or split, or a number that is out of range.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    import pygame
    from gymnasium.utils.play import play as play_environment

    import compworld  # noqa: F401 (registers the ids)

    environment: Any = gym.make(env_id, world=world, split=split, render_mode="rgb_array", tile_size=TILE)
    _require_screen(pygame)
    names = environment.unwrapped.family.action_names
    rest = [name for name in names if name not in ARROWS]
    keys = {name: name for name in names if name in ARROWS} | dict(zip(rest, OTHERS, strict=False))
    explained = Explained(environment, keys)
    actions = {(pygame.key.key_code(key),): names.index(name) for name, key in keys.items()}
    actions[(pygame.key.key_code(ASK),)] = explained.ask
    play_environment(explained, keys_to_action=actions, noop=None, seed=seed, wait_on_player=True)


def _require_screen(pygame: Any) -> None:
    try:
        pygame.display.init()
        driver = pygame.display.get_driver()
    except pygame.error as error:
        driver = str(error)
    if driver in SCREENLESS or not pygame.display.get_init():
        raise OSError(f"no screen to play on (SDL says {driver!r}); allowed: a desktop, or a display forwarded to this machine")
