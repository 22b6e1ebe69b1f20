"""One run: meta-train a learner, keep the best of its validations, score it. A pure function of its config."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from agents import LEARNERS, Learner
from agents.checkpoints import load_parameters, load_tensors
from benchmarks.recipes.config import RunConfig
from benchmarks.recipes.methods import make_learner
from benchmarks.runs.allocation import keep_freed_memory
from benchmarks.runs.folder import RunFolder
from benchmarks.runs.provenance import provenance
from benchmarks.runs.threads import warn_of_spinning_threads
from benchmarks.runs.training import Report, train
from benchmarks.scores.decoding import decoding
from benchmarks.scores.evaluation import evaluate
from benchmarks.worlds.problems import problem_of
from benchmarks.worlds.world import World


@dataclass(frozen=True)
class TrainedRun:
    """A finished run, ready to be asked."""

    config: RunConfig
    world: World
    learner: Learner
    result: dict[str, Any]


def new_learner(config: RunConfig, world: World) -> Learner:
    """The learner before training; its initialisation is given by the seed, on every device."""
    check_device(config.device)
    torch.manual_seed(config.seed)
    learner = make_learner(config.method, config.options, problem_of(world.family, config.imitation))
    return learner.to(config.device)


def check_device(name: str) -> None:
    """Refuse a device that is not there.

    Raises:
        ValueError: naming it.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(name, False):
        allowed = ", ".join(repr(device) for device, is_there in there.items() if is_there)
        raise ValueError(f"device {name!r} is not there for torch {torch.__version__}; allowed on this machine: {allowed}")


def trained_run(root: Path, run_id: str, trust: bool = False) -> TrainedRun:
    """The evaluated learner of a finished run, with its world and result.

    Args:
        root: folder of all runs.
        run_id: the run, see :meth:`RunFolder.open`.
        trust: import the code of a method ``module:Class`` that the run's config names.

    Raises:
        ValueError: no such run, it has not finished, its files are damaged, or its method is not to be trusted.
    """
    folder, result = RunFolder.open_finished(root, run_id)
    config = folder.config
    if config.method not in LEARNERS and not trust:
        raise ValueError(
            f"run {config.run_id!r} is of the method {config.method!r}, whose code would be imported and run; "
            "say --trust (trust=True) if you know where the run is from"
        )
    world = World(config)
    learner = new_learner(config, world)
    if learner.trainable:
        load_parameters(learner, load_tensors(folder.learner, result["learner_sha256"])[0], folder.learner)
    return TrainedRun(config, world, learner, result)


def run(config: RunConfig, root: Path, report: Report = lambda step, loss: None) -> dict[str, Any]:
    """Run a config, or return its result if it has been run before; a run that was killed continues where it was.

    Args:
        config: what to run.
        root: folder of all runs.
        report: called after every validation.

    Returns:
        The content of ``result.json``.

    Raises:
        ValueError: the config cannot be run, or files of an earlier attempt are damaged.
    """
    folder = RunFolder(root, config)
    finished = folder.result()
    if finished is not None:
        return finished
    keep_freed_memory()
    warn_of_spinning_threads()
    world = World(config)
    learner = new_learner(config, world)
    if learner.trainable and config.outer is None:
        raise ValueError(f"method {config.method!r} has parameters and no outer loop; allowed: a config with 'outer'")
    folder.create()
    trained = train(learner, config, world, folder, report) if learner.trainable else {}
    started = time.perf_counter()
    scores = evaluate(learner, config, world)
    folder.write_result(
        {
            "config": config.as_dict(),
            "split_sha256": world.split.sha256,
            "learner_sha256": None,
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
