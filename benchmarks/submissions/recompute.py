"""The scores of an entry, made again: by training its method, by asking what it trained, or by replaying what it did."""

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from compworld.agents import Actor, Learner
from compworld.agents.compiled.compiler import kept
from compworld.benchmarks.leaderboard.sections import GENERALISATION
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.scores.evaluation import evaluate_set
from compworld.benchmarks.scores.trials import SPLITS, evaluation_of, scores_of
from compworld.benchmarks.submissions.draws import drawn
from compworld.benchmarks.submissions.entry import Claim, Entry, Scores
from compworld.benchmarks.submissions.failures import NotConfirmed
from compworld.benchmarks.submissions.inside import CHECKPOINT
from compworld.benchmarks.submissions.remote import RemoteActor, RemoteLearner
from compworld.benchmarks.submissions.sandbox import MOST_THREADS, Limits, Sandbox
from compworld.benchmarks.submissions.submission import CODE
from compworld.benchmarks.worlds.problems import acting_problem_of, problem_of
from compworld.benchmarks.worlds.world import World
from compworld.evaluation import replayed

REPEATED, FRESH = "repeated", "fresh"
"""What was claimed, made again on the same tasks; and what the claim is to hold for, in worlds or episodes nobody knew."""
TABLE_SEED = 0
"""That :func:`compworld.evaluate` has for trials of tables."""


@dataclass(frozen=True)
class Recomputed:
    """What came of a world.

    Attributes:
        kind: :data:`REPEATED` or :data:`FRESH`.
        world: its number.
        split_sha256: of its split.
        scores: of each set.
        training_seconds: 0 where nothing was trained.
    """

    kind: str
    world: int
    split_sha256: str
    scores: Scores
    training_seconds: float = 0.0


@dataclass(frozen=True)
class Job:
    """A method that one process trains or loads, and on what it is scored.

    Attributes:
        config: of its run.
        checkpoint: what it trained, instead of training.
        scorings: kind and seed of each.
        threads: of torch.
    """

    config: RunConfig
    checkpoint: Path | None
    scorings: tuple[tuple[str, int], ...]
    threads: int = 1


Tell = Callable[[str], None]


def recompute(
    entry: Entry, salt: str, worlds: int, limits: Limits, workers: int, protected: bool, tell: Tell = lambda line: None
) -> list[Recomputed]:
    """Make the scores of an entry again.

    Args:
        entry: that was read.
        salt: see :func:`compworld.benchmarks.submissions.draws.drawn`.
        worlds: number of fresh ones, where it is retrained.
        limits: of each process.
        workers: processes at a time.
        protected: whether they are confined.
        tell: called with a line for each that ended.

    Raises:
        NotConfirmed: one failed, or was stopped.
    """
    if entry.about.how == "replayed":
        return [_replay(claim) for claim in entry.claims]
    code = entry.folder / CODE
    found: list[Recomputed] = []
    jobs = jobs_of(entry, salt, worlds)
    with ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(carry_out, job, code, limits, protected): job for job in jobs}
        try:
            for future in as_completed(futures):
                found += future.result()
                tell(f"world {futures[future].config.world}: {' and '.join(kind for kind, _ in futures[future].scorings)}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return sorted(found, key=lambda one: (one.kind, one.world))


def jobs_of(entry: Entry, salt: str, worlds: int) -> list[Job]:
    """What is to be done for an entry of runs; arguments as of :func:`recompute`."""

    def number(purpose: str, index: int) -> int:
        return drawn(entry.sha256, salt, purpose, index)

    jobs = []
    for index, claim in enumerate(entry.claims):
        assert claim.run is not None
        config = replace(claim.run.config, device="cpu")
        threads = max(1, min(claim.threads, MOST_THREADS // 2))
        repeated = (REPEATED, config.seed if config.trials is None else TABLE_SEED)
        if entry.about.how == "retrained":
            jobs.append(Job(config, None, (repeated,), threads))
        else:
            jobs.append(Job(config, claim.run.learner, (repeated, (FRESH, number("scoring", index))), threads))
    if entry.about.how == "retrained":
        for index in range(worlds):
            fresh = replace(config, world=number("world", index), seed=number("training", index))
            jobs.append(Job(fresh, None, ((FRESH, number("scoring", index)),)))
    return jobs


def carry_out(job: Job, code: Path, limits: Limits, protected: bool) -> list[Recomputed]:
    """Do a job in a process of its own, which finds the entry's ``code`` in its folder.

    Raises:
        NotConfirmed: it failed, or was stopped.
    """
    world = World(job.config)
    with TemporaryDirectory(prefix="compworld-", ignore_cleanup_errors=True) as place:
        folder = Path(place).resolve()
        _furnish(folder, job.checkpoint, code)
        try:
            with Sandbox("compworld.benchmarks.submissions.inside", folder, limits, protected) as sandbox:
                made = sandbox.ask(
                    "make", config=job.config.as_dict(), checkpoint=job.checkpoint is not None, threads=job.threads
                )
                if job.config.trials is None:
                    problem = problem_of(world.family, job.config.imitation)
                    method: Learner | Actor = RemoteLearner(problem, sandbox, made)
                else:
                    method = RemoteActor(acting_problem_of(world.grid_family, job.config.imitation), sandbox)
                seconds = _number(made.facts.get("training_seconds", 0.0))
                return [
                    Recomputed(kind, job.config.world, world.split.sha256, _scores(method, job.config, world, seed), seconds)
                    for kind, seed in job.scorings
                ]
        except (NotConfirmed, ValueError) as error:  # the latter of an agent that did what is not allowed
            raise NotConfirmed(f"world {job.config.world}: {error}") from None


def _scores(method: Learner | Actor, config: RunConfig, world: World, seed: int) -> Scores:
    """The same functions score our own methods; the seed is that of tasks and starts."""
    if isinstance(method, Learner):
        return {which: evaluate_set(method, replace(config, seed=seed), world, which) for which in GENERALISATION}
    tasks = config.evaluation.tasks
    return {which: scores_of(evaluation_of(method, config, world, which, tasks, seed)) for which in SPLITS}


def _furnish(folder: Path, checkpoint: Path | None, code: Path) -> None:
    """What a process finds in its folder: the entry's files, and what compiled code we have."""
    if checkpoint is not None:
        shutil.copyfile(checkpoint, folder / CHECKPOINT)
    if code.is_dir():
        shutil.copytree(code, folder / CODE)
    compiled = kept()
    for place in [] if compiled is None else compiled.glob("compiled-*"):
        shutil.copytree(place, folder / place.name)


def _replay(claim: Claim) -> Recomputed:
    try:
        again = {which: replayed(record) for which, record in claim.records.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise NotConfirmed(f"world {claim.world}: {error}") from None
    split = again["held_out"].settings["split_sha256"]
    return Recomputed(REPEATED, claim.world, split, {which: scores_of(one) for which, one in again.items()})


def _number(value: Any) -> float:
    """Of what a process says of itself, which may be anything."""
    return float(value) if isinstance(value, int | float) else 0.0


def ranked(found: Sequence[Recomputed]) -> list[Recomputed]:
    """What stands in the table: the fresh ones, where there are any."""
    return [one for one in found if one.kind == FRESH] or list(found)
