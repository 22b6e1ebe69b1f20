"""Checkpoints: tensors and plain numbers in one file with their own hash, written atomically, read without pickle."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from compworld.agents.learner import Method
from compworld.files import new_file, read_bytes

ENTRY, NUMBERS, CONTENT = "compworld", "numbers", "content_sha256"
"""The header has one entry, which holds the others: safetensors writes several in any order; files of equal runs are equal."""


def save_tensors(path: Path, tensors: dict[str, Tensor], numbers: dict[str, Any]) -> str:
    """Write tensors with JSON-able numbers in the header to a safetensors file, atomically.

    Returns:
        The file's SHA-256.
    """
    copies = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    text = json.dumps(numbers)
    data = save(copies, {ENTRY: json.dumps({NUMBERS: text, CONTENT: _content_sha256(copies, text)})})
    with new_file(path) as part:
        part.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def load_tensors(path: Path, sha256: str | None = None) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Inverse of :func:`save_tensors`.

    Args:
        path: of the file.
        sha256: that the file must have, if it is known.

    Raises:
        ValueError: the file cannot be read, is damaged, was changed or is not ours.
    """
    data = read_bytes(path)
    found = hashlib.sha256(data).hexdigest()
    if sha256 not in (None, found):
        raise ValueError(f"checkpoint {path} is damaged: its SHA-256 is {found}, that of the run's result is {sha256}")
    try:
        tensors = load(data)
        header = json.loads(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"][ENTRY])
        if header[CONTENT] != _content_sha256(tensors, header[NUMBERS]):
            raise ValueError("its content does not have the SHA-256 that it names")
        numbers = dict(json.loads(header[NUMBERS]))
    except (SafetensorError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, OverflowError) as error:
        what = str(error) if isinstance(error, SafetensorError | ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"checkpoint {path} is damaged or not one of ours ({what}); delete it to start again") from None
    return tensors, numbers


def _content_sha256(tensors: Mapping[str, Tensor], numbers: str) -> str:
    """Hash of names, types, shapes and values, and of the numbers' text."""
    content = hashlib.sha256(numbers.encode())
    for name, value in sorted(tensors.items()):
        content.update(f"\n{name} {value.dtype} {tuple(value.shape)}\n".encode())
        content.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return content.hexdigest()


def load_parameters(learner: Method, values: Mapping[str, Tensor | None], path: Path) -> None:
    """Load a learner's parameters by name.

    Raises:
        ValueError: some are missing, or of another shape or type.
    """
    for name, expected in learner.state_dict().items():
        value = values.get(name)
        if value is None or (value.shape, value.dtype) != (expected.shape, expected.dtype):
            raise ValueError(f"checkpoint {path} is of another learner: parameter {name!r} is missing or has another shape")
    learner.load_state_dict({name: value for name, value in values.items() if value is not None})
