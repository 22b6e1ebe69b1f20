"""Recorded trials, packed for sequence models, and the last ones kept for replay.

Axes of tensor names: N trials, L most steps of a trial, R active rows, A actions, M modules, S steps of several trials packed.
"""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from compworld.agents.context.seen import Seen


@dataclass(frozen=True)
class Packed:
    """Steps of several trials: the longest trial first, all of a step together; see :mod:`compworld.agents.networks.gru`."""

    seen: Seen
    sizes: list[int]
    actions: Tensor
    """int64 [S]: what was done."""
    rewards: Tensor
    """float [S]: what it gave."""
    logits: Tensor
    """float [S, A]: of the policy that did it."""
    values: Tensor
    """float [S, A]: the labels, the expert's values of the actions."""
    steps: Tensor
    """int64 [S]: the number of each step within its trial."""
    trials: Tensor
    """int64 [S]: the number of its trial."""


@dataclass
class Trials:
    """What happened in N trials, padded to L steps."""

    rows: Tensor
    """int32 [N, L, R]: relative to the agent; see :class:`compworld.agents.context.seen.Seen`."""
    actions: Tensor
    """uint8 [N, L]"""
    rewards: Tensor
    """float32 [N, L]"""
    begins: Tensor
    """bool [N, L]: first steps of episodes."""
    left: Tensor
    """float32 [N, L]: steps that the episode has left, over its horizon."""
    logits: Tensor
    """float32 [N, L, A]: of the policy that acted."""
    values: Tensor
    """float32 [N, L, A]: the labels, the expert's values of the actions."""
    lengths: Tensor
    """int64 [N]"""
    codes: Tensor
    """float32 [N, M]: weight of each module."""

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, trials: Tensor | slice) -> "Trials":
        return Trials(*(value[trials] for value in self.tensors().values()))

    def tensors(self) -> dict[str, Tensor]:
        """The fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def packed(self, nothing: int, like: Tensor) -> Packed:
        """All of them, packed.

        Args:
            nothing: the row that stands for nothing.
            like: a parameter of the learner, for type and device.
        """
        order = self.lengths.argsort(descending=True, stable=True)
        lengths = self.lengths[order]
        step, place = (torch.arange(int(lengths[0]))[:, None] < lengths).nonzero(as_tuple=True)
        trial = order[place]
        before, first = (step - 1).clamp_min(0), step == 0

        def floats(values: Tensor) -> Tensor:
            return values.to(like.device, like.dtype)

        def numbers(values: Tensor) -> Tensor:
            return values.to(like.device, torch.int64)

        seen = Seen(
            rows=numbers(self.rows[trial, step]),
            rows_before=numbers(self.rows[trial, before].masked_fill(first[:, None], nothing)),
            action=numbers(self.actions[trial, before].masked_fill(first, 0)),
            reward=floats(self.rewards[trial, before].masked_fill(first, 0)),
            begins=floats(self.begins[trial, step]),
            left=floats(self.left[trial, step]),
            code=floats(self.codes[trial]),
        )
        return Packed(
            seen,
            torch.bincount(step).tolist(),
            numbers(self.actions[trial, step]),
            floats(self.rewards[trial, step]),
            floats(self.logits[trial, step]),
            floats(self.values[trial, step]),
            numbers(step),
            numbers(trial),
        )


class Replay:
    """The last trials.

    Args:
        capacity: how many are kept.

    Attributes:
        trials, steps: how many were added altogether.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"replay is {capacity}; allowed: at least 1 trial")
        self.capacity, self.trials, self.steps = capacity, 0, 0
        self._kept: Trials | None = None

    def __len__(self) -> int:
        return min(self.trials, self.capacity)

    def add(self, fresh: Trials) -> None:
        """Keep trials in the place of the oldest ones."""
        self._put((self.trials + torch.arange(len(fresh))) % self.capacity, fresh)
        self.trials += len(fresh)
        self.steps += int(fresh.lengths.sum())

    def sample(self, trials: int, generator: torch.Generator) -> Trials:
        """Some of them, each as likely; the same one may come twice."""
        assert self._kept is not None
        return self._kept[torch.randint(len(self), (trials,), generator=generator)]

    def tensors(self) -> dict[str, Tensor]:
        """For a checkpoint; :meth:`load` is the inverse."""
        kept = {} if self._kept is None else {name: value[: len(self)] for name, value in self._kept.tensors().items()}
        return {**kept, "count": torch.tensor([self.trials, self.steps])}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Continue with what :meth:`tensors` gave."""
        self.trials, self.steps = tensors.pop("count").tolist()
        if tensors:
            self._put(torch.arange(len(self)), Trials(**tensors))

    def _put(self, places: Tensor, trials: Trials) -> None:
        if self._kept is None:
            empty = (value.new_zeros(self.capacity, *value.shape[1:]) for value in trials.tensors().values())
            self._kept = Trials(*empty)
        for name, value in trials.tensors().items():
            getattr(self._kept, name)[places] = value
