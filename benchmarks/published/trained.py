"""What all agents made of finished runs have in common."""

from typing import Any

import gymnasium as gym

from compworld.benchmarks.runs.run import TrainedRun


class TrainedAgent:
    """What all trained agents have in common.

    Args:
        run: finished.

    Attributes:
        env_id: of the environment that it was trained for.
        options: keyword arguments with which ``gym.make(env_id, ...)`` makes the world in which it was trained, with the
            observation that it reads.
        result: the run's record: config, scores, hash of the split, versions, hardware.

    Raises:
        ValueError: the run's family has nothing to act in.
    """

    def __init__(self, run: TrainedRun) -> None:
        self.family, self.config, self.result = run.world.grid_family, run.config, run.result
        self.env_id = str(self.family.env_id)
        self.options: dict[str, Any] = {
            "world": run.config.world,
            "support": run.config.support,
            "support_options": run.config.support_options,
            **run.config.sizes,
        }

    def environment(self, **options: Any) -> gym.Env[Any, Any]:
        """The environment that it was trained for; ``options`` go to ``gym.make``, such as ``split="held_out"``."""
        return gym.make(self.env_id, **{**self.options, **options})
