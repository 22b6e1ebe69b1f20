"""``verified.json``: what a verification found, without which an entry has no row."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import msgspec

from compworld.benchmarks.runs.divergence import finite
from compworld.benchmarks.runs.provenance import provenance
from compworld.benchmarks.submissions.comparison import Compared
from compworld.benchmarks.submissions.entry import Entry
from compworld.benchmarks.submissions.places import Place
from compworld.benchmarks.submissions.recompute import Recomputed, ranked
from compworld.benchmarks.submissions.submission import VERIFIED, How
from compworld.files import json_of, read_bytes, sealed, unsealed, write_text
from compworld.version import VERSION

VERIFY_AGAIN = "verify the entry again"


class World(msgspec.Struct):
    """A world of the entry's row."""

    world: int
    split_sha256: str
    training_seconds: float
    scores: dict[str, dict[str, list[float | None]]]


class Verified(msgspec.Struct):
    """``verified.json``.

    Attributes:
        format: of this record.
        name, by, what: of the entry.
        how: it was recomputed.
        confirmed: whether nothing of the claim was inflated.
        tree_sha256: of the files that were verified.
        salt: from which, and the former, worlds and seeds were drawn.
        protected: whether its processes were confined; True where there were none.
        compworld: version of the benchmark.
        place: fields of :class:`compworld.benchmarks.submissions.places.Place`.
        worlds: what its row is made of.
        compared: claimed beside recomputed.
        seconds: that it took.
        made: Python, packages and hardware.
    """

    format: Literal[1]
    name: str
    by: str
    what: str
    how: How
    confirmed: bool
    tree_sha256: str
    salt: str
    protected: bool
    compworld: str
    place: dict[str, Any]
    worlds: list[World]
    compared: list[dict[str, Any]]
    seconds: float
    made: dict[str, Any]

    @property
    def stands(self) -> Place:
        """Where its row is."""
        return Place(**{**self.place, "tables": tuple(self.place["tables"])})


def write_verified(
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


def read_verified(folder: Path) -> Verified:
    """What the last verification of an entry found.

    Raises:
        ValueError: naming file and field: damaged, changed or not one of ours.
    """
    path = folder / VERIFIED
    try:
        data = unsealed(json_of(read_bytes(path), path), path)
        found = msgspec.convert(data, Verified)
        if set(found.place) != set(Place.__dataclass_fields__):
            raise ValueError("its place has other fields")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged or not one of ours ({error}); {VERIFY_AGAIN}") from None
    return found
