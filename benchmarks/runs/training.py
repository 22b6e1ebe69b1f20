"""Training of one run: it resumes from its checkpoint, and ends with the parameters of its best validation."""

import math
import time
from collections.abc import Callable
from typing import Any

import torch

from compworld.agents.checkpoints import save_tensors
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.claims import Claim
from compworld.benchmarks.runs.courses import Course
from compworld.benchmarks.runs.divergence import finite, why_diverged
from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.runs.loggers import Log
from compworld.benchmarks.runs.records import progress_of

Report = Callable[[int, float], None]
"""Called with the outer steps done and the latest validation loss."""


CHECKPOINT_SECONDS = 60.0
"""A run that is killed loses at most so much; it also has a checkpoint of every validation."""


def train(
    course: Course,
    config: RunConfig,
    folder: RunFolder,
    claim: Claim,
    report: Report,
    log: Log,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> dict[str, Any]:
    """Train a method in place, leaving it with the parameters of its best validation.

    Args:
        course: what it is trained on, and its trainer.
        config: of the run.
        folder: of the run.
        claim: on the run.
        report: called after every validation.
        log: called with the record of every validation.
        checkpoint_seconds: the longest time between checkpoints, but for an outer step.

    Returns:
        What the run's result says about training.

    Raises:
        Busy: another process took over.
    """
    assert config.outer is not None
    trainer, method = course.trainer, course.trainer.learner
    best: dict[str, torch.Tensor] = {}
    progress: dict[str, Any] = {"seconds": 0.0, "best_loss": None, "best_step": 0, "validation": [], "losses": []}
    if folder.checkpoint.exists():
        extra, others = trainer.load(folder.checkpoint)
        progress = progress_of(extra, folder.checkpoint)
        best = {name.removeprefix("best."): value for name, value in others.items()}
    diverged: str | None = progress.get("diverged")
    started = saved = time.perf_counter()
    before = progress["seconds"]

    def save() -> None:
        nonlocal saved
        claim.check()
        saved = time.perf_counter()
        progress["seconds"] = before + saved - started
        trainer.save(folder.checkpoint, progress, {f"best.{name}": value for name, value in best.items()})

    while trainer.step_number < config.outer.steps and diverged is None:
        progress["losses"].append(course.step())
        step, now = trainer.step_number, time.perf_counter()
        claim.tell(step=step, steps=config.steps, seconds=before + now - started)
        if step % config.evaluation.validate_every and step < config.outer.steps:
            if now - saved >= checkpoint_seconds:
                save()
            continue
        found = course.validate()
        loss = found["validation_loss"]
        if loss < (math.inf if progress["best_loss"] is None else progress["best_loss"]):
            progress.update(best_loss=loss, best_step=step)
            best = {name: value.clone() for name, value in method.state_dict().items()}
        progress["diverged"] = diverged = why_diverged(trainer, loss)
        record = {
            "step": step,
            "tasks": step * config.meta_batch,
            "seconds": round(before + time.perf_counter() - started, 3),
            "training_loss": sum(progress["losses"]) / len(progress["losses"]),
            **found,
        }
        progress["validation"].append(finite(record))
        progress["losses"] = []
        claim.check()
        folder.write_metrics(progress["validation"])
        save()
        log(progress["validation"][-1])
        report(step, loss)
    if best:
        method.load_state_dict(best)
    claim.check()
    return {
        "learner_sha256": save_tensors(folder.learner, method.state_dict(), {"best_step": progress["best_step"]}),
        "outer_steps": trainer.step_number,
        "tasks_seen": trainer.step_number * config.meta_batch,
        "skipped_steps": trainer.skipped,
        "best_step": progress["best_step"],
        "best_validation_loss": progress["best_loss"],
        "diverged": diverged,
        "training_seconds": round(progress["seconds"], 3),
        "validation": progress["validation"],
        **course.spent(),
    }
