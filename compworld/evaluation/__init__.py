"""Anyone's agent, scored on trials: :func:`evaluate`."""

from compworld.evaluation.evaluate import evaluate
from compworld.evaluation.play import AgentError, Played, play_trials
from compworld.evaluation.replay import replayed
from compworld.evaluation.result import Evaluation

__all__ = ["AgentError", "Evaluation", "Played", "evaluate", "play_trials", "replayed"]
