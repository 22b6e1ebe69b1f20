"""One run: meta-train a learner, keep the best of its validations, score it. A pure function of its config."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from agents import Learner
from agents.checkpoints import load_parameters, load_tensors
from benchmarks.recipes.config import RunConfig
from benchmarks.recipes.methods import make_learner
from benchmarks.runs.allocation import keep_freed_memory
from benchmarks.runs.claims import Claim, claimed, patiently
from benchmarks.runs.divergence import finite
from benchmarks.runs.folder import RunFolder
from benchmarks.runs.loggers import opened
from benchmarks.runs.provenance import provenance
from benchmarks.runs.threads import limit_threads, warn_of_spinning_threads
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


def trained_run(root: Path, run_id: str) -> TrainedRun:
    """The evaluated learner of a finished run, with its world and result.

    Raises:
        ValueError: no such run, it has not finished, or its files are damaged.
    """
    folder = RunFolder.open_finished(root, run_id)
    world = World(folder.config)
    learner = new_learner(folder.config, world)
    if folder.learner.exists() or learner.trainable:
        load_parameters(learner, dict(load_tensors(folder.learner)[0]), folder.learner)
    return TrainedRun(folder.config, world, learner, folder.result() or {})


def run(config: RunConfig, root: Path, report: Report = lambda step, loss: None, log: str | None = None) -> dict[str, Any]:
    """Run a config, or return its result if it has been run before; a run that was killed continues where it was.

    While another process works on it, this one waits.

    Args:
        config: what to run.
        root: folder of all runs.
        report: called after every validation.
        log: where training is logged; see :mod:`benchmarks.runs.loggers`.

    Returns:
        The content of ``result.json``.

    Raises:
        ValueError: the config cannot be run, or files of an earlier attempt are damaged.
    """
    return patiently(lambda: attempt(config, root, report, log))


def attempt(config: RunConfig, root: Path, report: Report, log: str | None = None) -> dict[str, Any]:
    """:func:`run`, without waiting.

    Raises:
        Busy: another process works on it.
    """
    folder = RunFolder(root, config)
    finished = folder.result()
    if finished is not None:
        return finished
    keep_freed_memory()
    limit_threads()
    warn_of_spinning_threads()
    world = World(config)
    learner = new_learner(config, world)
    if learner.trainable and config.outer is None:
        raise ValueError(f"method {config.method!r} has parameters and no outer loop; allowed: a config with 'outer'")
    with claimed(folder.claim) as claim:
        # Another process may have finished it before the claim.
        return folder.result() or _run(config, world, learner, folder, claim, report, log)


def _run(
    config: RunConfig, world: World, learner: Learner, folder: RunFolder, claim: Claim, report: Report, log: str | None
) -> dict[str, Any]:
    folder.create()
    trained: dict[str, Any] = {}
    if learner.trainable:
        with opened(log, config, folder.path) as logger:
            trained = train(learner, config, world, folder, claim, report, logger)
    claim.tell(scoring=True)
    started = time.perf_counter()
    nothing_learned = trained.get("diverged") is not None and trained["best_step"] == 0
    scores = {} if nothing_learned else evaluate(learner, config, world)
    seconds = round(time.perf_counter() - started, 3)
    decoded = None if nothing_learned else decoding(learner, config, world)
    claim.check()
    folder.write_result(
        {
            "config": config.as_dict(),
            "split_sha256": world.split.sha256,
            "parameters": sum(parameter.numel() for parameter in learner.parameters()),
            **trained,
            "evaluation_seconds": seconds,
            "scores": finite(scores),
            "decoding": decoded,
            **provenance(),
            "threads": torch.get_num_threads(),
        }
    )
    return folder.result() or {}
