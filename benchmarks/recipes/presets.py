"""Recipes: settings with a name. A preset maps (family, method, seed) to a config; ``PRESETS`` lists them."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agents.adaptation import InnerLoop
from agents.metatraining import OuterLoop
from benchmarks.config import Evaluation, RunConfig

ADAPTIVE = ("linear_hypernetwork", "deep_hypernetwork", "anil", "maml")
ALL_METHODS = (*ADAPTIVE, "no_adaptation", "oracle", "random")


@dataclass(frozen=True)
class Recipe:
    """What a preset sets for one family and method."""

    options: dict[str, Any]
    inner: InnerLoop
    outer: OuterLoop


@dataclass(frozen=True)
class Preset:
    """A named protocol.

    Attributes:
        title: one line about it.
        families: that it covers.
        seeds: number of seeds; seed s plays in world s.
        supports: supports of each family.
        recipes: by (family, method).
        common: further fields of the config by family.
    """

    title: str
    families: tuple[str, ...]
    seeds: int
    supports: dict[str, tuple[str, ...]]
    recipes: dict[tuple[str, str], Recipe]
    common: dict[str, dict[str, Any]]

    def config(self, family: str, method: str, seed: int, support: str | None = None, **changes: Any) -> RunConfig:
        """The config of one cell; a user's own method takes ANIL's loops.

        Raises:
            ValueError: the preset does not cover the family.
        """
        if family not in self.families:
            raise ValueError(f"this preset has no family {family!r}; allowed: {', '.join(map(repr, self.families))}")
        recipe = self.recipes.get((family, method))
        if recipe is None:
            recipe = Recipe({}, self.recipes[family, "anil"].inner, self.recipes[family, "anil"].outer)
        settings = {
            "family": family,
            "method": method,
            "inner": recipe.inner,
            "outer": recipe.outer,
            "method_options": recipe.options,
            "seed": seed,
            "world": seed,
            "support": support or self.supports[family][0],
            **self.common[family],
            **changes,
        }
        return RunConfig(**settings)

    def configs(self, methods: tuple[str, ...] = ALL_METHODS, families: tuple[str, ...] | None = None) -> list[RunConfig]:
        """Every cell: families x supports x methods x seeds."""
        return [
            self.config(family, method, seed, support)
            for family in families or self.families
            for support in self.supports[family]
            for seed in range(self.seeds)
            for method in methods
        ]


def _with_floors(recipes: dict[tuple[str, str], Recipe]) -> dict[tuple[str, str], Recipe]:
    """Add the floors and the oracle: the network of ANIL without adaptation, that of the linear hypernetwork with the task."""
    none = InnerLoop(0, 0.0)
    for family in {family for family, _ in recipes}:
        anil, linear = recipes[family, "anil"], recipes[family, "linear_hypernetwork"]
        recipes[family, "no_adaptation"] = Recipe(anil.options, none, anil.outer)
        sizes = {name: linear.options[name] for name in ("width", "hidden_layers", "templates")}
        recipes[family, "oracle"] = Recipe(sizes, none, linear.outer)
        recipes[family, "random"] = Recipe({}, none, OuterLoop(1, 0.0))
    return recipes


def _iclr2024() -> Preset:
    """The paper's protocol (arXiv 2312.15001, appendix C): sizes, inner and outer loops of every method."""
    p, g, t = "preferences", "goals", "teacher"
    p_steps, g_steps = 100_000, 200_000
    modules = 4  # of the teacher, which sets the number of templates

    def hypernetwork(width: int, hidden_layers: int, templates: int) -> dict[str, int]:
        return {"width": width, "hidden_layers": hidden_layers, "templates": templates}

    def network(width: int, hidden_layers: int) -> dict[str, int]:
        return {"width": width, "hidden_layers": hidden_layers}

    recipes = {
        (p, "linear_hypernetwork"): Recipe(
            hypernetwork(64, 3, 32), InnerLoop(10, 0.1), OuterLoop(p_steps, 3e-4, clip=1.0, tasks_at_once=32)
        ),
        (p, "deep_hypernetwork"): Recipe(
            hypernetwork(64, 2, 32), InnerLoop(10, 0.1), OuterLoop(p_steps, 3e-4, tasks_at_once=64)
        ),
        (p, "anil"): Recipe(network(512, 4), InnerLoop(100, 0.01, minibatch=64), OuterLoop(p_steps, 3e-4, tasks_at_once=32)),
        (p, "maml"): Recipe(network(368, 3), InnerLoop(10, 0.01), OuterLoop(p_steps, 1e-3, tasks_at_once=8)),
        (g, "linear_hypernetwork"): Recipe(
            hypernetwork(32, 2, 8), InnerLoop(10, 0.3), OuterLoop(g_steps, 3e-3, tasks_at_once=64)
        ),
        (g, "deep_hypernetwork"): Recipe(
            hypernetwork(32, 2, 8), InnerLoop(10, 0.1), OuterLoop(g_steps, 1e-3, tasks_at_once=64)
        ),
        (g, "anil"): Recipe(network(512, 2), InnerLoop(100, 0.01), OuterLoop(g_steps, 1e-3, tasks_at_once=64)),
        (g, "maml"): Recipe(network(384, 2), InnerLoop(10, 0.01), OuterLoop(g_steps, 1e-3, clip=1.0, tasks_at_once=8)),
        (t, "linear_hypernetwork"): Recipe(
            hypernetwork(128, 3, 4 * modules), InnerLoop(10, 0.3), OuterLoop(g_steps, 1e-3, clip=1.0, tasks_at_once=16)
        ),
        (t, "deep_hypernetwork"): Recipe(
            hypernetwork(128, 3, 4 * modules), InnerLoop(10, 0.3), OuterLoop(g_steps, 3e-3, clip=1.0, tasks_at_once=16)
        ),
        (t, "anil"): Recipe(
            network(512, 3), InnerLoop(100, 0.03, minibatch=64), OuterLoop(g_steps, 1e-3, weight_decay=1e-4, tasks_at_once=16)
        ),
        (t, "maml"): Recipe(network(384, 3), InnerLoop(10, 0.01), OuterLoop(g_steps, 1e-3, weight_decay=1e-4, tasks_at_once=8)),
    }
    evaluation = Evaluation(validate_every=1000, validation_tasks=128, tasks=1024, query_episodes=1, rollout_episodes=4)
    return Preset(
        "the paper's settings and budgets; days on a CPU",
        (p, g, t),
        3,
        {
            p: ("random", "non_compositional", "connected", "disconnected"),
            g: ("random", "non_compositional"),
            t: ("random", "non_compositional"),
        },
        _with_floors(recipes),
        {
            p: {
                "imitation": "action_values",
                "support_episodes": 16,
                "query_episodes": 16,
                "evaluation": evaluation,
            },
            g: {"imitation": "optimal_action", "evaluation": evaluation},
            t: {
                "imitation": "probabilities",
                "support_episodes": 256,
                "query_episodes": 256,
                "evaluation": dataclasses.replace(evaluation, query_episodes=256),
            },
        },
    )


