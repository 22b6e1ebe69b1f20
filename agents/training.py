"""The outer step: meta-gradient, clipping, AdamW, schedule."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from compworld.agents import accelerate
from compworld.agents.checkpoints import load_parameters, load_tensors, save_tensors
from compworld.agents.evidence import Evidence, MetaBatch
from compworld.agents.learner import Learner, Method
from compworld.arguments import LARGEST_SEED


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
            raise ValueError(f"unknown schedule {self.schedule!r:.80}; allowed: 'constant', 'cosine'")
        if self.steps < 1:
            raise ValueError(f"outer steps are {self.steps}; allowed: at least 1")
        if self.warmup < 0 or (self.tasks_at_once is not None and self.tasks_at_once < 1):
            raise ValueError(f"warmup {self.warmup}, tasks_at_once {self.tasks_at_once}; allowed: from 0, from 1")
        for name in ("learning_rate", "weight_decay", "clip"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"outer {name} is {getattr(self, name)}; allowed: finite numbers from 0")

    def learning_rate_at(self, step: int) -> float:
        """Learning rate of outer step ``step``, counted from 0."""
        if self.schedule == "constant":
            return self.learning_rate
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        progress = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


Trained = TypeVar("Trained", bound=Method)


class Trainer(Generic[Trained]):
    """A method in training: its optimiser, the steps so far and their checkpoints.

    Args:
        learner: its parameters are trained in place.
        outer: how it is trained.
        seed: of what is random about training.
    """

    def __init__(self, learner: Trained, outer: OuterLoop, seed: int = 0) -> None:
        self.learner, self.outer, self.seed = learner, outer, seed
        self.step_number = 0
        self.skipped = 0
        self.optimizer = torch.optim.AdamW(
            learner.parameters(), lr=outer.learning_rate, weight_decay=outer.weight_decay, fused=True
        )

    def generator(self) -> torch.Generator:
        """Source of what is random about the current step."""
        # Bits of large seeds that find no place here still tell weights and tasks apart.
        return torch.Generator().manual_seed(((self.seed << 32) + self.step_number) & LARGEST_SEED)

    def apply_gradient(self) -> bool:
        """Change the parameters by the gradient that they have; one that is not finite changes nothing.

        Returns:
            Whether they changed. An outer step in which they never do counts as skipped.
        """
        norm = torch.nn.utils.clip_grad_norm_(self.learner.parameters(), self.outer.clip)
        if not torch.isfinite(norm):
            return False
        for group in self.optimizer.param_groups:
            group["lr"] = self.outer.learning_rate_at(self.step_number)
        self.optimizer.step()
        return True

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
        if set(numbers) != {"step", "skipped", "extra"} or not all(type(numbers[name]) is int for name in ("step", "skipped")):
            raise ValueError(f"checkpoint {path} is not one of a learner in training; delete it to start again")
        own = {name: tensors.pop(f"learner.{name}", None) for name in self.learner.state_dict()}
        load_parameters(self.learner, own, path)
        for name, parameter in self.learner.named_parameters():
            keys = [key for key in tensors if key.startswith(f"optimizer.{name}.")]
            if keys:
                self.optimizer.state[parameter] = {
                    key.rpartition(".")[2]: tensors.pop(key).to(parameter.device) for key in keys
                }
        self.step_number, self.skipped = numbers["step"], numbers["skipped"]
        return numbers["extra"], tensors


class MetaTrainer(Trainer[Learner]):
    """A learner in meta-training.

    Args:
        learner, outer: as of :class:`Trainer`.
        seed: of what is random about adapting.
        compiled: whether to take compiled code, which gives the same gradients, where a learner has some.
    """

    def __init__(self, learner: Learner, outer: OuterLoop, seed: int = 0, compiled: bool = True) -> None:
        super().__init__(learner, outer, seed)
        self.compiled = compiled

    @torch.enable_grad()
    def step(self, batch: MetaBatch) -> float:
        """One outer step on a meta-batch; returns the mean query loss before it. A non-finite gradient skips the update."""
        shown = self.learner.draw(batch.shown_to(self.learner), self.generator())
        self.optimizer.zero_grad(set_to_none=True)
        total = accelerate.query_loss(self.learner, shown, batch.query) if self.compiled else None
        loss = self._in_parts(batch, shown) if total is None else backward(total / len(batch))
        self.skipped += not self.apply_gradient()
        self.step_number += 1
        return float(loss)

    def _in_parts(self, batch: MetaBatch, shown: Evidence) -> Tensor:
        """Mean query loss, its gradient left in the parameters, by the plain definition; a part of the meta-batch at a time."""
        tasks = len(batch)
        at_once = self.outer.tasks_at_once or tasks
        total = torch.zeros((), dtype=batch.query.targets.dtype, device=batch.query.targets.device)
        # Tasks of like length together: a part is padded to the length of its own longest task only.
        order = torch.argsort(batch.support.lengths, stable=True) if at_once < tasks else torch.arange(tasks)
        for part in torch.split(order, at_once):
            losses = self.learner.meta_loss(shown[part], batch.query[part].trimmed())
            total += backward(losses.sum() / tasks)
        return total


def backward(loss: Tensor) -> Tensor:
    """The loss as a number, its gradient added to the parameters'."""
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.detach()
