"""Agents that act in trials, made of finished runs. Axis of names: B trials."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from compworld.arguments import shown
from compworld.benchmarks.published.trained import TrainedAgent
from compworld.benchmarks.runs.run import TrainedRun
from compworld.benchmarks.runs.surroundings import of_a_run

AS_MADE = ", as agent.environment() makes it"


class ActingAgent(TrainedAgent):
    """Acts in trials of hidden tasks, or in told ones; on the tracks "rewarded" and "told" of ``compworld.evaluate``."""

    def __init__(self, run: TrainedRun) -> None:
        super().__init__(run)
        assert run.config.trials is not None
        episodes = run.config.trials.episodes
        self.player = run.actor.player(self.family, run.world.split, episodes)
        self.observation = self.player.observation
        track = {"told": True} if run.config.track == "told" else {"episodes_per_trial": episodes}
        self.options.update(track, observation=self.observation, horizon=self.family.horizon)

        space = self.environment().observation_space
        assert isinstance(space, spaces.Dict)
        self.spaces = space.spaces

    @of_a_run()
    def predict(
        self, observation: Mapping[str, Any], state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Any]:
        """The action in one trial, an int, or those of a batch, int64 [B]; and what is to be handed back at the next step.

        Args:
            observation: of trials or told tasks, of one environment or a batch, as :attr:`options` make it.
            state: None at the start of all trials.
            episode_start: which trials are new (of told tasks: which episodes begin), whatever the state says; by default those
                without a state.
            deterministic: not needed: actions are taken as they were when the run was scored, drawn by a policy that was.

        Raises:
            ValueError: the observation is of another kind, or the state of another number of trials.
        """
        batch, alone = self._batch(observation)
        number = len(batch["observation"])
        starts = np.full(number, state is None) if episode_start is None else np.atleast_1d(episode_start).astype(bool)
        if starts.shape != (number,):
            raise ValueError(f"episode_start has shape {starts.shape}; allowed: {(number,)}, one for each trial")
        actions, state = self.player.predict(batch, state, starts)
        return (int(actions[0]) if alone else actions), state

    def _batch(self, observation: Any) -> tuple[dict[str, np.ndarray], bool]:
        """The observation as one of a batch, and whether it is of one environment."""
        parts = self.spaces
        if not isinstance(observation, Mapping) or not parts.keys() <= observation.keys():
            raise ValueError(f"observation is {shown(observation)}; allowed: one with {', '.join(map(repr, parts))}{AS_MADE}")
        values = {name: np.asarray(observation[name]) for name in parts}
        alone = values["observation"].ndim == len(parts["observation"].shape or ())
        values = {name: value[None] for name, value in values.items()} if alone else values
        number = len(np.atleast_1d(values["observation"]))
        for name, space in parts.items():
            if values[name].shape != (number, *(space.shape or ())) or values[name].dtype.kind not in "biuf":
                raise ValueError(
                    f"{name} has shape {values[name].shape} and numbers of type {values[name].dtype}; "
                    f"allowed: numbers of shape {space.shape}, in a batch behind its axis{AS_MADE}"
                )
        rows, space = values["observation"], parts["observation"]
        if rows.dtype.kind == "f" or not all(space.contains(row.astype(space.dtype)) for row in rows):
            raise ValueError(f"observation has rows that are none; allowed: those of observation {self.observation!r}{AS_MADE}")
        return values, alone
