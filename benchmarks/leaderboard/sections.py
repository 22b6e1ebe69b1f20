"""The leaderboard's numbers: a section for each family and support, a row for each method, columns from the family's scores."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from compworld import make_family
from compworld.agents import Actor
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.methods import method_class, track_of
from compworld.benchmarks.runs.executors import Outcome
from compworld.benchmarks.scores import statistics
from compworld.benchmarks.scores.names import SET_TITLES, headline, main_scores, title_of_score
from compworld.benchmarks.scores.statistics import Estimate
from compworld.benchmarks.scores.trials import GAIN, LOWER_FIFTH, episode_score
from compworld.evaluation.interval import DIFFERENCE, SCORE, Tasks
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
        results: of its runs that have scores, by seed: seed s plays in world s.
        problems: why a seed has none, or has diverged, by seed.
        recomputed_by: of an entry that was submitted, the command that made its scores again; its worlds are its own.
    """

    method: str
    results: dict[int, dict[str, Any]] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)
    recomputed_by: str = ""

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

    def worlds(self, which: str, score: str) -> list[Tasks]:
        """What each world's tasks say; ``which`` may be ``"gap"``: fresh episodes minus held out."""
        if which == "gap":
            fresh, held_out = (self.scores(name, score) for name in GENERALISATION)
            return statistics.differences(fresh, held_out)
        if score == LOWER_FIFTH:
            return statistics.lower_fifths(self.scores(which, score))
        return statistics.scored(self.scores(which, score), DIFFERENCE if score == GAIN else SCORE)

    def estimate(self, which: str, score: str) -> Estimate | None:
        """Mean over worlds with its interval, None if no world has scores."""
        return statistics.estimate(self.worlds(which, score)) if self.results else None


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
    def track(self) -> str:
        """The track that its methods are on, one of :data:`compworld.benchmarks.recipes.config.TRACKS`."""
        return "shown"

    @property
    def columns(self) -> list[tuple[str, str]]:
        """(set, score) of every column; a terminal has room for :attr:`narrow_columns` only."""
        return [*((which, score) for score in self.family.scores for which in GENERALISATION), ("gap", COMMON)]

    @property
    def narrow_columns(self) -> list[tuple[str, str]]:
        return [(which, score) for score in main_scores(self.family) for which in GENERALISATION]

    @property
    def scored(self) -> bool:
        """Whether a run of it has scores."""
        return any(row.results for row in self.rows.values())

    @property
    def only_references(self) -> bool:
        """Whether no method of it belongs to this section alone."""
        return False

    @property
    def compared(self) -> str:
        """The score by which methods are compared below the table: one, for each comparison more makes all less certain."""
        return headline(self.family)

    def key(self, which: str, score: str) -> tuple[str, str]:
        """How files name a column: the score of playing is ``closed_loop``, whichever a family has."""
        plays = self.family.expert is not None and score == self.family.scores[0]
        return which, "closed_loop" if plays else score


@dataclass(frozen=True)
class TrialSection(Section):
    """All methods of one kind that act, on one family and support.

    Attributes:
        kind: what they learn from, a key of :data:`KINDS`.
        episodes: K, of a trial.
    """

    kind: str = "labels"
    episodes: int = 1

    @property
    def title(self) -> str:
        return f"{self.family.label}, {self.support} support, {KINDS[self.kind]}"

    @property
    def track(self) -> str:
        return "told" if self.kind == "told" else "rewarded"

    @property
    def columns(self) -> list[tuple[str, str]]:
        first, last = (episode_score("episode", k) for k in (1, self.episodes))
        each = [(which, score) for score in (first, last, GAIN, LOWER_FIFTH) for which in GENERALISATION]
        success = [(which, episode_score("success", self.episodes)) for which in GENERALISATION]
        return [*each, *success, ("gap", last)]

    @property
    def narrow_columns(self) -> list[tuple[str, str]]:
        first, last = (episode_score("episode", k) for k in (1, self.episodes))
        return [(which, score) for score in (first, last) for which in GENERALISATION]

    @property
    def only_references(self) -> bool:
        return all(len(kinds_of(method)) > 1 for method in self.rows)

    @property
    def compared(self) -> str:
        return episode_score("episode", self.episodes)

    def key(self, which: str, score: str) -> tuple[str, str]:
        return which, score

    def first_and_last(self, row: Row, which: str) -> tuple[list[float], list[float]]:
        """Means of each world in the first episode of trials, and in the last."""
        first, last = (row.worlds(which, episode_score("episode", k)) for k in (1, self.episodes))
        return [world.mean for world in first], [world.mean for world in last]

    def curve(self, method: str, which: str) -> list[Estimate]:
        """The adaptation curve: the normalised return of each episode; empty if no run has scores."""
        found = [self.rows[method].estimate(which, episode_score("episode", k + 1)) for k in range(self.episodes)]
        return [estimate for estimate in found if estimate is not None]


KINDS = {
    "labels": "trials, trained with expert labels",
    "rewards": "trials, trained by reward",
    "told": "trials, told the task",
}
"""Sections of methods that act, never mixed: what they learn from."""

SHARED_KINDS = ("labels", "rewards")
"""Those in which references stand."""


def kinds_of(method: str) -> list[str]:
    """The sections that a method which acts stands in."""
    found = method_class(method)
    assert issubclass(found, Actor)
    if track_of(method) == "told":
        return ["told"]
    return list(SHARED_KINDS) if found.learns_from == "nothing" else [found.learns_from]


def heading(which: str, score: str) -> str:
    """How a table names a column."""
    return f"{title_of_score(score)}, {SET_TITLES[which]}"


def sections_of(outcomes: Sequence[Outcome]) -> list[Section]:
    """Collect the seeds of each method, and the methods of each family, support and kind.

    References that stand in the sections of several kinds make none of their own, unless there is no other of their family and
    support: then the first of these kinds is theirs.
    """
    found: dict[tuple[str, str, str], Section] = {}
    for outcome in outcomes:
        config = outcome.config
        for kind in ["shown"] if config.trials is None else kinds_of(config.method):
            place = config.family, config.support, kind
            if place not in found:
                found[place] = _section(config, kind)
            row = found[place].rows.setdefault(config.method, Row(config.method))
            if outcome.scored and outcome.result is not None:
                row.results[config.seed] = outcome.result
            if outcome.problem:
                row.problems[config.seed] = outcome.problem
    with_others = {
        (family, support)
        for (family, support, kind), section in found.items()
        if kind in SHARED_KINDS and not section.only_references
    }
    return [
        section
        for (family, support, kind), section in found.items()
        if not section.only_references or ((family, support) not in with_others and kind == SHARED_KINDS[0])
    ]


def _section(config: RunConfig, kind: str) -> Section:
    family = make_family(config.family, config.world, **config.sizes)
    if config.trials is None:
        return Section(family, config.support)
    return TrialSection(family, config.support, kind=kind, episodes=config.trials.episodes)
