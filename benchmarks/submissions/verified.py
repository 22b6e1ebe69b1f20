"""``verified.json``: what a verification found, without which an entry has no row."""

from pathlib import Path
from typing import Any, Literal

import msgspec

from compworld.benchmarks.submissions.submission import VERIFIED, How
from compworld.files import json_of, read_bytes, unsealed

VERIFY_AGAIN = "verify the entry again"


class World(msgspec.Struct):
    """A world of the entry's row."""

    world: int
    split_sha256: str
    training_seconds: float
    scores: dict[str, dict[str, list[float | None]]]


class Where(msgspec.Struct):
    """Where the row is: fields of :class:`compworld.benchmarks.submissions.places.Place`."""

    family: str
    support: str
    tables: list[str]
    episodes: int
    sizes: dict[str, Any]


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
        place: where its row is.
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
    place: Where
    worlds: list[World]
    compared: list[dict[str, Any]]
    seconds: float
    made: dict[str, Any]


def read_verified(folder: Path) -> Verified:
    """What the last verification of an entry found.

    Raises:
        ValueError: naming file and field: damaged, changed or not one of ours.
    """
    path = folder / VERIFIED
    try:
        data = unsealed(json_of(read_bytes(path), path), path)
        return msgspec.convert(data, Verified)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged or not one of ours ({error}); {VERIFY_AGAIN}") from None
