"""Ranks within a table, with ties: who cannot be told apart shares one."""

from collections.abc import Mapping

from compworld.benchmarks.recipes.methods import FLOORS, REFERENCES
from compworld.benchmarks.site.entries import Entry, Listing

RULE = (
    "Ranked on held-out combinations. Rows whose interval overlaps that of the best of their group share its rank. References, "
    "and rows of a single world, whose interval says nothing of other worlds, have none."
)


def is_reference(entry: Entry) -> bool:
    """Whether it is a floor, or knows more than the others: lines that scores are seen against."""
    return entry.row.method in (*FLOORS, *REFERENCES)


def why_unranked(listing: Listing, entry: Entry) -> str:
    """Why a row has no rank, in words; empty if it has one."""
    best = entry.estimate("held_out", listing.section.headline)
    splits = {sha256 for other in listing.entries if not other.own for sha256 in other.row.split_sha256}
    version = listing.board.table.packages["compworld"]
    if is_reference(entry):
        return "reference"
    if best is None or None in (best.value, best.low, best.high):
        return "no interval"
    if len(entry.row.runs) < 2:
        return "one world"
    if entry.versions - {version}:
        return f"not made with version {version}"
    if entry.own and splits and not splits.issuperset(entry.row.split_sha256):
        return "other splits"
    return ""


def ranks_of(listing: Listing) -> Mapping[str, int]:
    """The rank of each row that has one, by :meth:`Listing.key_of`, from the best."""
    ranked = []
    for entry in listing.entries:
        found = entry.estimate("held_out", listing.section.headline)
        if found is not None and not why_unranked(listing, entry):
            ranked.append((found, listing.key_of(entry)))
    ranked.sort(key=lambda pair: pair[0].value or 0.0, reverse=True)
    ranks: dict[str, int] = {}
    rank, least = 1, float("-inf")
    for number, (found, key) in enumerate(ranked, start=1):
        assert found.low is not None
        assert found.high is not None
        if number == 1 or found.high < least:
            rank, least = number, found.low
        ranks[key] = rank
    return ranks
