"""What a preset is: families with what all methods share on them, and a recipe for each method."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agents import NoAdaptation, ToldHypernetwork, UniformRandom
from agents.training import OuterLoop
from benchmarks.recipes.config import Evaluation, RunConfig
from benchmarks.recipes.methods import ALL_METHODS, method_class, options_of, parameters_of


@dataclass(frozen=True)
class Recipe:
    """How a method is built and meta-trained on one family."""

    options: dict[str, Any]
    """From :func:`benchmarks.recipes.methods.options_of`."""
    outer: OuterLoop | None


@dataclass(frozen=True)
class Protocol:
    """What all methods share on one family.

    Attributes:
        family: its name.
        imitation: what demonstrations teach.
        evaluation: validation and scoring.
        supports: each of them is a table.
        meta_batch: tasks per outer step.
        support_episodes, query_episodes: demonstrations per task.
    """

    family: str
    imitation: str
    evaluation: Evaluation
    supports: tuple[str, ...] = ("random",)
    meta_batch: int = 128
    support_episodes: int = 1
    query_episodes: int = 1


@dataclass(frozen=True)
class Preset:
    """A named protocol.

    Attributes:
        title: one line about it.
        seeds: number of seeds; seed s plays in world s.
        protocols: one for each family.
        recipes: from a method's name to a function from the family's name to its recipe.
    """

    title: str
    seeds: int
    protocols: tuple[Protocol, ...]
    recipes: Mapping[str, Callable[[str], Recipe]]

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(protocol.family for protocol in self.protocols)

    def protocol(self, family: str) -> Protocol:
        """What all methods share on a family.

        Raises:
            ValueError: the preset does not cover it.
        """
        for protocol in self.protocols:
            if protocol.family == family:
                return protocol
        raise ValueError(f"this preset has no family {family!r}; allowed: {', '.join(map(repr, self.families))}")

    def recipe(self, family: str, method: str) -> Recipe:
        """A method's recipe on a family. One of your own takes ANIL's outer loop, and its inner loop if it has one.

        Raises:
            ValueError: unknown method.
        """
        if method in self.recipes:
            return self.recipes[method](family)
        anil = self.recipes["anil"](family)
        taken = {"inner": anil.options["inner"]} if "inner" in parameters_of(method_class(method)) else {}
        return Recipe(taken, anil.outer)

    def config(self, family: str, method: str, seed: int, support: str | None = None) -> RunConfig:
        """The config of one cell.

        Raises:
            ValueError: unknown method, or the preset does not cover the family.
        """
        protocol = self.protocol(family)
        recipe = self.recipe(family, method)
        return RunConfig(
            family,
            method,
            recipe.options,
            recipe.outer,
            protocol.evaluation,
            protocol.imitation,
            seed=seed,
            world=seed,
            support=support or protocol.supports[0],
            meta_batch=protocol.meta_batch,
            support_episodes=protocol.support_episodes,
            query_episodes=protocol.query_episodes,
        )

    def configs(
        self, methods: Sequence[str] = ALL_METHODS, families: Sequence[str] | None = None, seeds: int | None = None
    ) -> list[RunConfig]:
        """Every cell: families x supports x seeds x methods."""
        return [
            self.config(family, method, seed, support)
            for family in families or self.families
            for support in self.protocol(family).supports
            for seed in range(self.seeds if seeds is None else seeds)
            for method in methods
        ]


def with_schedule(recipe: Recipe, steps: int) -> Recipe:
    """The same recipe with so many outer steps, a tenth of them warm-up, then a cosine."""
    assert recipe.outer is not None
    return replace(recipe, outer=replace(recipe.outer, steps=steps, schedule="cosine", warmup=steps // 10))


def no_adaptation_like(anil: Recipe) -> Recipe:
    """Floor: the network of ANIL without adaptation, trained as that one is."""
    width, hidden_layers = anil.options["width"], anil.options["hidden_layers"]
    return Recipe(options_of(NoAdaptation, width=width, hidden_layers=hidden_layers), anil.outer)


def told_like(linear: Recipe) -> Recipe:
    """The linear hypernetwork's sizes, told the task's code instead of adapting."""
    width, hidden_layers, templates = (linear.options[name] for name in ("width", "hidden_layers", "templates"))
    return Recipe(options_of(ToldHypernetwork, width=width, hidden_layers=hidden_layers, templates=templates), linear.outer)


def random() -> Recipe:
    """Floor: nothing to set and nothing to train."""
    return Recipe(options_of(UniformRandom), None)


def recipes_of(
    linear: Callable[[str], Recipe],
    deep: Callable[[str], Recipe],
    anil: Callable[[str], Recipe],
    maml: Callable[[str], Recipe],
) -> dict[str, Callable[[str], Recipe]]:
    """A preset's recipes by method: those of the four that adapt, and what follows from them."""
    return {
        "linear_hypernetwork": linear,
        "deep_hypernetwork": deep,
        "anil": anil,
        "maml": maml,
        "no_adaptation": lambda family: no_adaptation_like(anil(family)),
        "told_hypernetwork": lambda family: told_like(linear(family)),
        "random": lambda family: random(),
    }
