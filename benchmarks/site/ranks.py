"""Ranks within a table: how many rows one is behind."""

import math
from collections.abc import Mapping
from itertools import combinations

import msgspec

from compworld.benchmarks.recipes.methods import FLOORS, REFERENCES, TOLD
from compworld.benchmarks.scores.statistics import estimate, simultaneous, unpaired
from compworld.benchmarks.site.entries import Entry, Listing
from compworld.evaluation.interval import Tasks

RULE = (
    "Ranks are by the main score on held-out combinations, within one version of the benchmark: one more than the number of "
    "rows that a row is behind. It is behind another where the interval of their difference does not touch 0: paired by "
    "world, or unpaired where they played in different worlds, as submitted entries do; never narrower than their tasks "
    "alone make it, and so wide that all pairs of a table hold together in 95 % of tables. None is narrower than those of the "
    "table's verdicts, which hold together in 95 % of tables by themselves. "
    "References, and rows of a single world, have no rank."
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
    return "one world" if len(_worlds(listing, entry)) < LEAST else ""


def ranks_of(listing: Listing) -> Mapping[str, int]:
    """The rank of each row that has one, by :meth:`Listing.key_of`, from the best."""
    ranked = [entry for entry in listing.entries if not why_unranked(listing, entry)]
    confidence = _confidence(listing, len(list(combinations(ranked, 2))))
    return {
        listing.key_of(entry): 1 + sum(_is_behind(listing, entry, other, confidence) for other in ranked) for entry in ranked
    }


def _confidence(listing: Listing, pairs: int) -> float:
    """Of each pair; no less than that of a published verdict, so that no rank decides what a verdict leaves open."""
    verdicts = (one.confidence for one in listing.board.table.comparisons if one.section == listing.section.title)
    return max([simultaneous(pairs), *verdicts])


def _is_behind(listing: Listing, entry: Entry, other: Entry, confidence: float) -> bool:
    ours, theirs = (_worlds(listing, one) for one in (entry, other))
    common = sorted(ours.keys() & theirs.keys())
    if len(common) >= LEAST:
        return estimate([_difference(ours[world], theirs[world]) for world in common], confidence).high < 0
    return unpaired(list(ours.values()), list(theirs.values()), confidence).high < 0


def _difference(ours: Tasks, theirs: Tasks) -> Tasks:
    """Of the means of a world. Tables do not pair its tasks, so their spread is that of tasks with nothing in common."""
    return Tasks(
        min(ours.number, theirs.number),
        ours.mean - theirs.mean,
        math.hypot(ours.deviation, theirs.deviation),
        ours.lowest - theirs.highest,
        ours.highest - theirs.lowest,
    )


def _worlds(listing: Listing, entry: Entry) -> dict[tuple[int, str], Tasks]:
    """The score that is ranked by in each world; worlds by seed and split."""
    found = entry.estimate("held_out", listing.section.headline)
    places = zip(entry.row.seeds, entry.row.split_sha256, strict=True)
    worlds = [Tasks.from_dict(msgspec.structs.asdict(world)) for world in found.worlds] if found else []
    return {place: world for place, world in zip(places, worlds, strict=False) if math.isfinite(world.mean)}
