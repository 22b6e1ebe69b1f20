"""Where on a line intervals are drawn, in percent of its length."""

from collections.abc import Sequence
from dataclasses import dataclass

from compworld.benchmarks.leaderboard.published import PublishedEstimate
from compworld.benchmarks.recipes.methods import FLOORS, title_of
from compworld.benchmarks.reports.style import limits_of
from compworld.benchmarks.site.entries import Listing
from compworld.benchmarks.site.ranks import is_line


@dataclass(frozen=True)
class Mark:
    """A line that all intervals of a column are seen against."""

    at: float
    kind: str
    title: str


@dataclass(frozen=True)
class Drawn:
    """An interval and its value."""

    low: float
    high: float
    at: float


@dataclass(frozen=True)
class Scale:
    """The values at both ends of a line; what lies beyond is drawn at its end."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """A value's place."""
        return round(100 * min(1.0, max(0.0, (value - self.low) / (self.high - self.low))), 1)

    def drawn(self, found: PublishedEstimate) -> Drawn | None:
        """An estimate's places, None where it has no value; one without an interval is drawn as a point."""
        if found.value is None:
            return None
        low, high = (found.value if end is None else end for end in (found.low, found.high))
        return Drawn(self.at(low), self.at(high), self.at(found.value))


def scale_of(listing: Listing, score: str, sets: Sequence[str]) -> Scale:
    """A scale for a score on some sets: it shows every interval but those of floors, which may lie far below."""
    entries = [entry for entry in listing.entries if entry.row.method not in FLOORS] or listing.entries
    found = [entry.estimate(which, score) for entry in entries for which in sets]
    ends = [end for one in found if one is not None for end in (one.value, one.low, one.high) if end is not None]
    return Scale(*limits_of(ends or [0.0, 1.0], margin=0.02))


def marks_of(listing: Listing, which: str, score: str, scale: Scale) -> list[Mark]:
    """A line at the value of each floor and each exact agent."""
    marks = []
    for entry in listing.entries:
        found = entry.estimate(which, score)
        if is_line(entry) and found is not None and found.value is not None:
            kind = "floor" if entry.row.method in FLOORS else "bayes"
            marks.append(Mark(scale.at(found.value), kind, title_of(entry.row.method)))
    return marks
