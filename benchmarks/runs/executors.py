"""Many runs, by an engine: processes of this machine, or what reaches further.

A run that fails is missing; the others go on.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.failures import RunsFailed
from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.runs.loggers import check_logger
from compworld.benchmarks.runs.scored import check_tasks
from compworld.benchmarks.runs.workers import BUSY, Ended, Event, Events, Task, Tell, side_by_side
from compworld.benchmarks.worlds.world import World

Engine = Callable[[Task[RunConfig], Sequence[tuple[str, RunConfig]], int | None], Events]
"""(task, named settings, how many at a time) -> what happens; see :func:`~compworld.benchmarks.runs.workers.side_by_side`."""


@dataclass(frozen=True)
class Outcome:
    """What came of a config.

    Attributes:
        config: that was to be run.
        result: None if there is none.
        problem: why; also why a result has no scores.
    """

    config: RunConfig
    result: dict[str, Any] | None
    problem: str = ""

    @property
    def scored(self) -> bool:
        """Whether there are numbers to show."""
        return self.result is not None and bool(self.result["scores"])


def run_all(
    configs: Sequence[RunConfig],
    root: Path,
    workers: int | None = None,
    watch: Callable[[Event], None] = lambda event: None,
    engine: Engine = side_by_side,
    fail_fast: bool = False,
    log: str | None = None,
) -> list[Outcome]:
    """Run all configs that have no result yet.

    Args:
        configs: what to run.
        root: folder of all runs.
        workers: at a time; by default what the engine does, on this machine one for each core.
        watch: called with everything that happens.
        engine: who runs them.
        fail_fast: stop everything at the first run that fails.
        log: logger of each run; see :mod:`compworld.benchmarks.runs.loggers`.

    Returns:
        What came of them, in the order of ``configs``. Why a run failed stands in its folder too.

    Raises:
        RunsFailed: a run failed, with ``fail_fast``.
        ValueError: the logger cannot be had.
        KeyboardInterrupt: the runs are stopped; the same call continues them.
    """
    check_logger(log)
    by_name = {config.run_id: config for config in configs}
    problems: dict[str, str] = {}
    with contextlib.closing(engine(partial(run_one, root, log), list(by_name.items()), workers)) as events:
        for event in events:
            if isinstance(event, Ended) and event.problem:
                problems[event.name] = event.problem
                if event.problem == BUSY:
                    continue
                RunFolder(root, by_name[event.name]).write_failure(event.problem, event.trace)
            watch(event)
            if fail_fast and problems:
                break
    outcomes = [_outcome(config, root, problems.get(config.run_id, "it was not run")) for config in configs]
    if fail_fast and problems:
        raise RunsFailed(failures(outcomes))
    return outcomes


def run_unclaimed(
    configs: Sequence[RunConfig], root: Path, workers: int = 1, retry: bool = False, log: str | None = None
) -> str:
    """Run what nobody works on, until nothing of it is left.

    Args:
        configs: what to run.
        root: folder of all runs.
        workers: at a time.
        retry: run also what has failed before.
        log: as of :func:`run_all`.

    Returns:
        One line about what was done.

    Raises:
        RunsFailed: a run failed; the others were done.
    """
    left = [config for config in configs if retry or RunFolder(root, config).failure() is None]
    outcomes = run_all(left, root, workers, engine=partial(side_by_side, wait=False), log=log)
    problems = [f"{one.config.run_id}: {one.problem}" for one in outcomes if one.problem and one.problem != BUSY]
    if problems:
        raise RunsFailed(f"{len(problems)} of {len(left)} runs failed ({'; '.join(problems)}); --retry tries them again")
    busy, failed = sum(outcome.problem == BUSY for outcome in outcomes), len(configs) - len(left)
    return f"{len(left) - busy} runs are done, others work on {busy}, {failed} have failed before"


def run_one(root: Path, log: str | None, config: RunConfig, tell: Tell) -> None:
    """What every engine does with a config.

    Raises:
        Busy: another process works on it.
    """
    from compworld.benchmarks.runs.run import attempt

    attempt(config, root, tell, log)


def results_of(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """All results, for what needs every one of them.

    Raises:
        RunsFailed: naming those that are missing.
    """
    if not all(outcome.scored for outcome in outcomes):
        raise RunsFailed(failures(outcomes))
    return [outcome.result for outcome in outcomes if outcome.result is not None]


def failures(outcomes: Sequence[Outcome]) -> str:
    """One line about what is missing."""
    missing = [f"{outcome.config.run_id}: {outcome.problem}" for outcome in outcomes if not outcome.scored]
    return f"{len(missing)} of {len(outcomes)} runs are missing ({'; '.join(missing)}); the same command tries them again"


def _outcome(config: RunConfig, root: Path, problem: str) -> Outcome:
    try:
        result = RunFolder(root, config).result()
        if result is not None:
            check_tasks(result, config, World(config))
    except ValueError as error:
        return Outcome(config, None, str(error))
    return Outcome(config, result, problem if result is None else result.get("diverged") or "")
