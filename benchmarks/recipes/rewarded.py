"""Trials on the small families: agents that adapt by acting.

How the settings were found: docs/decisions/0015-acting-learners.md.
"""

from collections.abc import Callable

from agents import (
    RL2,
    Bayes,
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
from agents.training import OuterLoop
from benchmarks.recipes.config import Evaluation, TrialTraining
from benchmarks.recipes.methods import options_of
from benchmarks.recipes.preset import Preset, Protocol, Recipe

PREFERENCES, GOALS = "preferences-small", "goals-small"
EPISODES = {PREFERENCES: 4, GOALS: 3}
HORIZONS = {PREFERENCES: 8, GOALS: 20}
TEMPERATURES = {PREFERENCES: 0.3, GOALS: 1.0}
"""Of the softmax while learning; Preferences has many best actions in most states, which a softmax mixes up."""
SAMPLED = {PREFERENCES: False, GOALS: True}
"""Whether actions are drawn when scored, too: on Goals the likeliest action alone finds less."""

Recipes = dict[str, Callable[[str], Recipe]]


def recipes(steps: dict[str, int]) -> Recipes:
    """A recipe for each method, of as many batches of trials.

    Args:
        steps: of each family.
    """

    def outer(family: str, learning_rate: float = 1e-2) -> OuterLoop:
        return OuterLoop(steps[family], learning_rate, schedule="cosine", warmup=steps[family] // 20)

    def gru(family: str) -> Recipe:
        return Recipe(
            options_of(RecurrentPolicy, temperature=TEMPERATURES[family], sampled=SAMPLED[family]), outer(family, 6e-3)
        )

    def recurrent_hypernetwork(family: str) -> Recipe:
        return Recipe(
            options_of(RecurrentHypernetwork, temperature=TEMPERATURES[family], sampled=SAMPLED[family]), outer(family)
        )

    def transformer(family: str) -> Recipe:
        return Recipe(
            options_of(TransformerPolicy, temperature=TEMPERATURES[family], sampled=SAMPLED[family]), outer(family, 3e-3)
        )

    def rl2(family: str) -> Recipe:
        return Recipe(options_of(RL2), outer(family, 3e-3))

    def memoryless(family: str) -> Recipe:
        return Recipe(options_of(Memoryless, temperature=TEMPERATURES[family], sampled=SAMPLED[family]), outer(family))

    def told_policy(family: str) -> Recipe:
        return Recipe(options_of(ToldPolicy, temperature=TEMPERATURES[family], sampled=SAMPLED[family]), outer(family))

    def told_mixed_policy(family: str) -> Recipe:
        return Recipe(options_of(ToldMixedPolicy, temperature=TEMPERATURES[family], sampled=SAMPLED[family]), outer(family))

    return {
        "gru": gru,
        "recurrent_hypernetwork": recurrent_hypernetwork,
        "transformer": transformer,
        "rl2": rl2,
        "memoryless": memoryless,
        "told_policy": told_policy,
        "told_mixed_policy": told_mixed_policy,
        "bayes": lambda family: Recipe(options_of(Bayes), None),
        "bayes_trained": lambda family: Recipe(options_of(TrainedBayes), None),
        "random_play": lambda family: Recipe(options_of(RandomPlay), None),
    }


def protocol(family: str, validate_every: int, methods: tuple[str, ...] | None = None, seeds: int | None = None) -> Protocol:
    """What all methods share on a family."""
    return Protocol(
        family,
        "optimal_action",
        Evaluation(validate_every, validation_tasks=128),
        trials=TrialTraining(EPISODES[family], updates=Updates(4, 64)),
        sizes={"horizon": HORIZONS[family]},
        methods=methods,
        seeds=seeds,
    )


def preset() -> Preset:
    protocols = tuple(protocol(family, validate_every=50) for family in (PREFERENCES, GOALS))
    return Preset("trials on the small families, an hour on two cores", 5, protocols, recipes({PREFERENCES: 400, GOALS: 250}))
