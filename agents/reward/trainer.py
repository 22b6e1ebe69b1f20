"""Training by acting: a batch of trials is played, then learned from."""

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from compworld.agents.context.learner import ActingLearner, Updates
from compworld.agents.context.player import NotFinite
from compworld.agents.context.trials import Replay
from compworld.agents.reward.stage import Stage
from compworld.agents.training import OuterLoop, Trainer, backward


class ActingTrainer(Trainer[ActingLearner]):
    """An acting learner in training.

    Args:
        learner, outer: as of :class:`compworld.agents.training.Trainer`; an outer step is a batch of trials.
        stage: where it plays.
        updates: how it learns from a batch.
        replay: trials that are kept.
        seed: of actions and of what is replayed.
    """

    def __init__(
        self, learner: ActingLearner, outer: OuterLoop, stage: Stage, updates: Updates, replay: int, seed: int = 0
    ) -> None:
        super().__init__(learner, outer, seed)
        self.stage, self.updates, self.replay = stage, updates, Replay(replay)

    @torch.enable_grad()
    def step(self) -> float:
        """Play a batch of trials and learn from it; returns the mean loss of the updates.

        A policy that is no number plays nothing and learns nothing: the step is skipped, with a loss that is no number.
        """
        try:
            losses, changes = self._learned()
        except NotFinite:
            losses, changes = [math.nan], [False]
        self.skipped += not any(changes)
        self.step_number += 1
        return sum(losses) / len(losses)

    def _learned(self) -> tuple[list[float], list[bool]]:
        """The loss of every update, and whether it changed the parameters."""
        generator = self.generator()
        fresh = self.stage.play(self.learner, self.step_number, generator)
        self.replay.add(fresh)
        losses, changes = [], []
        self.optimizer.zero_grad(set_to_none=True)
        for loss in self.learner.losses(fresh, self.replay, self.updates, generator):
            losses.append(float(backward(loss)))
            changes.append(self.apply_gradient())
            self.optimizer.zero_grad(set_to_none=True)
        return losses, changes

    def tensors(self) -> dict[str, Tensor]:
        return {**super().tensors(), **{f"replay.{name}": value for name, value in self.replay.tensors().items()}}

    def load(self, path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
        extra, others = super().load(path)
        names = [name for name in others if name.startswith("replay.")]
        self.replay.load({name.removeprefix("replay."): others.pop(name) for name in names})
        return extra, others
