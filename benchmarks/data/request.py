"""What is asked for, whatever the format."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from compworld.arguments import LARGEST_SEED, choice, integer
from compworld.benchmarks.data.episodes import BEHAVIOURS
from compworld.envs.observations import OBSERVATIONS
from compworld.envs.showing import settings_of
from compworld.families import Family, make_family
from compworld.fewshot import MOST_TASKS
from compworld.modules.splits import Split, make_split
from compworld.version import VERSION


@dataclass(frozen=True)
class Request:
    """Data of a family in a world. The same request gives the same data.

    Attributes:
        family_name: for :func:`compworld.make_family`.
        behaviour: a key of :data:`compworld.benchmarks.data.episodes.BEHAVIOURS`.
        splits: combinations of ``"train"``, ``"held_out"`` or ``"all"``; each gets data of its own.
        number: of episodes or tasks of each split.
        observation: of episodes, see :data:`compworld.envs.observations.OBSERVATIONS`.
        world: of mazes, preferences and split.
        support: how combinations are split.
        seed: of tasks, starts and random actions.
    """

    family_name: str
    behaviour: str = "expert"
    splits: tuple[str, ...] = ("train", "held_out")
    number: int = 100
    observation: str = "symbolic"
    world: int = 0
    support: str = "random"
    seed: int = 0

    def __post_init__(self) -> None:
        integer("number", self.number, 1, MOST_TASKS)
        integer("seed", self.seed, most=LARGEST_SEED)
        choice("behaviour", self.behaviour, BEHAVIOURS)
        choice("observation", self.observation, OBSERVATIONS)
        for which in self.splits:
            self.split.pool(which)
        if len(set(self.splits)) != max(1, len(self.splits)):
            raise ValueError(f"splits are {self.splits}; allowed: at least one, and each once")

    @cached_property
    def family(self) -> Family:
        """The family in its world."""
        return make_family(self.family_name, self.world)

    @cached_property
    def split(self) -> Split:
        """Which combinations are trained and which held out."""
        return make_split(self.family.space, self.support, self.world)

    @property
    def title(self) -> str:
        """Support, world and seed in words, for names of data sets."""
        return f"{self.support}-world{self.world}-seed{self.seed}"

    def settings(self) -> dict[str, Any]:
        """Where the data are from, as plain data: all that is needed to make them again, and the hash of the split."""
        return {**settings_of(self.family, self.split), "seed": self.seed, "number": self.number, "compworld": VERSION}
