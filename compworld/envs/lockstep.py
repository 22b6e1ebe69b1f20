"""Trials that begin together and are played step by step until each is over. Axis: B trials."""

from typing import NamedTuple

import numpy as np

from compworld.envs.trials import Ended, TrialEngine


class Stepped(NamedTuple):
    """What a step of all trials gave."""

    reward_B: np.ndarray
    """float64; 0 for trials that were over before."""
    inner: Ended | None
    """The episodes that ended, None if none did."""


class Lockstep:
    """A batch of trials that have just begun; those that are over stand still.

    Args:
        engine: whose environments have been reset.

    Attributes:
        over_B: bool; which trials are over.
    """

    def __init__(self, engine: TrialEngine) -> None:
        self.engine = engine
        self.over_B = np.zeros(len(engine.keys), dtype=bool)

    def step(self, actions_B: np.ndarray) -> Stepped:
        """Play one step; the actions of trials that are over, int64, must be legal and do nothing."""
        engine = self.engine
        idle = np.flatnonzero(self.over_B)
        standing = engine.state[idle]
        outcome = engine.step(actions_B)
        ended = outcome.terminated_B | (engine.state.elapsed_B >= engine.family.horizon)
        reward, success = outcome.reward_B.copy(), outcome.success_B.copy()
        reward[idle], success[idle], ended[idle] = 0.0, False, True
        engine.state.put(idle, standing)
        now, inner = engine.go_on(actions_B, reward, success, ended, idle)
        self.over_B = self.over_B | now
        return Stepped(reward, inner)
