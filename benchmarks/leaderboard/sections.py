"""The leaderboard's numbers: a section for each family and support, a row for each method, columns from the family's scores."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.runs.executors import Outcome
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
    """One method.

    Attributes:
        method: its name.
        results: of its runs that have scores, by seed.
        problems: why a seed has none, or has diverged, by seed.
    """

    method: str
    results: dict[int, dict[str, Any]] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)
    _estimates: dict[tuple[str, str], Estimate] = field(default_factory=dict, repr=False)

    @property
    def state(self) -> str:
        """What a reader must know of its numbers: how many seeds have none, or have diverged."""
        absent, diverged = len(self.problems.keys() - self.results.keys()), len(self.problems.keys() & self.results.keys())
        seeds = len(self.problems.keys() | self.results.keys())
        found = [
            f"{number} of {seeds} seeds {state}" for number, state in ((absent, "missing"), (diverged, "diverged")) if number
        ]
        return ", ".join(found)

    def scores(self, which: str, score: str, seeds: Collection[int] | None = None) -> list[np.ndarray]:
        """Per-task scores of each seed, or of some of them."""
        chosen = self.results if seeds is None else sorted(seeds)
        return [np.asarray(self.results[seed]["scores"][which][score]) for seed in chosen]

    def estimate(self, which: str, score: str) -> Estimate | None:
        """Aggregate over seeds, None if none has scores; ``which`` may be ``"gap"``: fresh episodes minus held out."""
        if not self.results:
            return None
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


def sections_of(outcomes: Sequence[Outcome]) -> list[Section]:
    """Collect the seeds of each method, and the methods of each family and support."""
    found: dict[tuple[str, str], Section] = {}
    for outcome in outcomes:
        config = outcome.config
        place = config.family, config.support
        if place not in found:
            found[place] = Section(make_family(config.family, config.world, **config.sizes), config.support)
        row = found[place].rows.setdefault(config.method, Row(config.method))
        if outcome.scored and outcome.result is not None:
            row.results[config.seed] = outcome.result
        if outcome.problem:
            row.problems[config.seed] = outcome.problem
    return list(found.values())
