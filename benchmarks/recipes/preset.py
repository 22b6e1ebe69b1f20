"""What a preset is: families with what all methods share on them, and a recipe for each method."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compworld import make_family
from compworld.agents import METHODS, NoAdaptation, ToldHypernetwork, UniformRandom
from compworld.agents.training import OuterLoop
from compworld.benchmarks.recipes.config import TRACKS, Evaluation, RunConfig, TrialTraining
from compworld.benchmarks.recipes.methods import method_class, options_of, parameters_of, track_of


@dataclass(frozen=True)
class Recipe:
    """How a method is built and meta-trained on one family."""

    options: dict[str, Any]
    """From :func:`compworld.benchmarks.recipes.methods.options_of`."""
    outer: OuterLoop | None
    imitation: str | None = None
    """What labels teach; by default what the protocol says."""


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
        trials: how methods that act do so; None where they are shown demonstrations.
        sizes: of the family, instead of its defaults.
        methods: those that this protocol has without being asked; by default all on its tracks that ``Preset.recipes`` has.
        seeds: instead of the preset's.
    """

    family: str
    imitation: str
    evaluation: Evaluation
    supports: tuple[str, ...] = ("random",)
    meta_batch: int = 128
    support_episodes: int = 1
    query_episodes: int = 1
    trials: TrialTraining | None = None
    sizes: dict[str, Any] = field(default_factory=dict)
    methods: tuple[str, ...] | None = None
    seeds: int | None = None

    def takes(self, track: str) -> bool:
        """Whether methods of a track are on it."""
        return (track == "shown") == (self.trials is None)


@dataclass(frozen=True)
class Preset:
    """A named protocol.

    Attributes:
        title: one line about it.
        seeds: number of seeds; seed s plays in world s.
        protocols: one for each family, and kind of tracks: demonstrations are shown, or trials are played.
        recipes: from a method's name to a function from the family's name to its recipe.
    """

    title: str
    seeds: int
    protocols: tuple[Protocol, ...]
    recipes: Mapping[str, Callable[[str], Recipe]]

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(protocol.family for protocol in self.protocols))

    @property
    def supports(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(support for protocol in self.protocols for support in protocol.supports))

    def protocol(self, family: str, track: str = "shown") -> Protocol:
        """What all methods of a track share on a family.

        Raises:
            ValueError: the preset does not cover it.
        """
        for protocol in self.protocols:
            if protocol.family == family and protocol.takes(track):
                return protocol
        if family not in self.families:
            raise ValueError(f"this preset has no family {family!r}; allowed: {', '.join(map(repr, self.families))}")
        there = [name for name in TRACKS if any(p.family == family and p.takes(name) for p in self.protocols)]
        raise ValueError(f"this preset has no track {track!r} on {family!r}; allowed: {', '.join(map(repr, there))}")

    def recipe(self, family: str, method: str) -> Recipe:
        """A method's recipe on a family. One of your own takes the outer loop of the method that its track's protocols are made
        for (ANIL, or the GRU), and its inner loop if it has one.

        Raises:
            ValueError: unknown method, one of ours that the preset has no recipe for, or the preset does not cover its track.
        """
        if method in self.recipes:
            return self.recipes[method](family)
        like = "anil" if track_of(method) == "shown" else "gru"
        if method in METHODS or like not in self.recipes:
            raise ValueError(f"this preset has no recipe for method {method!r}; allowed: {', '.join(map(repr, self.recipes))}")
        recipe = self.recipes[like](family)
        inner = recipe.options.get("inner")
        taken = {} if inner is None or "inner" not in parameters_of(method_class(method)) else {"inner": inner}
        return Recipe(taken, recipe.outer)

    def config(self, family: str, method: str, seed: int, support: str | None = None) -> RunConfig:
        """The config of one cell.

        Raises:
            ValueError: unknown method, or the preset does not cover the family.
        """
        track = track_of(method)
        protocol = self.protocol(family, track)
        recipe = self.recipe(family, method)
        return RunConfig(
            family,
            method,
            recipe.options,
            recipe.outer,
            protocol.evaluation,
            recipe.imitation or protocol.imitation,
            seed=seed,
            world=seed,
            sizes=protocol.sizes,
            support=support or protocol.supports[0],
            meta_batch=protocol.meta_batch,
            support_episodes=protocol.support_episodes,
            query_episodes=protocol.query_episodes,
            track=track,
            trials=protocol.trials,
        )

    def configs(
        self,
        methods: Sequence[str] | None = None,
        families: Sequence[str] | None = None,
        seeds: int | None = None,
        supports: Sequence[str] | None = None,
    ) -> list[RunConfig]:
        """Every cell: protocols x supports x seeds x methods, each once; by default the methods that each protocol has.

        Raises:
            ValueError: the preset does not cover a family, a method or a support, or a method none of those that are chosen.
        """
        for family in families or ():
            self.protocol(family, next(name for name in TRACKS if self.protocols[0].takes(name)))
        for support in supports or ():
            if support not in self.supports:
                allowed = ", ".join(map(repr, self.supports))
                raise ValueError(f"this preset has no support {support!r}; allowed: {allowed}")
        cells = [
            (protocol, support)
            for protocol in self.protocols
            if protocol.family in (families or self.families)
            for support in protocol.supports
            if support in (supports or self.supports)
        ]
        taken = {method for protocol, _ in cells for method in self._methods_of(protocol, methods)}
        for asked in (methods or ()) if cells else ():
            if asked not in taken:
                there = dict.fromkeys(name for protocol, _ in cells for name in self._methods_of(protocol, [*self.recipes]))
                raise ValueError(
                    f"this preset has method {asked!r} on none of the families and supports that are chosen; "
                    f"allowed: {', '.join(map(repr, there))}"
                )
        return [
            self.config(protocol.family, method, seed, support)
            for protocol, support in cells
            for seed in range(seeds or protocol.seeds or self.seeds)
            for method in self._methods_of(protocol, methods)
        ]

    def _methods_of(self, protocol: Protocol, methods: Sequence[str] | None) -> list[str]:
        """Of the methods, those that are on the protocol's tracks, cover its family, and are not another protocol's."""
        chosen = (protocol.methods or tuple(self.recipes)) if methods is None else methods
        family = make_family(protocol.family, **protocol.sizes)
        return [
            name
            for name in dict.fromkeys(chosen)
            if protocol.takes(track_of(name))
            and protocol in self._protocols_with(protocol, name)
            and method_class(name).covers(family)
        ]

    def _protocols_with(self, like: Protocol, method: str) -> list[Protocol]:
        """Of the protocols of a family and kind of tracks, those that name a method; the first where none does."""
        alike = [
            other for other in self.protocols if (other.family, other.trials is None) == (like.family, like.trials is None)
        ]
        return [other for other in alike if other.methods is None or method in other.methods] or alike[:1]


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
