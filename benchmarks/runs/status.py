"""What is done in a folder of runs, what is running and where, what has failed, and how long the rest will take."""

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.claims import owner_of
from compworld.benchmarks.runs.folder import RunFolder

STATES = ("done", "diverged", "running", "stale", "failed", "waiting", "unreadable")
"""Stale: whoever worked on it has gone, and the next takes it over. Waiting: nobody has begun it, or it was interrupted."""


@dataclass(frozen=True)
class State:
    """Where a run stands.

    Attributes:
        run: its id.
        state: one of :data:`STATES`.
        where: host and process that work or worked on it.
        since: when that began, or when it failed, in seconds since 1970.
        said: why it failed, diverged or cannot be read.
        step, steps: outer steps done, and of how many.
        seconds: that training took so far; for a finished run, with its evaluation.
        kind: runs of one kind take about as long as each other.
    """

    run: str
    state: str
    where: str = ""
    since: float | None = None
    said: str = ""
    step: int = 0
    steps: int = 0
    seconds: float = 0.0
    kind: Any = None

    def seconds_left(self, others: Sequence["State"]) -> float | None:
        """From its own pace or from that of finished runs of its kind; None if neither is known."""
        if self.state in ("done", "diverged", "failed", "unreadable"):
            return 0.0
        whole = [other.seconds for other in others if other.state == "done" and other.kind == self.kind]
        if self.step:
            return self.seconds / self.step * (self.steps - self.step)
        return sum(whole) / len(whole) if whole else None


def states_of(root: Path, configs: Iterable[RunConfig] = ()) -> list[State]:
    """Every run of a folder, and those of a grid that nobody has begun; of a grid the folder may not have been made yet.

    Raises:
        ValueError: there is no such folder, or it is a file.
    """
    configs = list(configs)
    if not os.path.isdir(root) and (os.path.exists(root) or not configs):
        raise ValueError(f"no folder {root}; allowed: a folder of runs")
    found = {path.parent.name: _of_folder(root, path.parent.name) for path in sorted(root.glob("*/config.json"))}
    found |= {config.run_id: _of_config(root, config) for config in configs if config.run_id not in found}
    return list(found.values())


def _of_folder(root: Path, run_id: str) -> State:
    try:
        return _of_config(root, RunFolder.open(root, run_id).config)
    except ValueError as error:
        return State(run_id, "unreadable", said=str(error))


def _of_config(root: Path, config: RunConfig) -> State:
    folder = RunFolder(root, config)
    known: dict[str, Any] = {"run": config.run_id, "steps": config.steps, "kind": (config.family, config.method, config.steps)}
    result = folder.result()
    if result is not None:
        seconds = result.get("training_seconds", 0.0) + result["evaluation_seconds"]
        diverged = result.get("diverged")
        return State(state="diverged" if diverged else "done", said=diverged or "", seconds=seconds, step=config.steps, **known)
    claimed = owner_of(folder.claim)
    if claimed is not None:
        owner, left_behind = claimed
        progress: dict[str, Any] = {name: owner.progress[name] for name in ("step", "seconds") if name in owner.progress}
        where = f"{owner.host}, process {owner.process}"
        return State(state="stale" if left_behind else "running", where=where, since=owner.since, **known, **progress)
    failure = folder.failure()
    if failure is not None:
        return State(state="failed", where=failure["host"], since=failure["time"], said=failure["problem"], **known)
    return State(state="waiting", **known)


def summary_of(states: Sequence[State]) -> str:
    """One line: how many runs are in which state, and how long the rest will take."""
    counts = {name: sum(state.state == name for state in states) for name in STATES}
    said = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no runs"
    left = [state.seconds_left(states) for state in states]
    unknown = sum(seconds is None for seconds in left)
    at_once = max(1, counts["running"])
    seconds = sum(seconds for seconds in left if seconds is not None) / at_once
    if seconds or unknown:
        said += f"; about {_duration(seconds)} left with {at_once} at a time"
        said += f", without {unknown} of unknown length" if unknown else ""
    return said


def lines_of(states: Sequence[State]) -> list[str]:
    """A line for each run: its state, its name, and what is known besides."""
    lines = []
    for state in sorted(states, key=lambda state: STATES.index(state.state)):
        left = state.seconds_left(states)
        known = [state.where]
        if state.since is not None:
            known.append("since " + time.strftime("%Y-%m-%d %H:%M", time.localtime(state.since)))
        if state.state in ("running", "stale"):
            known += [f"step {state.step} of {state.steps}", "" if left is None else f"{_duration(left)} left"]
        lines.append(f"{state.state:10} {state.run}  {', '.join(filter(None, [*known, state.said]))}".rstrip())
    return lines


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
