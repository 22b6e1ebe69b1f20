"""The outer step: meta-gradient, clipping, AdamW, schedule; and its checkpoints, without pickle."""

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from agents.adaptation import InnerLoop, adapt, sample_weights
from agents.base import Examples, Learner


@dataclass(frozen=True)
class OuterLoop:
    """How a learner is meta-trained.

    Attributes:
        steps: outer steps.
        learning_rate: peak of the outer AdamW's learning rate.
        weight_decay: of the outer AdamW.
        clip: largest global norm of the meta-gradient.
        schedule: ``"constant"``, or ``"cosine"``: linear warm-up, then a cosine down to 0 at the last step.
        warmup: outer steps of warm-up.
        tasks_at_once: split a meta-batch into parts of this many tasks, of like length, where no compiled code runs: less
            padding and memory, and the same meta-gradient.
    """

    steps: int
    learning_rate: float
    weight_decay: float = 1e-2
    clip: float = 2.0
    schedule: str = "constant"
    warmup: int = 0
    tasks_at_once: int | None = None

    def __post_init__(self) -> None:
        if self.schedule not in ("constant", "cosine"):
            raise ValueError(f"unknown schedule {self.schedule!r}; allowed: 'constant', 'cosine'")
        if self.steps < 1:
            raise ValueError(f"outer steps are {self.steps}; allowed: at least 1")

    def learning_rate_at(self, step: int) -> float:
        """Learning rate of outer step ``step``, counted from 0."""
        if self.schedule == "constant":
            return self.learning_rate
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        progress = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


def adapted_predictions(
    learner: Learner, inner: InnerLoop, support: Examples, query: Examples, weights_WTN: Tensor | None = None
) -> Tensor:
    """Adapt to the support sets, with weights as of :func:`adapt`, and predict the query sets, [T, N, A]."""
    encoded = learner.encode(support) if learner.adapts else learner.encode(query)
    fast = adapt(learner, inner, encoded, support, weights_WTN)
    return learner.predict(fast, learner.encode(query, encoded) if learner.adapts else encoded)


class MetaTrainer:
    """A learner in meta-training.

    Args:
        learner: its parameters are trained in place.
        inner: how it adapts.
        outer: how it is trained.
        seed: of the minibatches.
        compiled: whether to take a learner's compiled code, which gives the same gradients, where it has some.
    """

    def __init__(self, learner: Learner, inner: InnerLoop, outer: OuterLoop, seed: int = 0, compiled: bool = True) -> None:
        self.learner, self.inner, self.outer, self.seed, self.compiled = learner, inner, outer, seed, compiled
        self.step_number = 0
        self.skipped = 0
        self.optimizer = torch.optim.AdamW(
            learner.parameters(), lr=outer.learning_rate, weight_decay=outer.weight_decay, fused=True
        )

    def step(self, support: Examples, query: Examples) -> float:
        """One outer step on a meta-batch; returns the mean query loss before it. A non-finite gradient skips the update."""
        generator = torch.Generator().manual_seed((self.seed << 32) + self.step_number)
        weights = sample_weights(self.inner, support, generator)
        self.optimizer.zero_grad(set_to_none=True)
        total = self._compiled_losses(support, query, weights) if self.compiled else None
        if total is None:
            total = self._losses(support, query, weights)
        norm = torch.nn.utils.clip_grad_norm_(self.learner.parameters(), self.outer.clip)
        if torch.isfinite(norm):
            for group in self.optimizer.param_groups:
                group["lr"] = self.outer.learning_rate_at(self.step_number)
            self.optimizer.step()
        else:
            self.skipped += 1
        self.step_number += 1
        return float(total)

    def _compiled_losses(self, support: Examples, query: Examples, weights_WTN: Tensor) -> Tensor | None:
        """Mean query loss, its gradient left in the parameters, by the learner's compiled code where that applies."""
        inner = self.inner
        if inner.optimizer != "adamw" or not inner.second_order or inner.steps == 0 or query.targets.device.type != "cpu":
            return None
        total = self.learner.compiled_query_loss(inner, support, query, weights_WTN)
        if total is None:
            return None
        loss = total / len(query.targets)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _losses(self, support: Examples, query: Examples, weights_WTN: Tensor) -> Tensor:
        """The same by the inner loop for every device, a part of the meta-batch at a time."""
        tasks = len(query.targets)
        at_once = self.outer.tasks_at_once or tasks
        total = torch.zeros((), dtype=query.targets.dtype, device=query.targets.device)
        # Tasks of like length together: a part is padded to the length of its own longest task only.
        order = torch.argsort(support.lengths, stable=True) if at_once < tasks else torch.arange(tasks)
        for part in torch.split(order, at_once):
            few, asked = support[part].trimmed(), query[part].trimmed()
            weights = weights_WTN[:, part, : few.weights.shape[1]]
            predictions = adapted_predictions(self.learner, self.inner, few, asked, weights)
            loss = self.learner.loss.value(predictions, asked.targets, asked.weights).sum() / tasks
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return total

    def tensors(self) -> dict[str, Tensor]:
        """Everything that a checkpoint must hold besides plain numbers."""
        tensors = {f"learner.{name}": value for name, value in self.learner.state_dict().items()}
        for name, parameter in self.learner.named_parameters():
            for key, value in self.optimizer.state.get(parameter, {}).items():
                tensors[f"optimizer.{name}.{key}"] = value
        return tensors

    def save(self, path: Path, extra: dict[str, Any], others: dict[str, Tensor] | None = None) -> None:
        """Write a checkpoint atomically: ``extra`` must be JSON-able, ``others`` are further tensors to keep."""
        numbers = {"step": self.step_number, "skipped": self.skipped, "extra": extra}
        save_tensors(path, {**self.tensors(), **(others or {})}, numbers)

    def load(self, path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Continue from a checkpoint; returns ``extra`` and ``others``.

        Raises:
            ValueError: the file is damaged, or of another learner.
        """
        tensors, numbers = load_tensors(path)
        own = {name: tensors.pop(f"learner.{name}", None) for name in self.learner.state_dict()}
        load_parameters(self.learner, own, path)
        for name, parameter in self.learner.named_parameters():
            keys = [key for key in tensors if key.startswith(f"optimizer.{name}.")]
            if keys:
                self.optimizer.state[parameter] = {key.rpartition(".")[2]: tensors.pop(key) for key in keys}
        self.step_number, self.skipped = numbers["step"], numbers["skipped"]
        return numbers["extra"], tensors


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
    from safetensors import safe_open

    try:
        tensors = load_file(path)
        with safe_open(path, "pt") as file:
            numbers = json.loads(file.metadata()["numbers"])
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"checkpoint {path} is damaged or not one of ours ({error}); delete it to start again") from None
    return tensors, numbers


def load_parameters(learner: Learner, values: dict[str, Tensor | None], path: Path) -> None:
    """Load a learner's parameters by name.

    Raises:
        ValueError: some are missing, or of another shape.
    """
    expected = learner.state_dict()
    wrong = [name for name, value in expected.items() if values.get(name) is None or values[name].shape != value.shape]  # type: ignore[union-attr]
    if wrong:
        raise ValueError(f"checkpoint {path} is of another learner: parameter {wrong[0]!r} is missing or has another shape")
    learner.load_state_dict({name: value for name, value in values.items() if value is not None})
