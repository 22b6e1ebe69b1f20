"""Ranks within a table, with ties: who cannot be told apart shares one."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from compworld.benchmarks.recipes.methods import FLOORS, REFERENCES, TOLD
from compworld.benchmarks.scores.statistics import Estimate, estimate, simultaneous, unpaired, without_interval
from compworld.benchmarks.site.entries import Entry, Listing

RULE = (
    "Ranks are by the main score on held-out combinations, within one version of the benchmark. A row shares the rank of the "
    "best of its group unless it is behind that one by an interval that does not touch 0: paired by world, or unpaired where "
    "they played in different worlds, as submitted entries do; and so wide that all pairs of a table hold together in 95 % of "
    "tables. References, and rows of a single world, have no rank."
)
LEAST = 2
"""Worlds that an interval over worlds takes."""


def is_line(entry: Entry) -> bool:
    """Whether others are seen against it: floors, and exact agents that know the rules."""
    return entry.row.method in (*FLOORS, *REFERENCES) and not entry.own


def is_reference(listing: Listing, entry: Entry) -> bool:
    """Whether it is no rival of the others: a floor, or it knows what they have to find out."""
    return entry.row.method in (*FLOORS, *REFERENCES) or (entry.row.method in TOLD and listing.section.track != "told")


def why_unranked(listing: Listing, entry: Entry) -> str:
    """Why a row has no rank, in words; empty if it has one."""
    version = listing.board.table.packages["compworld"]
    if is_reference(listing, entry):
        return "reference"
    if not _worlds(listing, entry):
        return "no score"
    if entry.versions - {version}:
        return f"not made with version {version}"
    return "one world" if len(entry.row.seeds) < LEAST else ""


def ranks_of(listing: Listing) -> Mapping[str, int]:
    """The rank of each row that has one, by :meth:`Listing.key_of`, from the best."""
    ranked = [(_value(listing, entry), entry) for entry in listing.entries if not why_unranked(listing, entry)]
    ranked.sort(key=lambda pair: pair[0], reverse=True)
    confidence = simultaneous(len(list(combinations(ranked, 2))))
    ranks: dict[str, int] = {}
    rank, best = 1, ranked[0][1] if ranked else None
    for number, (_, entry) in enumerate(ranked, start=1):
        if best is not None and _is_behind(listing, entry, best, confidence):
            rank, best = number, entry
        ranks[listing.key_of(entry)] = rank
    return ranks


def _is_behind(listing: Listing, entry: Entry, best: Entry, confidence: float) -> bool:
    ours, theirs = (_worlds(listing, one) for one in (entry, best))
    common = sorted(ours.keys() & theirs.keys())
    if len(common) >= LEAST:
        return _over([ours[world] - theirs[world] for world in common], confidence).high < 0
    return unpaired(list(ours.values()), list(theirs.values()), confidence).high < 0


def _over(worlds: Sequence[float], confidence: float) -> Estimate:
    return estimate([without_interval(1, value) for value in worlds], confidence)


def _worlds(listing: Listing, entry: Entry) -> dict[tuple[int, str], float]:
    """The score that is ranked by in each world; worlds by seed and split."""
    found = entry.estimate("held_out", listing.section.headline)
    places = zip(entry.row.seeds, entry.row.split_sha256, strict=True)
    means = [world.mean for world in found.worlds] if found else []
    return {place: mean for place, mean in zip(places, means, strict=False) if mean is not None}


def _value(listing: Listing, entry: Entry) -> float:
    found = entry.estimate("held_out", listing.section.headline)
    return float("-inf") if found is None or found.value is None else found.value
