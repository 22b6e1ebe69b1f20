"""What an environment's agent sees: the scene, in trials what happened before, and the task where it is told.

A plain environment's observation is the scene alone. With trials, or where the task is told, it is a flat Dict:

- ``observation``: the scene (the minigrid observation has its three parts ``image``, ``direction``, ``mission`` in its place).
- ``previous_action``: Discrete(actions + 1); the last number stands for none, at the start of a trial.
- ``previous_reward``: Box float32 (1,); what that action gave, 0 at the start of a trial.
- ``episode_start``: Discrete(2); 1 if an episode (of the trial) has just begun. What went before is still told.
- ``episode``: Discrete(K); the number of the episode within the trial, from 0.
- ``steps_left``: Box int64 (1,); of this episode.
- ``code``: Box float32 (modules,); the task's weights, where it is told (but for texts, which hold the mission).

Batched, they are what Gymnasium's vector environments make of them.
"""

from typing import Any

import numpy as np
from gymnasium import spaces

from compworld.envs.engine import Engine
from compworld.envs.observations import minigrid_observation, observation_kind
from compworld.envs.text import describe
from compworld.envs.trials import TrialEngine
from compworld.families.grid import GridFamily
from compworld.families.weights import LARGEST_WEIGHT

HIDDEN = "find out by acting"
"""The mission of a MiniGrid observation whose task is hidden."""


class Observing:
    """Space and batched observations of an engine's environments.

    Args:
        family: of the engine.
        name: of the observation, see :data:`compworld.envs.observations.OBSERVATIONS`.
        told: whether the observation holds the task.
        episodes: K, of trials; None for an observation without their parts.
        hidden: whether to keep the mission out of a MiniGrid observation; by default in trials whose task is not told.

    Attributes:
        space: of one environment's observation.
    """

    def __init__(self, family: GridFamily, name: str, told: bool, episodes: int | None, hidden: bool | None = None) -> None:
        make_space, self._scene = observation_kind(name)
        self._family = family
        self._name, self._told, self._episodes = name, told, episodes
        self._hidden = (episodes is not None and not told) if hidden is None else hidden
        self._code = told and name != "text"
        scene = make_space(family)
        parts = dict(scene.spaces) if isinstance(scene, spaces.Dict) else {"observation": scene}
        if episodes is not None:
            parts.update(trial_spaces(family, episodes))
        if self._code:
            parts["code"] = spaces.Box(-LARGEST_WEIGHT, LARGEST_WEIGHT, (family.code_size,), np.float32)
        self._bare = episodes is None and not self._code
        self.space: spaces.Space[Any] = scene if self._bare else spaces.Dict(parts)

    def of_scenes(self) -> "Observing":
        """The same kind of observation of the scene alone, which does not tell the task: what demonstrations show."""
        return Observing(self._family, self._name, False, None, hidden=True)

    def __call__(self, engine: Engine) -> Any:
        """The observations of all environments."""
        family, state = engine.family, engine.state
        parts = engine.parts(family.horizon) if self._episodes is not None and isinstance(engine, TrialEngine) else None
        scene: Any
        if self._name == "text":
            episodes = self._episodes or 1
            scene = tuple(describe(family, state, index, parts, episodes, self._told) for index in range(len(state)))
        elif self._name == "minigrid":
            scene = minigrid_observation(family, state, HIDDEN if self._hidden else None)
        else:
            scene = self._scene(family, state)
        if self._bare:
            return scene
        # Gymnasium sorts the keys of a Dict space; so do its vector environments' observations.
        whole = {**(scene if isinstance(scene, dict) else {"observation": scene}), **(parts or {})}
        if self._code:
            whole["code"] = state.weights_BM.astype(np.float32)
        return {key: whole[key] for key in self.space.spaces} if isinstance(self.space, spaces.Dict) else whole


def trial_spaces(family: GridFamily, episodes: int) -> dict[str, spaces.Space[Any]]:
    """Spaces of what a trial's observation holds beside the scene."""
    return {
        "previous_action": spaces.Discrete(family.actions + 1),
        "previous_reward": spaces.Box(-family.reward_bound, family.reward_bound, (1,), np.float32),
        "episode_start": spaces.Discrete(2),
        "episode": spaces.Discrete(episodes),
        "steps_left": spaces.Box(0, family.horizon, (1,), np.int64),
    }


def single(observation: Any) -> Any:
    """The only observation of a batch of one: numbers for Discrete parts, strings for texts."""
    if isinstance(observation, dict):
        return {
            key: int(value[0]) if isinstance(value, np.ndarray) and value.ndim == 1 else value[0]
            for key, value in observation.items()
        }
    return observation[0]
