"""Wrappers for the ``"minigrid"`` observation, and for clients that take numbers only."""

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper

from compworld.arguments import integer
from compworld.envs.observations import MISSION_CHARACTERS
from compworld.envs.observing import HIDDEN
from compworld.families import GridFamily

LONGEST_MISSION = 10_000


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
        if not isinstance(env.observation_space, spaces.Dict) or not {"image", "mission"} <= env.observation_space.keys():
            raise ValueError(f"observation space is {env.observation_space}; allowed: that of observation='minigrid'")
        self.mission_length = mission_length = integer("mission_length", mission_length, most=LONGEST_MISSION)
        image = int(np.prod(env.observation_space["image"].shape or ()))
        self.observation_space = spaces.Box(0, 255, (image + mission_length * len(MISSION_CHARACTERS),), np.uint8)

    def observation(self, observation: Any) -> np.ndarray:
        letters = np.zeros((self.mission_length, len(MISSION_CHARACTERS)), dtype=np.uint8)
        for place, character in enumerate(observation["mission"][: self.mission_length]):
            letters[place, MISSION_CHARACTERS.index(character)] = 1
        return np.concatenate([observation["image"].reshape(-1), letters.reshape(-1)])


class NumericInfo(VectorWrapper[Any, Any, Any, Any, Any]):
    """A vector environment whose ``info`` holds plain arrays of numbers only: neither ``split`` nor ``task``.

    TorchRL needs it for ``autoreset_mode="SameStep"``, where it makes tensors of all that ``info`` and ``final_info`` hold.

    Args:
        env: a vector environment.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        super().__init__(env)
        self.autoreset_mode: AutoresetMode = env.metadata["autoreset_mode"]

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, _numbers(info)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        *result, info = self.env.step(actions)
        kept = _numbers(info)
        for key in ("final_obs", "_final_obs", "_final_info"):
            if key in info:
                kept[key] = info[key]
        if "final_info" in info:
            kept["final_info"] = _numbers(info["final_info"])
        return (*result, kept)


def _numbers(info: dict[str, Any]) -> dict[str, Any]:
    names = [name for name, value in info.items() if isinstance(value, np.ndarray) and value.dtype.kind in "biuf"]
    return {name: info[name] for name in names if name.removeprefix("_") in names}


def mission_words(family: GridFamily) -> dict[str, int]:
    """Numbers of the words of all missions, for MiniGrid's ``DictObservationSpaceWrapper(env, word_dict=...)``.

    Of families whose missions hold no weights, such as Goals; also of the mission that hides the task.
    """
    missions = (family.mission(active.astype(np.float64)) for active in family.space.combinations)
    words = sorted({word for mission in (HIDDEN, *missions) for word in mission.replace(",", " , ").split()})
    return {word: number for number, word in enumerate(words)}
