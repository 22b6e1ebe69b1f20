"""Agents that act in trials, made of finished runs. Axis of names: B trials."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compworld.benchmarks.published.trained import TrainedAgent
from compworld.benchmarks.runs.run import TrainedRun
from compworld.benchmarks.runs.surroundings import of_a_run


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

    @of_a_run()
    def predict(self, observation: Mapping[str, Any], state: Any = None, episode_start: Any = None) -> tuple[Any, Any]:
        """The action in one trial, an int, or those of a batch, int64 [B]; and what is to be handed back at the next step.

        Args:
            observation: of trials or told tasks, of one environment or a batch, as :attr:`options` make it.
            state: None at the start of a trial.
            episode_start: where the task is told, which episodes begin; by default those without a state.
        """
        alone = np.ndim(observation["observation"]) == 1
        batch = {name: np.asarray(value)[None] for name, value in observation.items()} if alone else observation
        starts = np.full(len(batch["observation"]), state is None) if episode_start is None else np.atleast_1d(episode_start)
        actions, state = self.player.predict(batch, state, starts)
        return (int(actions[0]) if alone else actions), state
