"""What an entry claims beside what was recomputed, and whether the one is more than chance leaves room for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compworld.benchmarks.leaderboard.sections import Row, Section, heading
from compworld.benchmarks.scores.statistics import Estimate, estimate, simultaneous, unpaired, without_interval
from compworld.benchmarks.submissions.entry import Scores
from compworld.benchmarks.submissions.failures import NotConfirmed
from compworld.benchmarks.submissions.recompute import FRESH, REPEATED, Recomputed

RESOLUTION = 0.005
"""Half of the last digit that a table shows: what is below is no difference."""
WORDS = {
    ("retrained", REPEATED): "in the claimed worlds",
    ("retrained", FRESH): "in fresh worlds",
    ("re-evaluated", REPEATED): "on the claimed tasks",
    ("re-evaluated", FRESH): "on fresh episodes in the claimed worlds",
    ("replayed", REPEATED): "from the recorded actions",
}
"""How, and of which kind, something was recomputed."""


@dataclass(frozen=True)
class Compared:
    """A claimed number and what was recomputed for it.

    Attributes:
        which, score: set and score.
        where: in words.
        claimed, recomputed: means over worlds with their 95 % intervals.
        excess: claimed minus recomputed, with an interval of its own confidence; None of numbers that are only shown.
    """

    which: str
    score: str
    where: str
    claimed: Estimate
    recomputed: Estimate
    excess: Estimate | None

    @property
    def inflated(self) -> bool:
        """Whether more is claimed than was recomputed, beyond chance."""
        return self.excess is not None and self.excess.low > RESOLUTION

    @property
    def sentence(self) -> str:
        """One line."""
        assert self.excess is not None
        e, name = self.excess, heading(self.which, self.score)
        return (
            f"{name}: claimed {self.claimed.value:.3f}, recomputed {self.where} {self.recomputed.value:.3f}: "
            f"the claim is {e.value:.3f} [{e.low:.3f}, {e.high:.3f}] too high"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        estimates = {name: getattr(self, name) for name in ("claimed", "recomputed", "excess")}
        plain = {name: None if found is None else found.as_dict() for name, found in estimates.items()}
        return {"set": self.which, "score": self.score, "where": self.where, **plain, "inflated": self.inflated}


def compare(section: Section, how: str, claims: dict[int, Scores], found: Sequence[Recomputed]) -> list[Compared]:
    """Every column that a narrow table has; the score that methods are compared by is judged, on both sets and in both ways.

    The intervals of all judged differences hold together in 95 % of cases: of 40 honest entries one is refused.

    Args:
        section: the table of the entry.
        how: the entry is recomputed.
        claims: scores by world.
        found: what was recomputed.

    Raises:
        NotConfirmed: a judged number is none.
    """
    kinds = sorted({one.kind for one in found}, reverse=True)
    columns, judged = section.narrow_columns, section.compared
    confidence = simultaneous(len(kinds) * sum(score == judged for _, score in columns))
    claimed = row_of("claimed", claims)
    compared = []
    for kind in kinds:
        again = {one.world: one.scores for one in found if one.kind == kind}
        recomputed = row_of("recomputed", again)
        for which, score in columns:
            claimed_means, means = _means(claims, which, score), _means(again, which, score)
            said, made = claimed.estimate(which, score), recomputed.estimate(which, score)
            assert said is not None
            assert made is not None
            excess = None
            if score == judged:
                if set(claimed_means) == set(means):  # the same worlds: paired
                    above = [without_interval(1, claimed_means[world] - means[world]) for world in claimed_means]
                    excess = estimate(above, confidence)
                else:
                    excess = unpaired(claimed.worlds(which, score), recomputed.worlds(which, score), confidence)
                if not excess.is_finite:
                    raise NotConfirmed(f"{heading(which, score)} is no number in some world")
            compared.append(Compared(which, score, WORDS[how, kind], said, made, excess))
    return compared


def row_of(name: str, scores: dict[int, Scores]) -> Row:
    """A row of a table, from scores by world."""
    return Row(name, {world: {"scores": of_world} for world, of_world in scores.items()})


def _means(scores: dict[int, Scores], which: str, score: str) -> dict[int, float]:
    """Of each world, over its tasks.

    Raises:
        NotConfirmed: a world lacks the score.
    """
    if any(score not in of_world[which] for of_world in scores.values()):
        raise NotConfirmed(f"{heading(which, score)} is missing in some world")
    return {world: float(np.mean(of_world[which][score])) for world, of_world in scores.items()}
