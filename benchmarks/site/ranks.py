"""Ranks within a table, with ties: who cannot be told apart shares one."""

from collections.abc import Mapping
from itertools import combinations

from compworld.benchmarks.leaderboard.published import PublishedWorld
from compworld.benchmarks.recipes.methods import FLOORS, REFERENCES
from compworld.benchmarks.scores.statistics import estimate, simultaneous, unpaired, without_interval
from compworld.benchmarks.site.entries import Entry, Listing

RULE = (
    "Ranked by the main score on held-out combinations, within one benchmark version. A row shares the rank of the best of its "
    "group unless it is behind that one by an interval that does not touch 0: paired by world (but submitted entries play in "
    "worlds of their own), and so wide that all pairs of a table hold together in 95 % of tables. References, and rows of a "
    "single world, have no rank."
)
LEAST = 2
"""Worlds that a rank takes."""


def is_reference(entry: Entry) -> bool:
    """Whether it is a floor, or knows more than the others: lines that scores are seen against."""
    return entry.row.method in (*FLOORS, *REFERENCES)


def why_unranked(listing: Listing, entry: Entry) -> str:
    """Why a row has no rank, in words; empty if it has one."""
    version = listing.board.table.packages["compworld"]
    if is_reference(entry):
        return "reference"
    if entry.versions - {version}:
        return f"not made with version {version}"
    if len(entry.row.seeds) < LEAST:
        return "one world"
    if len(_common(listing, entry)) < LEAST and not entry.row.recomputed_by:
        return "other worlds or splits"
    return ""


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
    pairs = [(ours[world], theirs[world]) for world in ours.keys() & theirs.keys()]
    if entry.row.recomputed_by != best.row.recomputed_by:
        here, there = ([world.mean for world in worlds.values() if world.mean is not None] for worlds in (ours, theirs))
        return unpaired(here, there, confidence).high < 0
    differences = [
        without_interval(min(one.number, other.number), one.mean - other.mean)
        for one, other in pairs
        if one.mean is not None and other.mean is not None
    ]
    return len(differences) >= LEAST and estimate(differences, confidence).high < 0


def _common(listing: Listing, entry: Entry) -> set[tuple[int, str]]:
    """The worlds in which the entry and a published row of the table have played."""
    published = [world for other in listing.entries if other.own == listing.entries[0].own for world in _worlds(listing, other)]
    return _worlds(listing, entry).keys() & set(published)


def _worlds(listing: Listing, entry: Entry) -> dict[tuple[int, str], PublishedWorld]:
    """What each world says of the score that is ranked by; worlds by seed and split."""
    found = entry.estimate("held_out", listing.section.headline)
    places = zip(entry.row.seeds, entry.row.split_sha256, strict=True)
    return dict(zip(places, found.worlds if found else [], strict=False))


def _value(listing: Listing, entry: Entry) -> float:
    found = entry.estimate("held_out", listing.section.headline)
    return float("-inf") if found is None or found.value is None else found.value
