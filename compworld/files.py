"""Files: UTF-8 whatever the locale, either the old or the new one whatever happens, and JSON that names its own hash."""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from compworld.arguments import shown

HASH = "sha256"
"""Field of a sealed record: the SHA-256 of all others."""

LONGEST_SUFFIX = 8


def expanded(path: str | Path) -> Path:
    """A path whose ``~`` is the user's home, and whose ``~name`` is that of another user.

    Raises:
        ValueError: naming it: it is no path, or of a user who has no home here.
    """
    try:
        return Path(path).expanduser()
    except TypeError:
        raise ValueError(f"path is {shown(path)}; allowed: text or a path") from None
    except (RuntimeError, ValueError):
        raise ValueError(
            f"path {shown(str(path))} is in a home that is not here; allowed: those of this system's users"
        ) from None


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A path to write to; what was written takes the place of ``path`` at the end, unless something failed.

    Folders that are missing are made. The path has the suffix of ``path``, by which some writers choose a format, and a name
    that no other process has.

    Raises:
        OSError: naming ``path``.
    """
    suffix = path.suffix if len(path.suffix) <= LONGEST_SUFFIX else ""
    part = path.with_name(f".{secrets.token_hex(8)}.part{suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise OSError(error.errno, f"cannot write {path}: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """See that a file can be written where it shall be, before what it is for is made; folders that are missing are made.

    Raises:
        OSError: naming ``path``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise OSError(error.errno, f"cannot write {path}: {error.strerror or error}") from None


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill; it is called ``path`` at the end, unless something failed.

    Raises:
        ValueError: naming ``path``, which is there already.
        OSError: naming ``path``.
    """
    if path.exists():
        raise ValueError(f"{path} is there already; allowed: a place where nothing is")
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        part.mkdir(parents=True)
        yield part
        os.replace(part, path)
    except OSError as error:
        raise OSError(error.errno, f"cannot write {path}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def remove_parts(folder: Path) -> None:
    """Remove what killed processes left half written in a folder."""
    for part in folder.glob(".*.part*"):
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file by :func:`new_file`."""
    with new_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, data: Any) -> None:
    """Write JSON by :func:`new_file`.

    Raises:
        ValueError: a number is infinite or not a number.
    """
    write_text(path, json.dumps(data, indent=1, allow_nan=False) + "\n")


def read_bytes(path: Traversable) -> bytes:
    """The content of a file.

    Raises:
        ValueError: naming the file, which cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror or error})") from None


def json_of(content: bytes, path: Traversable) -> Any:
    """The data of a JSON file's content.

    Raises:
        ValueError: naming the file, which is damaged.
    """
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged ({error})") from None


def sha256_of(body: Mapping[str, Any]) -> str:
    """Hash of plain data, however it is laid out in a file."""
    text = json.dumps(body, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(body: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data with its hash."""
    return {HASH: sha256_of(body), **body}


def unsealed(data: Any, path: Traversable) -> dict[str, Any]:
    """Inverse of :func:`sealed`.

    Raises:
        ValueError: naming the file that the data is from, which was changed after it had been written.
    """
    if not isinstance(data, dict) or HASH not in data:
        raise ValueError(f"{path} is damaged (it names no SHA-256 of its content)")
    body = {name: value for name, value in data.items() if name != HASH}
    try:
        found = sha256_of(body)
    except RecursionError:
        raise ValueError(f"{path} is damaged (nested too deeply)") from None
    if data[HASH] != found:
        raise ValueError(f"{path} is damaged: its SHA-256 is {found}, it claims {data[HASH]!r:.80}")
    return body
