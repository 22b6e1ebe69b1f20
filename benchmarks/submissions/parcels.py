"""Observations and evidence as arrays by name, and back."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from compworld.agents import Code, Demonstrations, Evidence, Examples, Experience, Nothing

EVIDENCE: dict[str, type[Evidence]] = {kind.__name__: kind for kind in (Nothing, Demonstrations, Experience, Code)}
"""The kinds by name."""
SEEN = "seen."
"""Names of an observation's parts begin so; one without parts has this name alone."""


def of_observation(observation: Any) -> dict[str, np.ndarray]:
    """The parts of a batch of observations."""
    parts = observation if isinstance(observation, Mapping) else {"": observation}
    return {f"{SEEN}{name}": np.asarray(part) for name, part in parts.items()}


def observation_in(arrays: Mapping[str, np.ndarray]) -> Any:
    """Inverse of :func:`of_observation`; other arrays are left out."""
    found = {name.removeprefix(SEEN): array for name, array in arrays.items() if name.startswith(SEEN)}
    parts = {name: tuple(array.tolist()) if array.dtype.kind == "U" else array for name, array in found.items()}
    return parts[""] if set(parts) == {""} else parts


def of_evidence(evidence: Evidence) -> dict[str, np.ndarray]:
    """The fields of evidence."""
    whole: Any = evidence.examples if isinstance(evidence, Demonstrations) else evidence
    fields = {field.name: getattr(whole, field.name) for field in dataclasses.fields(whole)}
    return {name: np.asarray(value) for name, value in fields.items() if value is not None}


def evidence_in(arrays: Mapping[str, np.ndarray], kind: type[Evidence]) -> Evidence:
    """Inverse of :func:`of_evidence`."""
    if kind is Nothing:
        return Nothing(int(arrays["tasks"]))
    tensors: dict[str, Any] = {name: torch.from_numpy(array) for name, array in arrays.items()}
    return Demonstrations(Examples(**tensors)) if kind is Demonstrations else kind(**tensors)
