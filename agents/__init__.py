"""Learners: what adapts fast to a task's demonstrations and what is meta-learned across tasks."""

from agents.anil import ANIL
from agents.base import Examples, Fast, Learner, Problem
from agents.baselines import NoAdaptation, OracleHypernetwork
from agents.deep_hypernetwork import DeepHypernetwork
from agents.linear_hypernetwork import LinearHypernetwork
from agents.maml import MAML

LEARNERS: dict[str, type[Learner]] = {
    "linear_hypernetwork": LinearHypernetwork,
    "deep_hypernetwork": DeepHypernetwork,
    "anil": ANIL,
    "maml": MAML,
    "no_adaptation": NoAdaptation,
    "oracle": OracleHypernetwork,
}
"""Every learner by name."""

__all__ = [
    "ANIL",
    "LEARNERS",
    "MAML",
    "DeepHypernetwork",
    "Examples",
    "Fast",
    "Learner",
    "LinearHypernetwork",
    "NoAdaptation",
    "OracleHypernetwork",
    "Problem",
]
