"""Verification of an entry: it is recomputed, compared with its claim, and said of it what was found."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import joblib
import msgspec

from compworld.benchmarks.leaderboard.sections import heading
from compworld.benchmarks.reports.table import Table
from compworld.benchmarks.runs.divergence import finite
from compworld.benchmarks.runs.provenance import provenance
from compworld.benchmarks.submissions.comparison import Compared, compare
from compworld.benchmarks.submissions.entry import Entry, read_entry
from compworld.benchmarks.submissions.failures import NotConfirmed
from compworld.benchmarks.submissions.recompute import Recomputed, ranked, recompute
from compworld.benchmarks.submissions.sandbox import Limits, require_isolation
from compworld.benchmarks.submissions.submission import VERIFIED
from compworld.benchmarks.submissions.verified import Verified, read_verified
from compworld.files import sealed, write_text
from compworld.version import VERSION


def verify(
    folder: Path,
    salt: str | None = None,
    worlds: int | None = None,
    minutes: float = 30,
    memory_gib: float = 4,
    workers: int | None = None,
    protected: bool = True,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[Verified, list[Compared]]:
    """Recompute an entry and write its ``verified.json``, whether its claim held or not.

    Args:
        folder: of the entry.
        salt: from which, and the entry's files, fresh worlds and seeds follow; by default one that is drawn now.
        worlds: fresh ones, where it is retrained; by default as many as are claimed.
        minutes: that training and scoring in one world may take.
        memory_gib: of each process.
        workers: processes at a time; by default one for each core that this process may use.
        protected: whether processes are confined.
        tell: called with a line about each step.

    Raises:
        ValueError: the entry is not in order.
        NotConfirmed: it could not be recomputed.
    """
    started, entry = time.perf_counter(), read_entry(folder)
    salt = secrets.token_hex(16) if salt is None else salt
    runs = entry.about.how != "replayed"
    if runs:
        require_isolation(protected)
    tell(f"{entry.about.name}: {entry.about.how}; files {entry.sha256}, salt {salt}")
    limits = Limits(60 * minutes, int(memory_gib * 2**30))
    number = len(entry.claims) if worlds is None else worlds
    found = recompute(entry, salt, number, limits, workers or joblib.cpu_count(), protected, tell)
    claims = {claim.world: claim.scores for claim in entry.claims}
    compared = compare(entry.place.section, entry.about.how, claims, found)
    seconds = time.perf_counter() - started
    return _write(entry, found, compared, salt, protected or not runs, seconds), compared


def table_of(verified: Verified, compared: list[Compared]) -> Table:
    """Claimed beside recomputed."""
    table = Table(["score", "recomputed", "claimed", "found", "claimed minus found"])
    table.title = f"{verified.name} by {verified.by}: {verified.how}" + (" without protection" * (not verified.protected))
    for one in compared:
        table.rows.append((heading(one.which, one.score), one.where, one.claimed, one.recomputed, one.excess))
    return table


def verdict(verified: Verified, compared: list[Compared]) -> str:
    """One line."""
    too_high = [one.sentence for one in compared if one.inflated]
    if too_high:
        return f"{verified.name} ({verified.how}) is inflated: {'; '.join(too_high)}"
    return f"{verified.name} ({verified.how}) is confirmed in {len(verified.worlds)} worlds, {verified.seconds:.0f} s"


def require_confirmed(verified: Verified, compared: list[Compared]) -> None:
    """End with the verdict where a claim was inflated.

    Raises:
        NotConfirmed: it was.
    """
    if not verified.confirmed:
        raise NotConfirmed(verdict(verified, compared))


def _write(
    entry: Entry, found: Sequence[Recomputed], compared: Sequence[Compared], salt: str, protected: bool, seconds: float
) -> Verified:
    """Write into the entry's folder what was found."""
    about = entry.about
    data = {
        "format": 1,
        "name": about.name,
        "by": about.by,
        "what": about.what,
        "how": about.how,
        "confirmed": not any(one.inflated for one in compared),
        "tree_sha256": entry.sha256,
        "salt": salt,
        "protected": protected,
        "compworld": VERSION,
        "place": {**asdict(entry.place), "tables": list(entry.place.tables)},
        "worlds": [
            {
                "world": one.world,
                "split_sha256": one.split_sha256,
                "training_seconds": one.training_seconds,
                "scores": one.scores,
            }
            for one in ranked(found)
        ],
        "compared": [one.as_dict() for one in compared],
        "seconds": round(seconds, 1),
        "made": provenance(),
    }
    text = msgspec.json.encode(sealed(finite(data))).decode()
    write_text(entry.folder / VERIFIED, text + "\n")
    return read_verified(entry.folder)
