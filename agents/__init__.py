"""Learners: what a method is shown of a task, how it adapts to that, and what is meta-learned across tasks."""

from agents.evidence import Code, Demonstrations, Evidence, Experience, MetaBatch, Nothing
from agents.examples import Examples, Problem
from agents.floors import NoAdaptation, UniformRandom
from agents.gradient.anil import ANIL
from agents.gradient.deep_hypernetwork import DeepHypernetwork
from agents.gradient.learner import GradientLearner
from agents.gradient.linear_hypernetwork import LinearHypernetwork
from agents.gradient.loop import Fast, InnerLoop
from agents.gradient.maml import MAML
from agents.learner import Adapted, Learner
from agents.told.hypernetwork import ToldHypernetwork

LEARNERS: dict[str, type[Learner]] = {
    "linear_hypernetwork": LinearHypernetwork,
    "deep_hypernetwork": DeepHypernetwork,
    "anil": ANIL,
    "maml": MAML,
    "no_adaptation": NoAdaptation,
    "told_hypernetwork": ToldHypernetwork,
    "random": UniformRandom,
}
"""Every learner by name."""

__all__ = [
    "ANIL",
    "LEARNERS",
    "MAML",
    "Adapted",
    "Code",
    "DeepHypernetwork",
    "Demonstrations",
    "Evidence",
    "Examples",
    "Experience",
    "Fast",
    "GradientLearner",
    "InnerLoop",
    "Learner",
    "LinearHypernetwork",
    "MetaBatch",
    "NoAdaptation",
    "Nothing",
    "Problem",
    "ToldHypernetwork",
    "UniformRandom",
]
