"""One run: meta-train a learner, keep the best of its validations, score it. A pure function of its config."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from compworld.agents import METHODS, Actor, Learner, Reference
from compworld.agents.checkpoints import load_parameters, load_tensors
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.methods import make_method, track_of
from compworld.benchmarks.runs.allocation import keep_freed_memory
from compworld.benchmarks.runs.claims import Claim, claimed, patiently
from compworld.benchmarks.runs.courses import course_of
from compworld.benchmarks.runs.divergence import finite
from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.runs.loggers import check_logger, opened
from compworld.benchmarks.runs.provenance import provenance
from compworld.benchmarks.runs.scored import check_tasks
from compworld.benchmarks.runs.surroundings import of_a_run
from compworld.benchmarks.runs.threads import limit_threads, warn_of_spinning_threads
from compworld.benchmarks.runs.training import Report, train
from compworld.benchmarks.scores.decoding import decoding
from compworld.benchmarks.scores.evaluation import evaluate
from compworld.benchmarks.scores.trials import score_trials
from compworld.benchmarks.worlds.problems import acting_problem_of, problem_of
from compworld.benchmarks.worlds.world import World


@dataclass(frozen=True)
class TrainedRun:
    """A finished run, ready to be asked."""

    config: RunConfig
    world: World
    method: Learner | Actor
    result: dict[str, Any]

    @property
    def learner(self) -> Learner:
        """The method, of a run on the track "shown".

        Raises:
            ValueError: it is on another.
        """
        if isinstance(self.method, Learner):
            return self.method
        raise ValueError(f"run {self.config.run_id!r} is on track {self.config.track!r}; allowed: runs on track 'shown'")

    @property
    def actor(self) -> Actor:
        """The method, of a run on another track.

        Raises:
            ValueError: it is on the track "shown".
        """
        if isinstance(self.method, Actor):
            return self.method
        raise ValueError(f"run {self.config.run_id!r} is on track 'shown'; allowed: runs on tracks 'rewarded' and 'told'")


def new_method(config: RunConfig, world: World) -> Learner | Actor:
    """The method before training; its initialisation is given by the seed, on every device."""
    check_device(config.device)
    shown = config.trials is None
    problem = problem_of(world.family, config.imitation) if shown else acting_problem_of(world.grid_family, config.imitation)
    torch.manual_seed(config.seed)
    method = make_method(config.method, config.options, problem)
    if isinstance(method, Reference):
        method.enter(world.family, world.split)
    if isinstance(method, Learner) != shown:
        raise ValueError(f"method {config.method!r} cannot be on track {config.track!r}; allowed: {track_of(config.method)!r}")
    return method.to(config.device)


def new_learner(config: RunConfig, world: World) -> Learner:
    """:func:`new_method` of a run on the track "shown"."""
    return TrainedRun(config, world, new_method(config, world), {}).learner


def check_device(name: str) -> None:
    """Refuse a device that is not there.

    Raises:
        ValueError: naming it.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(name, False):
        allowed = ", ".join(repr(device) for device, is_there in there.items() if is_there)
        raise ValueError(f"device {name!r} is not there for torch {torch.__version__}; allowed on this machine: {allowed}")


@of_a_run()
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
    if config.method not in METHODS and not trust:
        raise ValueError(
            f"run {config.run_id!r} is of the method {config.method!r}, whose code would be imported and run; "
            "say --trust (trust=True) if you know where the run is from"
        )
    world = World(config)
    check_tasks(result, config, world)
    method = new_method(config, world)
    if method.trainable:
        load_parameters(method, load_tensors(folder.learner, result["learner_sha256"])[0], folder.learner)
    return TrainedRun(config, world, method, result)


def score_shown(learner: Learner, config: RunConfig, world: World) -> dict[str, Any]:
    """``scores`` of every set, and ``decoding``."""
    return {"scores": evaluate(learner, config, world), "decoding": decoding(learner, config, world)}


def run(config: RunConfig, root: Path, report: Report = lambda step, loss: None, log: str | None = None) -> dict[str, Any]:
    """Run a config, or return its result if it has been run before; a run that was killed continues where it was.

    While another process works on it, this one waits.

    Args:
        config: what to run.
        root: folder of all runs.
        report: called after every validation.
        log: where training is logged; see :mod:`compworld.benchmarks.runs.loggers`.

    Returns:
        The content of ``result.json``.

    Raises:
        ValueError: the config cannot be run, or files of an earlier attempt are damaged.
    """
    return patiently(lambda: attempt(config, root, report, log))


@of_a_run()
def attempt(config: RunConfig, root: Path, report: Report, log: str | None = None) -> dict[str, Any]:
    """:func:`run`, without waiting.

    Raises:
        Busy: another process works on it.
    """
    folder = RunFolder(root, config)
    finished = folder.result()
    if finished is not None:
        return finished
    check_logger(log)
    keep_freed_memory()
    limit_threads()
    warn_of_spinning_threads()
    world = World(config)
    method = new_method(config, world)
    if method.trainable and config.outer is None:
        raise ValueError(f"method {config.method!r} has parameters and no outer loop; allowed: a config with 'outer'")
    with claimed(folder.claim) as claim:
        # Another process may have finished it before the claim.
        return folder.result() or _run(config, world, method, folder, claim, report, log)


def _run(
    config: RunConfig, world: World, method: Learner | Actor, folder: RunFolder, claim: Claim, report: Report, log: str | None
) -> dict[str, Any]:
    folder.create()
    trained: dict[str, Any] = {}
    if method.trainable:
        with opened(log, config, folder.path) as logger:
            trained = train(course_of(method, config, world), config, folder, claim, report, logger)
    claim.tell(scoring=True)
    started = time.perf_counter()
    scored: dict[str, Any] = {"scores": {}}
    if not trained.get("diverged") or trained["best_step"]:
        scored = score_shown(method, config, world) if isinstance(method, Learner) else score_trials(method, config, world)
    claim.check()
    folder.write_result(
        {
            "config": config.as_dict(),
            "split_sha256": world.split.sha256,
            "track": config.track,
            "learner_sha256": None,
            "parameters": sum(parameter.numel() for parameter in method.parameters()),
            **trained,
            **finite(scored),
            "evaluation_seconds": round(time.perf_counter() - started, 3),
            **provenance(),
            "threads": torch.get_num_threads(),
        }
    )
    return folder.result() or {}
