"""What an agent did, done again: a record of :func:`compworld.evaluate` holds actions, from which its scores follow exactly."""

from typing import Any

import numpy as np

from compworld.evaluation.evaluate import evaluate
from compworld.evaluation.play import FIRST_ACTION
from compworld.evaluation.result import Evaluation


class Replay:
    """An agent that does what was noted, trial after trial, whatever it sees.

    Args:
        actions_T: of each trial, as in :attr:`compworld.evaluation.Played.actions`.
    """

    def __init__(self, actions_T: np.ndarray) -> None:
        self.left = actions_T

    def predict(self, observation: Any, state: Any, episode_start: np.ndarray) -> tuple[np.ndarray, Any]:
        """The actions [B] of the next step of a batch of trials, and the steps that follow; -1 where none was noted."""
        trials = len(episode_start)
        if state is None:
            state, self.left = self.left[:trials], self.left[trials:]
        actions = [ord(text[0]) - FIRST_ACTION if text else -1 for text in state]
        return np.asarray(actions), np.asarray([text[1:] for text in state])


def replayed(evaluation: Evaluation) -> Evaluation:
    """What the actions of a record lead to in the world, combinations and starts that its settings name.

    Raises:
        ValueError: the record has no actions, fewer than its trials last, or some that there are not; or its settings are none.
    """
    asked, actions_T = evaluation.settings, evaluation.played.actions
    if not all(actions_T):
        raise ValueError("record has trials without actions; allowed: finished ones, of a version that notes actions")
    return evaluate(
        Replay(actions_T),
        asked["env_id"],
        asked["track"],
        asked["world"],
        asked["split"],
        asked["tasks"],
        asked["seed"],
        episodes=asked["episodes"],
        observation="indices",
        support=asked["support"],
        support_options=asked["support_options"],
        name=asked["agent"],
        **asked["sizes"],
    )
