"""The leaderboard's numbers: a section for each family and support, a row for each method, columns from the family's scores."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.recipes.config import RunConfig
from benchmarks.scores import statistics
from benchmarks.scores.names import SET_TITLES, main_scores, title_of_score
from benchmarks.scores.statistics import Estimate
from compworld import make_family
from compworld.families.family import Family

GENERALISATION = ("fresh_episodes", "held_out")
"""The sets that tables compare."""

COMMON = "action_accuracy"
"""Every family has it; its gap stands in the last column."""


@dataclass(frozen=True)
class Row:
    """One method: the results of its runs, one for each seed."""

    method: str
    results: list[dict[str, Any]] = field(default_factory=list)
    _estimates: dict[tuple[str, str], Estimate] = field(default_factory=dict, repr=False)

    def scores(self, which: str, score: str) -> list[np.ndarray]:
        """Per-task scores of each seed."""
        return [np.asarray(result["scores"][which][score]) for result in self.results]

    def estimate(self, which: str, score: str) -> Estimate:
        """Aggregate over seeds; ``which`` may be ``"gap"``: fresh episodes minus held out."""
        if (which, score) not in self._estimates:
            rng = np.random.default_rng(0)
            if which == "gap":
                fresh, held_out = (self.scores(name, score) for name in GENERALISATION)
                self._estimates[which, score] = statistics.difference(fresh, held_out, rng)
            else:
                self._estimates[which, score] = statistics.estimate(self.scores(which, score), rng)
        return self._estimates[which, score]


@dataclass(frozen=True)
class Section:
    """All methods on one family and support."""

    family: Family
    support: str
    rows: dict[str, Row] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"{self.family.label}, {self.support} support"

    @property
    def columns(self) -> list[tuple[str, str]]:
        """(set, score) of every column; a terminal has room for :attr:`narrow_columns` only."""
        return [*((which, score) for score in self.family.scores for which in GENERALISATION), ("gap", COMMON)]

    @property
    def narrow_columns(self) -> list[tuple[str, str]]:
        return [(which, score) for score in main_scores(self.family) for which in GENERALISATION]

    def key(self, which: str, score: str) -> tuple[str, str]:
        """How files name a column: the score of playing is ``closed_loop``, whichever a family has."""
        plays = self.family.expert is not None and score == self.family.scores[0]
        return which, "closed_loop" if plays else score


def heading(which: str, score: str) -> str:
    """How a table names a column."""
    return f"{title_of_score(score)}, {SET_TITLES[which]}"


def sections_of(configs: Sequence[RunConfig], results: Sequence[dict[str, Any]]) -> list[Section]:
    """Collect the seeds of each method, and the methods of each family and support."""
    found: dict[tuple[str, str], Section] = {}
    for config, result in zip(configs, results, strict=True):
        place = config.family, config.support
        if place not in found:
            found[place] = Section(make_family(config.family, config.world, **config.sizes), config.support)
        found[place].rows.setdefault(config.method, Row(config.method)).results.append(result)
    return list(found.values())
