"""Meta-training of one run: it resumes from its checkpoint, and ends with the parameters of its best validation."""

import time
from collections.abc import Callable
from typing import Any

import torch

from agents import Learner
from agents.checkpoints import save_tensors
from agents.training import MetaTrainer
from benchmarks.recipes.config import RunConfig
from benchmarks.runs.claims import Claim
from benchmarks.runs.divergence import finite, why_diverged
from benchmarks.runs.folder import RunFolder
from benchmarks.runs.loggers import Log
from benchmarks.scores.evaluation import validation_loss
from benchmarks.worlds.problems import meta_batch
from benchmarks.worlds.world import World
from compworld import few_shot_tasks

Report = Callable[[int, float], None]
"""Called with the outer steps done and the latest validation loss."""


CHECKPOINT_SECONDS = 60.0
"""A run that is killed loses at most so much; it also has a checkpoint of every validation."""


def train(
    learner: Learner,
    config: RunConfig,
    world: World,
    folder: RunFolder,
    claim: Claim,
    report: Report,
    log: Log,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> dict[str, Any]:
    """Train a learner in place, leaving it with the parameters of its best validation.

    Args:
        learner: its parameters.
        config: of the run.
        world: of the config.
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
    trainer = MetaTrainer(learner, config.outer, config.seed)
    best: dict[str, torch.Tensor] = {}
    progress: dict[str, Any] = {"seconds": 0.0, "best_loss": float("inf"), "best_step": 0, "losses": [], "diverged": None}
    if folder.checkpoint.exists():
        found, others = trainer.load(folder.checkpoint)
        progress |= found
        best = {name.removeprefix("best."): value for name, value in others.items()}
    records = [record for record in folder.metrics() if record["step"] <= trainer.step_number]
    streams, weights = world.tasks("fresh_episodes", config.evaluation.validation_tasks, config.seed, "validation")
    validation = world.batch(streams, weights, config.support_episodes, config.query_episodes)
    batches = few_shot_tasks(
        world.family,
        world.split,
        "train",
        tasks=config.meta_batch,
        support_episodes=config.support_episodes,
        query_episodes=config.query_episodes,
        seed=config.seed,
        start=trainer.step_number * config.meta_batch,
        prefetch=True,
    )
    started = saved = time.perf_counter()
    before = progress["seconds"]

    def save() -> None:
        nonlocal saved
        claim.check()
        saved = time.perf_counter()
        progress["seconds"] = before + saved - started
        trainer.save(folder.checkpoint, progress, {f"best.{name}": value for name, value in best.items()})

    while trainer.step_number < config.outer.steps and not progress["diverged"]:
        progress["losses"].append(trainer.step(meta_batch(next(batches), config.imitation, config.device)))
        step, now = trainer.step_number, time.perf_counter()
        claim.tell(step=step, steps=config.steps, seconds=before + now - started)
        if step % config.evaluation.validate_every and step < config.outer.steps:
            if now - saved >= checkpoint_seconds:
                save()
            continue
        loss, accuracy = validation_loss(learner, config, validation)
        if loss < progress["best_loss"]:
            progress.update(best_loss=loss, best_step=step)
            best = {name: value.clone() for name, value in learner.state_dict().items()}
        progress["diverged"] = why_diverged(trainer, loss)
        losses = progress["losses"]
        record = {
            "step": step,
            "tasks": step * config.meta_batch,
            "seconds": round(before + time.perf_counter() - started, 3),
            "training_loss": sum(losses) / len(losses),
            "validation_loss": loss,
            "validation_action_accuracy": accuracy,
        }
        records.append(finite(record))
        losses.clear()
        claim.check()
        folder.write_metrics(records)
        save()
        log(records[-1])
        report(step, loss)
    if best:
        learner.load_state_dict(best)
    claim.check()
    save_tensors(folder.learner, learner.state_dict(), {"best_step": progress["best_step"]})
    return {
        "outer_steps": trainer.step_number,
        "tasks_seen": trainer.step_number * config.meta_batch,
        "skipped_steps": trainer.skipped,
        "best_step": progress["best_step"],
        "best_validation_loss": finite(progress["best_loss"]),
        "diverged": progress["diverged"],
        "training_seconds": round(progress["seconds"], 3),
    }
