"""What ``submission.json`` holds, and which files may lie beside it. No code of an entry is loaded to find that out."""

import hashlib
import os
import re
import stat
from pathlib import Path
from typing import Any, Literal

import msgspec

from compworld.files import read_bytes

ABOUT, VERIFIED, RUNS, RECORDS, CODE = "submission.json", "verified.json", "runs", "records", "code"
FORMAT = 1
How = Literal["retrained", "re-evaluated", "replayed"]

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_NAME = 40
FILES = re.compile(
    rf"{ABOUT}|{VERIFIED}|{RUNS}/[\w.-]+/(config\.json|result\.json|learner\.safetensors)|{RECORDS}/[\w.-]+\.json|"
    rf"{CODE}/([^\W\d]\w*/)*[^\W\d]\w*\.py"
)
LARGEST = 64 * 2**20
"""Bytes of all files of an entry."""


class Versions(msgspec.Struct, forbid_unknown_fields=True):
    """What an entry was made with."""

    compworld: str
    python: str
    packages: dict[str, str]


class Submission(msgspec.Struct, forbid_unknown_fields=True):
    """``submission.json``.

    Attributes:
        format: of this record.
        name: of the entry and of its folder.
        by: who submits it.
        what: it is, in a line.
        link: to a paper or to code; may be empty.
        how: it is recomputed.
        track: one of :data:`compworld.benchmarks.recipes.config.TRACKS`.
        tables: kinds of tables that it stands in: keys of :data:`compworld.benchmarks.leaderboard.sections.KINDS`, or
            ``"shown"``.
        config: what its runs have in common (their config without seed and world), or its records (their settings without
            world and split).
        worlds: that its claim is about.
        versions: of what it was made with.
    """

    format: Literal[1]
    name: str
    by: str
    what: str
    link: str
    how: How
    track: Literal["shown", "rewarded", "told"]
    tables: list[Literal["shown", "labels", "rewards", "told"]]
    config: dict[str, Any]
    worlds: list[int]
    versions: Versions

    def __post_init__(self) -> None:
        check_name(self.name)
        for name in ("by", "what", "link"):
            text = getattr(self, name)
            if len(text) > 200 or not text.isprintable() or (name != "link" and not text.strip()):
                raise ValueError(f"{name} is {text!r:.80}; allowed: a line of 1 to 200 characters")


def check_name(name: str) -> None:
    """Refuse a name that could not be a folder's everywhere.

    Raises:
        ValueError: naming it.
    """
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ValueError(f"name is {name!r:.80}; allowed: up to {LONGEST_NAME} of a to z, 0 to 9, and single '-' between them")


def read_about(folder: Path) -> Submission:
    """The ``submission.json`` of a folder.

    Raises:
        ValueError: naming file and field.
    """
    path = folder / ABOUT
    try:
        about = msgspec.json.decode(read_bytes(path), type=Submission)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is damaged or not one of ours ({error})") from None
    if about.name != folder.resolve().name:
        raise ValueError(f"{path} is of {about.name!r}; allowed: the name of its folder, {folder.resolve().name!r:.80}")
    return about


def files_of(folder: Path) -> list[str]:
    """The files of an entry, by their paths in its folder.

    Raises:
        ValueError: one may not be there, is a link or no plain file, or they are too large.
    """
    found, size = [], 0
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(place, name)
            kind = path.lstat()
            if stat.S_ISDIR(kind.st_mode):
                continue
            within = path.relative_to(folder).as_posix()
            if not stat.S_ISREG(kind.st_mode) or not FILES.fullmatch(within):
                raise ValueError(f"{path} does not belong to an entry; allowed: plain files as docs/submissions.md lists them")
            found.append(within)
            size += kind.st_size
    if size > LARGEST:
        raise ValueError(f"{folder} has {size / 2**20:.0f} MiB; allowed: up to {LARGEST // 2**20}")
    return sorted(found)


def tree_sha256(folder: Path) -> str:
    """Hash of an entry: of the paths and contents of its files, but for what a verification wrote.

    Raises:
        ValueError: see :func:`files_of`.
    """
    tree = hashlib.sha256()
    for within in files_of(folder):
        if within != VERIFIED:
            tree.update(f"{within} {hashlib.sha256(read_bytes(folder / within)).hexdigest()}\n".encode())
    return tree.hexdigest()
