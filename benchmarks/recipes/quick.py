"""Small families, minutes on a laptop. How the settings were found: docs/decisions/0004-quick-preset.md."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from compworld.agents import ANIL, MAML, DeepHypernetwork, InnerLoop, LinearHypernetwork
from compworld.agents.training import OuterLoop
from compworld.benchmarks.recipes import rewarded, shown, teacher
from compworld.benchmarks.recipes.config import Evaluation
from compworld.benchmarks.recipes.methods import options_of
from compworld.benchmarks.recipes.preset import Preset, Protocol, Recipe, recipes_of

PREFERENCES, GOALS, TEACHER = "preferences-small", "goals-small", teacher.FAMILY
STEPS = {PREFERENCES: 550, GOALS: 750, TEACHER: 500}
ACTING_STEPS = {PREFERENCES: 200, GOALS: 125}


FIRST = (
    "linear_hypernetwork",
    "deep_hypernetwork",
    "anil",
    "maml",
    "no_adaptation",
    "told_hypernetwork",
    "random",
)
"""Who is run without being asked for: ten minutes do not hold the other baselines."""


def recipes(steps: Mapping[str, int]) -> dict[str, Callable[[str], Recipe]]:
    """A recipe for each method of the tracks shown and told; every method sees the same tasks.

    Args:
        steps: outer steps on each family.
    """

    def outer(family: str, learning_rate: float) -> OuterLoop:
        number, tasks_at_once = steps[family], {PREFERENCES: 16, GOALS: 32}[family]
        return OuterLoop(number, learning_rate, schedule="cosine", warmup=number // 10, tasks_at_once=tasks_at_once)

    def linear_hypernetwork(family: str) -> Recipe:
        if family == TEACHER:
            return teacher.linear_hypernetwork(steps[family])
        inner, rate = {PREFERENCES: (0.3, 1e-2), GOALS: (0.03, 3e-2)}[family]
        options = options_of(
            LinearHypernetwork, inner=InnerLoop(10, inner), width=32, hidden_layers=2, templates=8, hidden_biases=False
        )
        return Recipe(options, outer(family, rate))

    def deep_hypernetwork(family: str) -> Recipe:
        if family == TEACHER:
            return teacher.deep_hypernetwork(steps[family])
        inner = {PREFERENCES: 0.1, GOALS: 0.03}[family]
        options = options_of(
            DeepHypernetwork, inner=InnerLoop(10, inner), width=32, hidden_layers=2, templates=8, hidden_biases=False
        )
        return Recipe(options, outer(family, 3.3e-3))

    def anil(family: str) -> Recipe:
        if family == TEACHER:
            return teacher.anil(steps[family])
        inner = {PREFERENCES: 0.03, GOALS: 0.009}[family]
        return Recipe(options_of(ANIL, inner=InnerLoop(10, inner), width=128, hidden_layers=2), outer(family, 1e-2))

    def maml(family: str) -> Recipe:
        if family == TEACHER:
            return teacher.maml(steps[family])
        rate = {PREFERENCES: 3e-2, GOALS: 1e-2}[family]
        return Recipe(options_of(MAML, inner=InnerLoop(10, 0.001), width=64, hidden_layers=2), outer(family, rate))

    return {**recipes_of(linear_hypernetwork, deep_hypernetwork, anil, maml), **shown.recipes(steps)}


def protocols() -> tuple[Protocol, ...]:
    """What methods share on each of the small families."""
    evaluation = Evaluation(validate_every=100)
    return (
        Protocol(
            PREFERENCES,
            "optimal_action",
            evaluation,
            meta_batch=32,
            support_episodes=16,
            query_episodes=16,
            methods=FIRST,
        ),
        Protocol(GOALS, "optimal_action", evaluation, meta_batch=64, methods=FIRST),
        replace(teacher.PROTOCOL, methods=FIRST),
    )


def preset() -> Preset:
    # Two worlds more where they are cheap and decide: in three, next to no difference can be told from none.
    shown_first = tuple(replace(protocol, seeds=5) if protocol.family == TEACHER else protocol for protocol in protocols())
    # Two agents that adapt by acting, in one world and for half a minute each: a look at the tracks of `rewarded-quick`.
    acting = tuple(rewarded.protocol(family, rewarded.COMPARED, seeds=1) for family in (PREFERENCES, GOALS))
    every = {**recipes(STEPS), **rewarded.recipes(ACTING_STEPS)}
    return Preset("small families, minutes on two cores", 3, shown_first + acting, every)
