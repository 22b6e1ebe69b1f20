"""Small families, minutes on a laptop. How the settings were found: docs/decisions/0004-quick-preset.md."""

from dataclasses import replace

from compworld.agents import ANIL, MAML, DeepHypernetwork, InnerLoop, LinearHypernetwork
from compworld.agents.training import OuterLoop
from compworld.benchmarks.recipes import rewarded, shown, teacher
from compworld.benchmarks.recipes.config import Evaluation
from compworld.benchmarks.recipes.methods import options_of
from compworld.benchmarks.recipes.preset import Preset, Protocol, Recipe, recipes_of

PREFERENCES, GOALS, TEACHER = "preferences-small", "goals-small", teacher.FAMILY
TEACHER_STEPS = 500
STEPS = {PREFERENCES: 550, GOALS: 750, TEACHER: TEACHER_STEPS}
ACTING_STEPS = {PREFERENCES: 200, GOALS: 125}


def linear_hypernetwork(family: str) -> Recipe:
    if family == TEACHER:
        return teacher.linear_hypernetwork(TEACHER_STEPS)
    inner, outer = {PREFERENCES: (0.3, 1e-2), GOALS: (0.03, 3e-2)}[family]
    options = options_of(LinearHypernetwork, inner=InnerLoop(10, inner), width=32, hidden_layers=2, templates=8)
    return Recipe(options, _outer(family, outer))


def deep_hypernetwork(family: str) -> Recipe:
    if family == TEACHER:
        return teacher.deep_hypernetwork(TEACHER_STEPS)
    inner = {PREFERENCES: 0.1, GOALS: 0.03}[family]
    options = options_of(DeepHypernetwork, inner=InnerLoop(10, inner), width=32, hidden_layers=2, templates=8)
    return Recipe(options, _outer(family, 3.3e-3))


def anil(family: str) -> Recipe:
    if family == TEACHER:
        return teacher.anil(TEACHER_STEPS)
    inner = {PREFERENCES: 0.03, GOALS: 0.009}[family]
    return Recipe(options_of(ANIL, inner=InnerLoop(10, inner), width=128, hidden_layers=2), _outer(family, 1e-2))


def maml(family: str) -> Recipe:
    if family == TEACHER:
        return teacher.maml(TEACHER_STEPS)
    outer = {PREFERENCES: 3e-2, GOALS: 1e-2}[family]
    return Recipe(options_of(MAML, inner=InnerLoop(10, 0.001), width=64, hidden_layers=2), _outer(family, outer))


def _outer(family: str, learning_rate: float) -> OuterLoop:
    """Every method sees the same tasks."""
    steps, tasks_at_once = STEPS[family], {PREFERENCES: 16, GOALS: 32}[family]
    return OuterLoop(steps, learning_rate, schedule="cosine", warmup=steps // 10, tasks_at_once=tasks_at_once)


def preset() -> Preset:
    evaluation = Evaluation(validate_every=100)
    recipes = recipes_of(linear_hypernetwork, deep_hypernetwork, anil, maml)
    protocols = (
        Protocol(PREFERENCES, "optimal_action", evaluation, meta_batch=32, support_episodes=16, query_episodes=16),
        Protocol(GOALS, "optimal_action", evaluation, meta_batch=64),
        teacher.PROTOCOL,
    )
    # The other baselines are run where they are asked for: the ten minutes do not hold them.
    first = tuple(replace(protocol, methods=tuple(recipes)) for protocol in protocols)
    # Two agents that adapt by acting, in one world and for half a minute each: a look at the tracks of `rewarded-quick`.
    acting = tuple(rewarded.protocol(family, rewarded.COMPARED, seeds=1) for family in (PREFERENCES, GOALS))
    recipes = {**recipes, **shown.recipes(STEPS), **rewarded.recipes(ACTING_STEPS)}
    return Preset("small families, minutes on two cores", 3, first + acting, recipes)
