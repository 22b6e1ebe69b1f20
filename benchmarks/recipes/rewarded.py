"""Trials on the small families: agents that adapt by acting.

How the settings were found: docs/decisions/0016-acting-learners.md.
"""

from collections.abc import Callable, Mapping
from typing import Any

from compworld.agents import (
    PPO,
    RL2,
    AdaptingHypernetwork,
    Bayes,
    ContextLearner,
    Memoryless,
    RandomPlay,
    RecurrentHypernetwork,
    RecurrentPolicy,
    ToldMixedPolicy,
    ToldPolicy,
    TrainedBayes,
    TransformerPolicy,
    Updates,
)
from compworld.agents.training import OuterLoop
from compworld.benchmarks.recipes.config import Evaluation, TrialTraining
from compworld.benchmarks.recipes.methods import options_of
from compworld.benchmarks.recipes.preset import Preset, Protocol, Recipe

PREFERENCES, GOALS = "preferences-small", "goals-small"
EPISODES = {PREFERENCES: 4, GOALS: 3}
HORIZONS = {PREFERENCES: 8, GOALS: 20}
STEPS = {PREFERENCES: 1000, GOALS: 250}
ACTIONS: dict[str, dict[str, Any]] = {
    PREFERENCES: {"temperature": 0.3, "sampled": False},
    GOALS: {"temperature": 1.0, "sampled": True},
}
"""How actions are chosen by who imitates best actions: on Goals the likeliest alone finds less, on Preferences, where most
states have several, drawing mixes them up."""
COMPARED = ("gru", "recurrent_hypernetwork", "bayes", "bayes_trained", "random_play")
OTHERS = ("adapting_hypernetwork", "transformer", "memoryless", "rl2", "told_policy", "told_mixed_policy")


def recipes(steps: Mapping[str, int]) -> dict[str, Callable[[str], Recipe]]:
    """A recipe for each method, of as many batches of trials.

    Args:
        steps: of each family.
    """

    def imitating(policy: Callable[..., ContextLearner], slower: tuple[str, ...] = ()) -> Callable[[str], Recipe]:
        """A policy that imitates best actions, at a third of the rate on some families."""

        def recipe(family: str) -> Recipe:
            return Recipe(options_of(policy, **ACTIONS[family]), outer(family, 3e-3 if family in slower else 1e-2))

        return recipe

    def adapting_hypernetwork(family: str) -> Recipe:
        reading = {PREFERENCES: 1.0, GOALS: 0.0}[family]
        return Recipe(options_of(AdaptingHypernetwork, reading=reading, **ACTIONS[family]), outer(family, 1e-2))

    def outer(family: str, learning_rate: float) -> OuterLoop:
        return OuterLoop(steps[family], learning_rate, schedule="cosine", warmup=steps[family] // 20)

    return {
        "gru": imitating(RecurrentPolicy),
        "recurrent_hypernetwork": imitating(RecurrentHypernetwork),
        "adapting_hypernetwork": adapting_hypernetwork,
        "transformer": imitating(TransformerPolicy, slower=(GOALS,)),
        "rl2": lambda family: Recipe(options_of(RL2, ppo=PPO(entropy=0.03)), outer(family, 3e-3)),
        "memoryless": imitating(Memoryless),
        "told_policy": imitating(ToldPolicy),
        "told_mixed_policy": imitating(ToldMixedPolicy),
        "bayes": lambda family: Recipe(options_of(Bayes), None),
        "bayes_trained": lambda family: Recipe(options_of(TrainedBayes), None),
        "random_play": lambda family: Recipe(options_of(RandomPlay), None),
    }


def protocol(family: str, methods: tuple[str, ...], seeds: int) -> Protocol:
    """What all methods share on a family."""
    return Protocol(
        family,
        "optimal_action",
        Evaluation(validate_every=50, validation_tasks=128),
        trials=TrialTraining(EPISODES[family], updates=Updates(4, 64)),
        sizes={"horizon": HORIZONS[family]},
        methods=methods,
        seeds=seeds,
    )


def preset() -> Preset:
    protocols = tuple(
        protocol(family, methods, seeds) for family in (PREFERENCES, GOALS) for methods, seeds in ((COMPARED, 5), (OTHERS, 3))
    )
    return Preset("trials on the small families, about an hour on two cores", 5, protocols, recipes(STEPS))
