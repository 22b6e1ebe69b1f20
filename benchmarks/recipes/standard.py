"""The standard ids in their full sizes with networks for CPUs: a night.

How the settings were found: docs/decisions/0026-standard-preset.md.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from compworld.agents import ANIL, MAML, DeepHypernetwork, InnerLoop, LinearHypernetwork
from compworld.agents.training import OuterLoop
from compworld.benchmarks.recipes import shown
from compworld.benchmarks.recipes.config import Evaluation
from compworld.benchmarks.recipes.hour import EXACT
from compworld.benchmarks.recipes.methods import options_of
from compworld.benchmarks.recipes.preset import Preset, Protocol, Recipe, recipes_of
from compworld.benchmarks.recipes.quick import FIRST

PREFERENCES, GOALS, TEACHER = "preferences", "goals", "teacher"
STEPS = {PREFERENCES: 6_000, GOALS: 15_000, TEACHER: 5_000}
RATES: dict[str, dict[str, tuple[float | None, float]]] = {
    PREFERENCES: {
        "linear_hypernetwork": (0.1, 0.01),
        "deep_hypernetwork": (0.1, 0.0033),
        "anil": (0.03, 0.01),
        "maml": (0.001, 0.03),
        "no_adaptation": (None, 0.03),
        "told_hypernetwork": (None, 0.03),
    },
    GOALS: {
        "linear_hypernetwork": (0.03, 0.03),
        "deep_hypernetwork": (0.03, 0.0033),
        "anil": (0.009, 0.01),
        "maml": (0.001, 0.01),
        "no_adaptation": (None, 0.03),
        "told_hypernetwork": (None, 0.03),
    },
    TEACHER: {
        "linear_hypernetwork": (0.1, 0.01),
        "deep_hypernetwork": (0.3, 0.0033),
        "anil": (0.01, 0.01),
        "maml": (0.003, 0.01),
        "no_adaptation": (None, 0.03),
        "told_hypernetwork": (None, 0.03),
    },
}
"""Inner and outer learning rates that validation chose: the lowest loss of a record in `results/tuning`."""

WIDTHS = {PREFERENCES: 32, GOALS: 32, TEACHER: 64}
TEMPLATES = {PREFERENCES: 16, GOALS: 8, TEACHER: 16}
"""Of hypernetworks, as are the widths."""

COMPARED = ("linear_hypernetwork", "anil")
"""Who is trained under theory's conditions, too."""
CONDITIONS = ("connected", "disconnected", "compositional", "non_compositional")


def recipes() -> dict[str, Callable[[str], Recipe]]:
    """A recipe for each method; every method sees the same tasks."""

    def inner(family: str, method: str) -> InnerLoop:
        rate = RATES[family][method][0]
        assert rate is not None, "only who adapts has an inner loop"
        return InnerLoop(10, rate)

    def outer(family: str, method: str) -> OuterLoop:
        steps, clip = STEPS[family], 1.0 if family == TEACHER else 2.0
        return OuterLoop(steps, RATES[family][method][1], clip=clip, schedule="cosine", warmup=steps // 10, tasks_at_once=16)

    def mixing(build: type[LinearHypernetwork] | type[DeepHypernetwork], method: str) -> Callable[[str], Recipe]:
        def recipe(family: str) -> Recipe:
            sizes = {"width": WIDTHS[family], "hidden_layers": 2, "templates": TEMPLATES[family]}
            options = options_of(build, inner=inner(family, method), hidden_biases=False, **sizes)
            return Recipe(options, outer(family, method))

        return recipe

    def anil(family: str) -> Recipe:
        return Recipe(options_of(ANIL, inner=inner(family, "anil"), width=128, hidden_layers=2), outer(family, "anil"))

    def maml(family: str) -> Recipe:
        return Recipe(options_of(MAML, inner=inner(family, "maml"), width=64, hidden_layers=2), outer(family, "maml"))

    linear, deep = mixing(LinearHypernetwork, "linear_hypernetwork"), mixing(DeepHypernetwork, "deep_hypernetwork")
    found = recipes_of(linear, deep, anil, maml)
    # Those that take over a network have rates of their own.
    for name in ("no_adaptation", "told_hypernetwork"):
        found[name] = _with_outer(found[name], partial(outer, method=name))
    return {**found, **shown.recipes(STEPS)}


def _with_outer(recipe: Callable[[str], Recipe], outer: Callable[[str], OuterLoop]) -> Callable[[str], Recipe]:
    return lambda family: replace(recipe(family), outer=outer(family))


def protocols() -> tuple[Protocol, ...]:
    """What methods share on each family: all of them with random support, those that are compared under each condition."""
    evaluation = Evaluation(validate_every=500)
    shared = (
        Protocol(PREFERENCES, "optimal_action", evaluation, meta_batch=32, support_episodes=16, query_episodes=16),
        Protocol(GOALS, "optimal_action", evaluation, meta_batch=64),
        Protocol(
            TEACHER,
            "probabilities",
            replace(evaluation, query_episodes=64),
            meta_batch=32,
            support_episodes=64,
            query_episodes=64,
        ),
    )
    first = tuple(replace(protocol, methods=FIRST if protocol.family == TEACHER else FIRST + EXACT) for protocol in shared)
    conditions = tuple(replace(protocol, supports=CONDITIONS, methods=COMPARED) for protocol in shared)
    return first + conditions


def preset() -> Preset:
    return Preset("the standard ids in five worlds with networks for CPUs, a night on two cores", 5, protocols(), recipes())
