"""Baselines beside the learners that adapt by gradients: in context, told the task, and exact references.

How the settings were found: docs/decisions/0023-baselines-of-demonstrations.md.
"""

from collections.abc import Callable, Mapping

from compworld.agents import (
    HYLA,
    BottleneckTransformer,
    ShownBayes,
    ShownRecurrent,
    ShownTrainedBayes,
    ShownTransformer,
    ToldNetwork128,
    ToldNetwork512,
    ToldNetwork2048,
)
from compworld.agents.training import OuterLoop
from compworld.benchmarks.recipes.methods import options_of
from compworld.benchmarks.recipes.preset import Recipe

IN_CONTEXT = ("shown_transformer", "bottleneck_transformer", "hyla", "shown_gru")
TOLD = ("told_network_128", "told_network_512", "told_network_2048")
RATES: dict[str, dict[str, float]] = {
    "goals-small": {
        "bottleneck_transformer": 0.01,
        "hyla": 0.01,
        "shown_gru": 0.03,
        "shown_transformer": 0.01,
        "told_network_128": 0.03,
        "told_network_2048": 0.01,
        "told_network_512": 0.01,
    },
    "preferences-small": {
        "bottleneck_transformer": 0.03,
        "hyla": 0.003,
        "shown_gru": 0.01,
        "shown_transformer": 0.01,
        "told_network_128": 0.03,
        "told_network_2048": 0.01,
        "told_network_512": 0.03,
    },
    "teacher-small": {
        "bottleneck_transformer": 0.03,
        "hyla": 0.03,
        "shown_gru": 0.03,
        "shown_transformer": 0.03,
        "told_network_128": 0.1,
        "told_network_2048": 0.03,
        "told_network_512": 0.03,
    },
}
"""Outer learning rates that validation chose, by family and method: the lowest loss of a record in `results/tuning`."""

UNTUNED = 3e-3
"""Where there is no record."""


def recipes(steps: Mapping[str, int]) -> dict[str, Callable[[str], Recipe]]:
    """A recipe for each baseline, of as many outer steps.

    Args:
        steps: of each family.
    """

    def outer(family: str, method: str, weight_decay: float = 1e-2) -> OuterLoop:
        number = steps[family]
        rate = RATES.get(family, {}).get(method, UNTUNED)
        return OuterLoop(number, rate, weight_decay, 1.0, "cosine", number // 10, tasks_at_once=32)

    def told(method: str, build: type[ToldNetwork128 | ToldNetwork512 | ToldNetwork2048]) -> Callable[[str], Recipe]:
        return lambda family: Recipe(options_of(build, hidden_layers=2), outer(family, method, 1e-3))

    return {
        "shown_transformer": lambda family: Recipe(
            options_of(ShownTransformer, width=64, layers=2, heads=4), outer(family, "shown_transformer")
        ),
        "bottleneck_transformer": lambda family: Recipe(
            options_of(BottleneckTransformer, width=64, layers=2, heads=4, latent=16, policy_width=32),
            outer(family, "bottleneck_transformer"),
        ),
        "hyla": lambda family: Recipe(options_of(HYLA, width=64, layers=2, heads=4), outer(family, "hyla")),
        "shown_gru": lambda family: Recipe(
            options_of(ShownRecurrent, width=96, inputs=64, policy_width=128), outer(family, "shown_gru")
        ),
        "told_network_128": told("told_network_128", ToldNetwork128),
        "told_network_512": told("told_network_512", ToldNetwork512),
        "told_network_2048": told("told_network_2048", ToldNetwork2048),
        "shown_bayes": lambda family: Recipe(options_of(ShownBayes), None),
        "shown_bayes_trained": lambda family: Recipe(options_of(ShownTrainedBayes), None),
    }
