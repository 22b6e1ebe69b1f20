"""Checkpoints: tensors and plain numbers in one file, written atomically, read without pickle."""

import json
import os
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from agents.learner import Method


def save_tensors(path: Path, tensors: dict[str, Tensor], numbers: dict[str, Any]) -> None:
    """Write tensors with JSON-able numbers in the header to a safetensors file, atomically."""
    part = path.with_suffix(".part")
    copies = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    try:
        save_file(copies, part, metadata={"numbers": json.dumps(numbers)})
        os.replace(part, path)
    except SafetensorError as error:
        raise OSError(f"cannot write {path}: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Inverse of :func:`save_tensors`.

    Raises:
        ValueError: the file is damaged or not ours.
    """
    try:
        tensors = load_file(path)
        with safe_open(path, "pt") as file:
            numbers = json.loads(file.metadata()["numbers"])
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"checkpoint {path} is damaged or not one of ours ({error}); delete it to start again") from None
    return tensors, numbers


def load_parameters(learner: Method, values: dict[str, Tensor | None], path: Path) -> None:
    """Load a learner's parameters by name.

    Raises:
        ValueError: some are missing, or of another shape.
    """
    expected = learner.state_dict()
    wrong = [name for name, value in expected.items() if values.get(name) is None or values[name].shape != value.shape]  # type: ignore[union-attr]
    if wrong:
        raise ValueError(f"checkpoint {path} is of another learner: parameter {wrong[0]!r} is missing or has another shape")
    learner.load_state_dict({name: value for name, value in values.items() if value is not None})
