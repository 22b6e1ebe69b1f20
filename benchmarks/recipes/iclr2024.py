"""The paper's protocol (arXiv 2312.15001, appendix C): sizes, inner and outer loops of every method."""

from dataclasses import replace

from compworld.agents import ANIL, MAML, DeepHypernetwork, InnerLoop, LinearHypernetwork
from compworld.agents.training import OuterLoop
from compworld.benchmarks.recipes import shown
from compworld.benchmarks.recipes.config import Evaluation
from compworld.benchmarks.recipes.methods import options_of
from compworld.benchmarks.recipes.preset import Preset, Protocol, Recipe, recipes_of

PREFERENCES, GOALS, TEACHER = "preferences", "goals", "teacher"
STEPS = {PREFERENCES: 100_000, GOALS: 200_000, TEACHER: 200_000}
TEACHER_TEMPLATES = 4 * 4
"""Four for each of its modules."""
SHOTS, HORIZON = 16, 8
"""Demonstrations of Preferences, and the steps that each is padded to where minibatches are drawn."""


def linear_hypernetwork(family: str) -> Recipe:
    steps = STEPS[family]
    if family == PREFERENCES:
        options = options_of(LinearHypernetwork, inner=InnerLoop(10, 0.1), width=64, hidden_layers=3, templates=32)
        return Recipe(options, OuterLoop(steps, 3e-4, clip=1.0, tasks_at_once=32))
    if family == GOALS:
        options = options_of(LinearHypernetwork, inner=InnerLoop(10, 0.3), width=32, hidden_layers=2, templates=8)
        return Recipe(options, OuterLoop(steps, 3e-3, tasks_at_once=64))
    options = options_of(LinearHypernetwork, inner=InnerLoop(10, 0.3), width=128, hidden_layers=3, templates=TEACHER_TEMPLATES)
    return Recipe(options, OuterLoop(steps, 1e-3, clip=1.0, tasks_at_once=16))


def deep_hypernetwork(family: str) -> Recipe:
    steps = STEPS[family]
    if family == PREFERENCES:
        options = options_of(DeepHypernetwork, inner=InnerLoop(10, 0.1), width=64, hidden_layers=2, templates=32)
        return Recipe(options, OuterLoop(steps, 3e-4, tasks_at_once=64))
    if family == GOALS:
        options = options_of(DeepHypernetwork, inner=InnerLoop(10, 0.1), width=32, hidden_layers=2, templates=8)
        return Recipe(options, OuterLoop(steps, 1e-3, tasks_at_once=64))
    options = options_of(DeepHypernetwork, inner=InnerLoop(10, 0.3), width=128, hidden_layers=3, templates=TEACHER_TEMPLATES)
    return Recipe(options, OuterLoop(steps, 3e-3, clip=1.0, tasks_at_once=16))


def anil(family: str) -> Recipe:
    steps = STEPS[family]
    if family == PREFERENCES:
        options = options_of(
            ANIL, inner=InnerLoop(100, 0.01, minibatch=64, minibatch_rows=SHOTS * HORIZON), width=512, hidden_layers=4
        )
        return Recipe(options, OuterLoop(steps, 3e-4, tasks_at_once=32))
    if family == GOALS:
        options = options_of(ANIL, inner=InnerLoop(100, 0.01), width=512, hidden_layers=2)
        return Recipe(options, OuterLoop(steps, 1e-3, tasks_at_once=64))
    options = options_of(ANIL, inner=InnerLoop(100, 0.03, minibatch=64), width=512, hidden_layers=3)
    return Recipe(options, OuterLoop(steps, 1e-3, weight_decay=1e-4, tasks_at_once=16))


def maml(family: str) -> Recipe:
    steps = STEPS[family]
    if family == PREFERENCES:
        options = options_of(MAML, inner=InnerLoop(10, 0.01), width=368, hidden_layers=3)
        return Recipe(options, OuterLoop(steps, 1e-3, tasks_at_once=8))
    if family == GOALS:
        options = options_of(MAML, inner=InnerLoop(10, 0.01), width=384, hidden_layers=2)
        return Recipe(options, OuterLoop(steps, 1e-3, clip=1.0, tasks_at_once=8))
    options = options_of(MAML, inner=InnerLoop(10, 0.01), width=384, hidden_layers=3)
    return Recipe(options, OuterLoop(steps, 1e-3, weight_decay=1e-4, tasks_at_once=8))


def preset() -> Preset:
    evaluation = Evaluation(validate_every=1000, validation_tasks=128, tasks=1024, query_episodes=1, rollout_episodes=4)
    protocols = (
        Protocol(
            PREFERENCES,
            "summed_action_values",
            evaluation,
            ("random", "non_compositional", "connected", "disconnected"),
            support_episodes=SHOTS,
            query_episodes=SHOTS,
        ),
        Protocol(GOALS, "optimal_action", evaluation, ("random", "non_compositional")),
        Protocol(
            TEACHER,
            "probabilities",
            replace(evaluation, query_episodes=256),
            ("random", "non_compositional"),
            support_episodes=256,
            query_episodes=256,
        ),
    )
    recipes = recipes_of(linear_hypernetwork, deep_hypernetwork, anil, maml)
    own = tuple(replace(protocol, methods=tuple(recipes)) for protocol in protocols)
    return Preset("the paper's settings and budgets; days on a CPU", 3, own, {**recipes, **shown.recipes(STEPS)})
