"""Training of one run: it resumes from its checkpoint, and ends with the parameters of its best validation."""

import math
import time
from collections.abc import Callable
from typing import Any

import torch

from agents.checkpoints import save_tensors
from benchmarks.recipes.config import RunConfig
from benchmarks.runs.courses import Course
from benchmarks.runs.folder import RunFolder
from benchmarks.runs.records import progress_of

Report = Callable[[int, float], None]
"""Called with the outer steps done and the latest validation loss."""


def train(course: Course, config: RunConfig, folder: RunFolder, report: Report) -> dict[str, Any]:
    """Train a method in place, leaving it with the parameters of its best validation.

    Returns:
        What the run's result says about training.
    """
    assert config.outer is not None
    trainer, method = course.trainer, course.trainer.learner
    best: dict[str, torch.Tensor] = {}
    progress: dict[str, Any] = {"seconds": 0.0, "best_loss": None, "best_step": 0, "validation": []}
    if folder.checkpoint.exists():
        extra, others = trainer.load(folder.checkpoint)
        progress = progress_of(extra, folder.checkpoint)
        best = {name.removeprefix("best."): value for name, value in others.items()}
    started = time.perf_counter() - progress["seconds"]
    losses: list[float] = []
    while trainer.step_number < config.outer.steps:
        losses.append(course.step())
        step = trainer.step_number
        if step % config.evaluation.validate_every and step < config.outer.steps:
            continue
        found = course.validate()
        before = progress["best_loss"]
        if found["validation_loss"] < (math.inf if before is None else before):
            progress.update(best_loss=found["validation_loss"], best_step=step)
            best = {name: value.clone() for name, value in method.state_dict().items()}
        progress["seconds"] = time.perf_counter() - started
        progress["validation"].append(
            {
                "step": step,
                "tasks": step * config.meta_batch,
                "seconds": round(progress["seconds"], 3),
                "training_loss": sum(losses) / len(losses),
                **found,
            }
        )
        losses.clear()
        folder.write_metrics(progress["validation"])
        trainer.save(folder.checkpoint, progress, {f"best.{name}": value for name, value in best.items()})
        report(step, found["validation_loss"])
    if best:
        method.load_state_dict(best)
    return {
        "learner_sha256": save_tensors(folder.learner, method.state_dict(), {"best_step": progress["best_step"]}),
        "outer_steps": trainer.step_number,
        "tasks_seen": trainer.step_number * config.meta_batch,
        "skipped_steps": trainer.skipped,
        "best_step": progress["best_step"],
        "best_validation_loss": progress["best_loss"],
        "training_seconds": round(progress["seconds"], 3),
        "validation": progress["validation"],
        **course.spent(),
    }
