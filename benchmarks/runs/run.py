"""One run: meta-train a learner, keep the best of its validations, score it. A pure function of its config."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from agents.base import Learner
from agents.metatraining import MetaTrainer, load_parameters, load_tensors, save_tensors
from benchmarks.allocation import keep_freed_memory
from benchmarks.config import RunConfig
from benchmarks.decoding import decoding
from benchmarks.evaluation import World, evaluate, task_set, validation_loss
from benchmarks.methods import make_learner
from benchmarks.problems import problem_of, support_and_query
from benchmarks.results import RunFolder, provenance
from compworld import few_shot_tasks, make_family, make_split
from compworld.experts import expert_for
from compworld.families import GridFamily
from compworld.fewshot import make_batch

Report = Callable[[int, float], None]
"""Called with the outer steps done and the latest validation loss."""


def make_world(config: RunConfig) -> World:
    """Family, split and expert of a config."""
    family = make_family(config.family, config.world, **config.sizes)
    split = make_split(family.space, config.support, config.world, **config.support_options)
    return World(family, split, expert_for(family) if isinstance(family, GridFamily) else None)


def new_learner(config: RunConfig, world: World) -> Learner:
    """The learner before training; its initialisation is given by the seed."""
    torch.manual_seed(config.seed)
    return make_learner(config.method, config.method_options, problem_of(world.family, config.imitation))


def trained_learner(root: Path, run_id: str) -> tuple[Learner, RunConfig, World]:
    """The evaluated learner of a finished run.

    Raises:
        ValueError: no such run, it has not finished, or its files are damaged.
    """
    folder = RunFolder.open(root, run_id)
    if folder.result() is None:
        raise ValueError(
            f"run {folder.path.name!r} has not finished; allowed: finished runs (run the same command to resume it)"
        )
    world = make_world(folder.config)
    learner = new_learner(folder.config, world)
    if folder.learner.exists() or list(learner.parameters()):
        load_parameters(learner, dict(load_tensors(folder.learner)[0]), folder.learner)
    return learner, folder.config, world


def run(config: RunConfig, root: Path, report: Report = lambda step, loss: None) -> dict[str, Any]:
    """Run a config, or return its result if it has been run before; a run that was killed continues where it was.

    Args:
        config: what to run.
        root: folder of all runs.
        report: called after every validation.

    Returns:
        The content of ``result.json``.
    """
    folder = RunFolder(root, config)
    finished = folder.result()
    if finished is not None:
        return finished
    keep_freed_memory()
    world = make_world(config)
    learner = new_learner(config, world)
    folder.create()
    trained = _train(learner, config, world, folder, report) if list(learner.parameters()) else {}
    started = time.perf_counter()
    scores = evaluate(learner, config, world)
    folder.write_result(
        {
            "config": config.as_dict(),
            "split_sha256": world.split.sha256,
            "parameters": sum(parameter.numel() for parameter in learner.parameters()),
            **trained,
            "evaluation_seconds": round(time.perf_counter() - started, 3),
            "scores": scores,
            "decoding": decoding(learner, config, world),
            **provenance(),
            "threads": torch.get_num_threads(),
        }
    )
    return folder.result() or {}


def _train(learner: Learner, config: RunConfig, world: World, folder: RunFolder, report: Report) -> dict[str, Any]:
    """Train, leaving the learner with the parameters of its best validation; returns what the result says about it."""
    trainer = MetaTrainer(learner, config.inner, config.outer, config.seed)
    best: dict[str, torch.Tensor] = {}
    progress = {"seconds": 0.0, "best_loss": float("inf"), "best_step": 0}
    if folder.checkpoint.exists():
        extra, others = trainer.load(folder.checkpoint)
        progress = extra
        best = {name.removeprefix("best."): value for name, value in others.items()}
    records = [record for record in folder.metrics() if record["step"] <= trainer.step_number]
    streams, weights = task_set(world, config, "fresh_episodes", config.evaluation.validation_tasks, "validation")
    validation = make_batch(world.family, world.expert, streams, weights, config.support_episodes, config.query_episodes)
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
        losses.append(trainer.step(*support_and_query(next(batches), config.imitation)))
        step = trainer.step_number
        if step % config.evaluation.validate_every and step < config.outer.steps:
            continue
        loss, accuracy = validation_loss(learner, config, validation)
        if loss < progress["best_loss"]:
            progress.update(best_loss=loss, best_step=step)
            best = {name: value.clone() for name, value in learner.state_dict().items()}
        progress["seconds"] = time.perf_counter() - started
        records.append(
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
        folder.write_metrics(records)
        trainer.save(folder.checkpoint, progress, {f"best.{name}": value for name, value in best.items()})
        report(step, loss)
    if best:
        learner.load_state_dict(best)
    save_tensors(folder.learner, learner.state_dict(), {"best_step": progress["best_step"]})
    return {
        "outer_steps": trainer.step_number,
        "tasks_seen": trainer.step_number * config.meta_batch,
        "skipped_steps": trainer.skipped,
        "best_step": progress["best_step"],
        "best_validation_loss": progress["best_loss"],
        "training_seconds": round(progress["seconds"], 3),
    }