def _quick() -> Preset:
    """Small families, minutes on a laptop. How the settings were found: docs/decisions/0004-quick-preset.md."""
    p, g, t = "preferences-small", "goals-small", "teacher-small"
    of_teacher, common_of_teacher = _small_teacher(500)

    def recipe(family: str, options: dict[str, int], inner_rate: float, outer_rate: float) -> Recipe:
        # Every method sees the same tasks.
        steps, at_once = {p: (550, 16), g: (750, 32)}[family]
        outer = OuterLoop(steps, outer_rate, schedule="cosine", warmup=steps // 10, tasks_at_once=at_once)
        return Recipe(options, InnerLoop(10, inner_rate), outer)

    hypernetwork = {"width": 32, "hidden_layers": 2, "templates": 8}
    wide, narrow = {"width": 128, "hidden_layers": 2}, {"width": 64, "hidden_layers": 2}
    recipes = {
        (p, "linear_hypernetwork"): recipe(p, hypernetwork, 0.3, 1e-2),
        (p, "deep_hypernetwork"): recipe(p, hypernetwork, 0.1, 3.3e-3),
        (p, "anil"): recipe(p, wide, 0.03, 1e-2),
        (p, "maml"): recipe(p, narrow, 0.001, 3e-2),
        (g, "linear_hypernetwork"): recipe(g, hypernetwork, 0.03, 3e-2),
        (g, "deep_hypernetwork"): recipe(g, hypernetwork, 0.03, 3.3e-3),
        (g, "anil"): recipe(g, wide, 0.009, 1e-2),
        (g, "maml"): recipe(g, narrow, 0.001, 1e-2),
        **of_teacher,
    }
    evaluation = Evaluation(validate_every=100)
    return Preset(
        "small families, minutes on two cores",
        (p, g, t),
        3,
        {p: ("random",), g: ("random",), t: ("random",)},
        _with_floors(recipes),
        {
            p: {
                "imitation": "optimal_action",
                "meta_batch": 32,
                "support_episodes": 16,
                "query_episodes": 16,
                "evaluation": evaluation,
            },
            g: {"imitation": "optimal_action", "meta_batch": 64, "evaluation": evaluation},
            t: common_of_teacher,
        },
    )


EVENING_STEPS = {
    ("preferences", "linear_hypernetwork"): 4_500,
    ("preferences", "deep_hypernetwork"): 6_000,
    ("preferences", "anil"): 1_050,
    ("preferences", "maml"): 220,
    ("goals", "linear_hypernetwork"): 60_000,
    ("goals", "deep_hypernetwork"): 30_000,
    ("goals", "anil"): 11_000,
    ("goals", "maml"): 1_100,
}
"""Outer steps in about 2,000 s of one core with another run beside it; floors take those of the network they share."""


def _evening() -> Preset:
    """The paper's settings with equal time for every method: 24 runs of about 2,000 s, two at a time, and the floors."""
    paper = _iclr2024()
    families = "preferences", "goals"
    recipes = {}
    for (family, method), recipe in paper.recipes.items():
        if family not in families:
            continue
        steps = EVENING_STEPS.get((family, {"no_adaptation": "anil", "oracle": "linear_hypernetwork"}.get(method, method)))
        if steps is not None:
            outer = dataclasses.replace(recipe.outer, steps=steps, schedule="cosine", warmup=steps // 10)
            recipe = dataclasses.replace(recipe, outer=outer)
        recipes[family, method] = recipe
    evaluation = Evaluation(validate_every=60, tasks=512, query_episodes=1)
    return Preset(
        "the paper's settings, equal time for every method: about 8 hours on two cores",
        families,
        3,
        dict.fromkeys(families, ("random",)),
        recipes,
        {family: {**paper.common[family], "evaluation": evaluation} for family in families},
    )


SMALL_TEACHER_RATES = {
    500: {"linear_hypernetwork": (0.03, 3e-2), "deep_hypernetwork": (0.1, 1e-2), "anil": (0.01, 1e-2), "maml": (0.003, 1e-2)},
    3000: {"linear_hypernetwork": (0.03, 3e-2), "deep_hypernetwork": (0.3, 1e-2), "anil": (0.01, 1e-2), "maml": (0.003, 1e-2)},
}
"""Inner and outer learning rate for each number of outer steps. How they were found: docs/decisions/0006-small-teacher.md."""


def _small_teacher(steps: int) -> tuple[dict[tuple[str, str], Recipe], dict[str, Any]]:
    """Recipes and further fields for the small Teacher."""
    t = "teacher-small"
    hypernetwork = {"width": 32, "hidden_layers": 1, "templates": 8}
    options = {
        "linear_hypernetwork": {**hypernetwork, "normalised_start": True},
        "deep_hypernetwork": hypernetwork,
        "anil": {"width": 128, "hidden_layers": 2},
        "maml": {"width": 64, "hidden_layers": 2},
    }
    recipes = {
        (t, method): Recipe(
            options[method],
            InnerLoop(10, inner_rate),
            OuterLoop(steps, outer_rate, clip=1.0, schedule="cosine", warmup=steps // 10),
        )
        for method, (inner_rate, outer_rate) in SMALL_TEACHER_RATES[steps].items()
    }
    common = {
        "imitation": "action_values",
        "meta_batch": 32,
        "support_episodes": 16,
        "query_episodes": 16,
        "evaluation": Evaluation(validate_every=100, query_episodes=64),
    }
    return recipes, common


def _teacher() -> Preset:
    """The small Teacher with more steps and seeds than in the quick preset."""
    t = "teacher-small"
    recipes, common = _small_teacher(3000)
    return Preset(
        "the small Teacher, a quarter of an hour on two cores", (t,), 5, {t: ("random",)}, _with_floors(recipes), {t: common}
    )


PRESET_MAKERS: dict[str, Callable[[], Preset]] = {
    "quick": _quick,
    "teacher": _teacher,
    "evening": _evening,
    "iclr2024": _iclr2024,
}


def preset(name: str) -> Preset:
    """A preset by name.

    Raises:
        ValueError: unknown name.
    """
    if name not in PRESET_MAKERS:
        raise ValueError(f"unknown preset {name!r}; allowed: {', '.join(map(repr, PRESET_MAKERS))}")
    return PRESET_MAKERS[name]()
