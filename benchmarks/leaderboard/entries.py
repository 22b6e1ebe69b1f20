"""Entries that were recomputed as rows of the leaderboard, beside the runs that it made itself; none before."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import msgspec

from compworld.benchmarks.leaderboard.sections import Row, Section
from compworld.benchmarks.runs.divergence import numbers
from compworld.benchmarks.submissions.places import Place
from compworld.benchmarks.submissions.submission import ABOUT, VERIFIED, tree_sha256
from compworld.benchmarks.submissions.verified import Verified, read_verified
from compworld.version import VERSION


def add_entries(sections: Sequence[Section], root: Path) -> list[str]:
    """Add a row for each entry to the tables that it is for.

    Args:
        sections: of the leaderboard.
        root: folder of all entries; there need not be one.

    Returns:
        A line about each entry that may have no row, and why.
    """
    lines = []
    for folder in sorted(path.parent for path in root.glob(f"*/{ABOUT}")):
        try:
            verified = ranked_entry(folder)
        except ValueError as error:
            lines.append(f"Entry {folder.name} is not listed: {error}.")
            continue
        for section in sections:
            if place_of(verified).is_of(section):
                section.rows[row_name(verified)] = row_of(verified)
    return lines


def ranked_entry(folder: Path) -> Verified:
    """What is known of an entry that may be ranked.

    Raises:
        ValueError: it was not verified, changed since, was not confirmed, or that was in another version of the benchmark.
    """
    if not (folder / VERIFIED).exists():
        raise ValueError("it was not verified")
    verified = read_verified(folder)
    if verified.tree_sha256 != tree_sha256(folder):
        raise ValueError("its files changed after it was verified")
    if verified.compworld != VERSION:
        raise ValueError(f"it was verified with version {verified.compworld!r} of CompWorld; allowed: {VERSION!r}")
    if not verified.confirmed:
        raise ValueError("it claims more than was recomputed")
    return verified


def place_of(verified: Verified) -> Place:
    """Where its row is."""
    return Place(**{**msgspec.structs.asdict(verified.place), "tables": tuple(verified.place.tables)})


def row_name(verified: Verified) -> str:
    """How tables call an entry: how it was recomputed belongs to it."""
    return f"{verified.name} (entry, {verified.how})"


def row_of(verified: Verified) -> Row:
    """The row of a verified entry: what was recomputed, not what it claims. Its worlds are not those of other rows."""
    command = ["compworld", "verify", f"submissions/{verified.name}", "--salt", verified.salt]
    row = Row(row_name(verified), recomputed_by=shlex.join(command))
    for world in verified.worlds:
        scores = {which: {name: numbers(values) for name, values in found.items()} for which, found in world.scores.items()}
        row.results[world.world] = {
            "run_id": f"{verified.name}, world {world.world}",
            "world": world.world,
            "split_sha256": world.split_sha256,
            "training_seconds": world.training_seconds,
            "scores": scores,
        }
    return row
