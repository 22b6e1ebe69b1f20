"""Wrappers for the ``"minigrid"`` observation."""

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs

from compworld.envs.observations import MISSION_CHARACTERS


class FlatObservation(gym.ObservationWrapper[Any, Any, Any], RecordConstructorArgs):
    """Image and mission as one vector, as MiniGrid's ``FlatObsWrapper`` does.

    That one refuses digits and hyphens, which our missions hold; this one encodes each character of the mission one-hot over
    the characters that missions are made of.

    Args:
        env: with ``observation="minigrid"``.
        mission_length: characters of the mission that are encoded; longer missions are cut off, shorter ones padded with zeros.
    """

    def __init__(self, env: gym.Env[Any, Any], mission_length: int = 160) -> None:
        RecordConstructorArgs.__init__(self, mission_length=mission_length)
        gym.ObservationWrapper.__init__(self, env)
        if not isinstance(env.observation_space, spaces.Dict):
            raise ValueError(f"observation space is {env.observation_space}; allowed: that of observation='minigrid'")
        self.mission_length = mission_length
        image = int(np.prod(env.observation_space["image"].shape or ()))
        self.observation_space = spaces.Box(0, 255, (image + mission_length * len(MISSION_CHARACTERS),), np.uint8)

    def observation(self, observation: Any) -> np.ndarray:
        letters = np.zeros((self.mission_length, len(MISSION_CHARACTERS)), dtype=np.uint8)
        for place, character in enumerate(observation["mission"][: self.mission_length]):
            letters[place, MISSION_CHARACTERS.index(character)] = 1
        return np.concatenate([observation["image"].reshape(-1), letters.reshape(-1)])
