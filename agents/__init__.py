"""Learners: what a method is shown of a task, how it adapts to that, and what is meta-learned across tasks."""

import compworld.agents.forks  # noqa: F401 (for its effect)
from compworld.agents.context.learner import ActingLearner, Actor, ContextLearner, Updates
from compworld.agents.context.methods import (
    Memoryless,
    RecurrentHypernetwork,
    RecurrentPolicy,
    ToldMixedPolicy,
    ToldPolicy,
    TransformerPolicy,
)
from compworld.agents.context.references import Bayes, RandomPlay, TrainedBayes
from compworld.agents.evidence import Code, Demonstrations, Evidence, Experience, MetaBatch, Nothing
from compworld.agents.examples import Examples, Problem
from compworld.agents.floors import NoAdaptation, UniformRandom
from compworld.agents.gradient.anil import ANIL
from compworld.agents.gradient.deep_hypernetwork import DeepHypernetwork
from compworld.agents.gradient.learner import GradientLearner
from compworld.agents.gradient.linear_hypernetwork import LinearHypernetwork
from compworld.agents.gradient.loop import Fast, InnerLoop
from compworld.agents.gradient.maml import MAML
from compworld.agents.learner import Adapted, Learner, Method
from compworld.agents.reward.adapting_methods import AdaptingHypernetwork
from compworld.agents.reward.rl2 import PPO, RL2
from compworld.agents.shown.bottleneck_transformer import BottleneckTransformer
from compworld.agents.shown.hyla import HYLA
from compworld.agents.shown.learner import InContextLearner
from compworld.agents.shown.recurrent import ShownRecurrent
from compworld.agents.shown.references import Reference, ShownBayes, ShownTrainedBayes
from compworld.agents.shown.transformer import ShownTransformer
from compworld.agents.told.hypernetwork import ToldHypernetwork
from compworld.agents.told.network import ToldNetwork, ToldNetwork128, ToldNetwork512, ToldNetwork2048

LEARNERS: dict[str, type[Learner]] = {
    "linear_hypernetwork": LinearHypernetwork,
    "deep_hypernetwork": DeepHypernetwork,
    "anil": ANIL,
    "maml": MAML,
    "shown_transformer": ShownTransformer,
    "bottleneck_transformer": BottleneckTransformer,
    "hyla": HYLA,
    "shown_gru": ShownRecurrent,
    "no_adaptation": NoAdaptation,
    "told_hypernetwork": ToldHypernetwork,
    "told_network_128": ToldNetwork128,
    "told_network_512": ToldNetwork512,
    "told_network_2048": ToldNetwork2048,
    "shown_bayes": ShownBayes,
    "shown_bayes_trained": ShownTrainedBayes,
    "random": UniformRandom,
}
"""Every learner that adapts to what is there before it is asked, by name."""

ACTORS: dict[str, type[Actor]] = {
    "gru": RecurrentPolicy,
    "recurrent_hypernetwork": RecurrentHypernetwork,
    "transformer": TransformerPolicy,
    "rl2": RL2,
    "adapting_hypernetwork": AdaptingHypernetwork,
    "memoryless": Memoryless,
    "told_policy": ToldPolicy,
    "told_mixed_policy": ToldMixedPolicy,
    "bayes": Bayes,
    "bayes_trained": TrainedBayes,
    "random_play": RandomPlay,
}
"""Every method that acts in trials by name."""

METHODS: dict[str, type[Method]] = {**LEARNERS, **ACTORS}
"""Every method by name."""

__all__ = [
    "ACTORS",
    "ANIL",
    "HYLA",
    "LEARNERS",
    "MAML",
    "METHODS",
    "PPO",
    "RL2",
    "ActingLearner",
    "Actor",
    "Adapted",
    "AdaptingHypernetwork",
    "Bayes",
    "BottleneckTransformer",
    "Code",
    "ContextLearner",
    "DeepHypernetwork",
    "Demonstrations",
    "Evidence",
    "Examples",
    "Experience",
    "Fast",
    "GradientLearner",
    "InContextLearner",
    "InnerLoop",
    "Learner",
    "LinearHypernetwork",
    "Memoryless",
    "MetaBatch",
    "Method",
    "NoAdaptation",
    "Nothing",
    "Problem",
    "RandomPlay",
    "RecurrentHypernetwork",
    "RecurrentPolicy",
    "Reference",
    "ShownBayes",
    "ShownRecurrent",
    "ShownTrainedBayes",
    "ShownTransformer",
    "ToldHypernetwork",
    "ToldMixedPolicy",
    "ToldNetwork",
    "ToldNetwork128",
    "ToldNetwork512",
    "ToldNetwork2048",
    "ToldPolicy",
    "TrainedBayes",
    "TransformerPolicy",
    "UniformRandom",
    "Updates",
]
