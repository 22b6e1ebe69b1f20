"""Playing an environment yourself, in a window."""

import os
from typing import Any

SCREENLESS = ("dummy", "offscreen", "evdev", "kmsdrm")
"""SDL's drivers that show nothing on a desktop; keys never arrive there."""


def play_in_window(env_id: str, world: int, split: str, seed: int) -> None:
    """Play until the window is closed: arrow keys move, space and 1, 2, 3 are the other actions.

    Raises:
        OSError: there is no screen.
        ValueError: unknown id or split, or a number that is out of range.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    import gymnasium as gym
    import pygame
    from gymnasium.utils.play import play as play_environment

    import compworld  # noqa: F401 (registers the ids)

    environment: Any = gym.make(env_id, world=world, split=split, render_mode="rgb_array", tile_size=48)
    _require_screen(pygame)
    names = environment.unwrapped.family.action_names
    arrows = {"up": pygame.K_UP, "right": pygame.K_RIGHT, "down": pygame.K_DOWN, "left": pygame.K_LEFT}
    others = [pygame.K_SPACE, pygame.K_1, pygame.K_2, pygame.K_3]
    rest = [number for number, name in enumerate(names) if name not in arrows]
    keys = {(arrows[name],): number for number, name in enumerate(names) if name in arrows}
    keys |= {(key,): number for key, number in zip(others, rest, strict=False)}
    play_environment(environment, keys_to_action=keys, noop=None, seed=seed, wait_on_player=True)


def _require_screen(pygame: Any) -> None:
    try:
        pygame.display.init()
        driver = pygame.display.get_driver()
    except pygame.error as error:
        driver = str(error)
    if driver in SCREENLESS or not pygame.display.get_init():
        raise OSError(f"no screen to play on (SDL says {driver!r}); allowed: a desktop, or a display forwarded to this machine")
