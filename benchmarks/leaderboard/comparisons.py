"""One method against another, world by world: what a table carries, and what it leaves undecided."""

from dataclasses import dataclass
from typing import Any

from compworld.benchmarks.leaderboard.sections import Section
from compworld.benchmarks.recipes.methods import ADAPTIVE
from compworld.benchmarks.scores import statistics
from compworld.benchmarks.scores.statistics import Estimate
from compworld.evaluation.interval import Tasks

COMPARISONS = (
    *((method, "no_adaptation", "fresh_episodes") for method in ADAPTIVE),
    *((hypernetwork, other, "held_out") for hypernetwork in ADAPTIVE[:2] for other in ADAPTIVE[2:]),
    *((method, "memoryless", "fresh_episodes") for method in ("gru", "recurrent_hypernetwork", "transformer")),
    *(("recurrent_hypernetwork", other, "held_out") for other in ("gru", "transformer")),
    ("told_mixed_policy", "told_policy", "held_out"),
    ("bottleneck_transformer", "shown_transformer", "held_out"),
    ("linear_hypernetwork", "shown_transformer", "held_out"),
    ("told_network_2048", "told_network_128", "held_out"),
    ("told_hypernetwork", "told_network_2048", "held_out"),
)
"""(method, another, set): does adaptation help at all, do hypernetworks lead on combinations never trained, does a bottleneck
help, and does width alone?"""


@dataclass(frozen=True)
class Comparison:
    """A method's score minus another's.

    Attributes:
        method, other: their names.
        which: set of tasks.
        score: name of the score.
        seeds: of both; seed s plays in world s.
        worlds: what the differences of each world's tasks say.
        confidence: of the interval, such that all of a table hold together.
    """

    method: str
    other: str
    which: str
    score: str
    seeds: tuple[int, ...]
    worlds: list[Tasks]
    confidence: float

    @property
    def estimate(self) -> Estimate:
        """Mean difference over worlds."""
        return statistics.estimate(self.worlds, self.confidence)

    @property
    def verdict(self) -> str:
        """What the interval says of other worlds: of one world's tasks nothing can be said of them."""
        if len(self.worlds) == 1:
            return "over tasks of one world: no verdict"
        return "ahead" if self.estimate.low > 0 else "behind" if self.estimate.high < 0 else "undecided"

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "method": self.method,
            "other": self.other,
            "set": self.which,
            "metric": self.score,
            "seeds": list(self.seeds),
            "verdict": self.verdict,
            **statistics.record_of(self.worlds, self.confidence),
        }


def comparisons_of(section: Section) -> list[Comparison]:
    """Those that the section has methods for, in worlds that both have scores of."""
    rows = section.rows
    pairs = [
        (rows[method], rows[other], which, common)
        for method, other, which in COMPARISONS
        if method in rows and other in rows and (common := sorted(rows[method].results.keys() & rows[other].results.keys()))
    ]
    confidence = statistics.simultaneous(len(pairs))
    found = []
    for ours, theirs, which, common in pairs:
        scores = (row.scores(which, section.compared, common) for row in (ours, theirs))
        worlds = statistics.differences(*scores)
        found.append(Comparison(ours.method, theirs.method, which, section.compared, tuple(common), worlds, confidence))
    return found
