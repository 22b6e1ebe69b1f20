"""Meta-training of one run: it resumes from its checkpoint, and ends with the parameters of its best validation."""

import time
from collections.abc import Callable
from typing import Any

import torch

from agents import Learner
from agents.checkpoints import save_tensors
from agents.training import MetaTrainer
from benchmarks.recipes.config import RunConfig
from benchmarks.runs.folder import RunFolder
from benchmarks.runs.records import progress_of
from benchmarks.scores.evaluation import validation_loss
from benchmarks.worlds.problems import meta_batch
from benchmarks.worlds.world import World
from compworld import few_shot_tasks

Report = Callable[[int, float], None]
"""Called with the outer steps done and the latest validation loss."""


def train(learner: Learner, config: RunConfig, world: World, folder: RunFolder, report: Report) -> dict[str, Any]:
    """Train a learner in place, leaving it with the parameters of its best validation.

    Returns:
        What the run's result says about training.
    """
    assert config.outer is not None
    trainer = MetaTrainer(learner, config.outer, config.seed)
    best: dict[str, torch.Tensor] = {}
    progress: dict[str, Any] = {"seconds": 0.0, "best_loss": None, "best_step": 0, "validation": []}
    if folder.checkpoint.exists():
        extra, others = trainer.load(folder.checkpoint)
        progress = progress_of(extra, folder.checkpoint)
        best = {name.removeprefix("best."): value for name, value in others.items()}
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
    started = time.perf_counter() - progress["seconds"]
    losses: list[float] = []
    while trainer.step_number < config.outer.steps:
        losses.append(trainer.step(meta_batch(next(batches), config.imitation, config.device)))
        step = trainer.step_number
        if step % config.evaluation.validate_every and step < config.outer.steps:
            continue
        loss, accuracy = validation_loss(learner, config, validation)
        if progress["best_loss"] is None or loss < progress["best_loss"]:
            progress.update(best_loss=loss, best_step=step)
            best = {name: value.clone() for name, value in learner.state_dict().items()}
        progress["seconds"] = time.perf_counter() - started
        progress["validation"].append(
            {
                "step": step,
                "tasks": step * config.meta_batch,
                "seconds": round(progress["seconds"], 3),
                "training_loss": sum(losses) / len(losses),
                "validation_loss": loss,
                "validation_action_accuracy": accuracy,
            }
        )
        losses.clear()
        folder.write_metrics(progress["validation"])
        trainer.save(folder.checkpoint, progress, {f"best.{name}": value for name, value in best.items()})
        report(step, loss)
    if best:
        learner.load_state_dict(best)
    return {
        "learner_sha256": save_tensors(folder.learner, learner.state_dict(), {"best_step": progress["best_step"]}),
        "outer_steps": trainer.step_number,
        "tasks_seen": trainer.step_number * config.meta_batch,
        "skipped_steps": trainer.skipped,
        "best_step": progress["best_step"],
        "best_validation_loss": progress["best_loss"],
        "training_seconds": round(progress["seconds"], 3),
        "validation": progress["validation"],
    }
