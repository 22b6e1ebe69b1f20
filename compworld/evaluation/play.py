"""Letting an agent play trials, all those of a batch at once. Axes: T trials, K episodes of each, B trials of a batch."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from compworld import randomness
from compworld.arguments import choice, integer
from compworld.envs.lockstep import Lockstep
from compworld.envs.observing import Observing
from compworld.envs.showing import Shown, demonstrations
from compworld.envs.trials import TrialEngine
from compworld.evaluation.calling import Caller, Refused
from compworld.evaluation.combinations import key_of_trials
from compworld.families import check_split, grid_family
from compworld.families.demonstrations import demonstrate
from compworld.families.grid import GridFamily
from compworld.modules.splits import Split

TRACKS = ("rewarded", "told", "shown")
BATCH = 64
FIRST_ACTION = ord("0")
"""Action a is noted as the character with this code plus a."""


@dataclass(frozen=True)
class Played:
    """What was done, and what was reached in each episode of each trial; arrays [T, K], NaN (lengths: 0) in trials that were
    not finished."""

    returns: np.ndarray
    """Sum of rewards."""
    success: np.ndarray
    """0 or 1."""
    lengths: np.ndarray
    """int64; steps."""
    discounted: np.ndarray
    """Sum of rewards discounted by the family's factor a step."""
    random: np.ndarray
    """Expected return of uniformly random actions from that very start, exactly."""
    optimal: np.ndarray
    """Largest return from that very start, exactly."""
    expert_discounted: np.ndarray
    """As ``discounted``, of the family's expert."""
    finished: np.ndarray
    """bool [T]"""
    actions: np.ndarray
    """str [T]; a character for each step of the trial, see :data:`FIRST_ACTION`."""


class AgentError(ValueError):
    """An agent failed; one line that names trial and step. What was finished before is kept.

    Attributes:
        played: what was reached, see ``finished``.
        result: the :class:`compworld.evaluation.Evaluation` of it, where :func:`evaluate` was called; else None.
    """

    def __init__(self, line: str, played: Played) -> None:
        super().__init__(line)
        self.played = played
        self.result: Any = None


def play_trials(
    agent: Any,
    family: GridFamily,
    split: Split,
    which: str,
    trials: int,
    episodes: int,
    seed: int = 0,
    *,
    track: str = "rewarded",
    observation: str = "symbolic",
    deterministic: bool = True,
    shots: int | None = None,
) -> Played:
    """Let an agent play; arguments as of :func:`compworld.evaluate`, with made family and split.

    Trial n has the random stream ``stream(key of (seed, which), n)``, so that the trials of a longer evaluation begin with
    those of a shorter one, and all agents meet the same.

    Raises:
        AgentError: the agent failed.
        ValueError: unknown track, or a number below 1.
    """
    track = choice("track", track, TRACKS)
    check_split(grid_family(family), split)
    trials, episodes = integer("tasks", trials, 1), integer("episodes", episodes, 1)
    shots = integer("shots", family.shots if shots is None else shots, 1)
    caller = Caller(agent, family.actions, deterministic)
    parts: list[Played] = []
    key = key_of_trials(which, seed)
    for first in range(0, trials, BATCH):
        numbers = np.arange(first, min(first + BATCH, trials))
        engine = TrialEngine(len(numbers), episodes, family, None, split, None, which)
        engine.keys[:], engine.episodes[:] = key, numbers * episodes - 1
        engine.reset(np.arange(len(numbers)))
        told = track == "told"
        observe = Observing(family, observation, told, episodes if track == "rewarded" else None, hidden=not told)
        batch = _Batch(engine, numbers)
        state = None
        try:
            if track == "shown" and hasattr(agent, "show"):
                state = batch.show(agent, demonstrations(engine, observe, shots))
            batch.play(caller, observe, state, each_episode=track != "rewarded")
        except Refused as refused:
            parts.append(batch.played())
            played = _padded(_joined(parts), trials)
            raise AgentError(f"{batch.place(refused.trial)}: {refused}", played) from refused.__cause__
        parts.append(batch.played())
    return _joined(parts)


class _Batch:
    """Trials that are played together."""

    def __init__(self, engine: TrialEngine, numbers: np.ndarray) -> None:
        self.engine, self.numbers, self.step = engine, numbers, 0
        shape = len(numbers), engine.per_trial
        self.returns, self.success, self.discounted = (np.full(shape, np.nan) for _ in range(3))
        self.lengths = np.zeros(shape, dtype=np.int64)
        self.actions = [""] * len(numbers)
        self.trials = Lockstep(engine)
        self.streams, self.weights = engine.streams_B.copy(), engine.state.weights_BM.copy()

    @property
    def over(self) -> np.ndarray:
        """bool [B]; which trials are over."""
        return self.trials.over_B

    def show(self, agent: Any, shown: Shown) -> Any:
        try:
            return agent.show(shown)
        except Exception as error:
            raise Refused(f"show() raised {type(error).__name__}: {' '.join(str(error).split())[:200]}") from error

    def play(self, caller: Caller, observe: Observing, state: Any, each_episode: bool) -> None:
        engine, family = self.engine, self.engine.family
        start = np.ones(len(self.numbers), dtype=bool)
        discounted = np.zeros(len(self.numbers))
        while not self.over.all():
            actions, state = caller(observe(engine), state, start, ~self.over)
            for trial in np.flatnonzero(~self.over).tolist():
                self.actions[trial] += chr(FIRST_ACTION + actions[trial])
            elapsed = engine.state.elapsed_B
            reward, inner = self.trials.step(actions)
            discounted += family.discount**elapsed * reward
            if inner is not None:
                where = inner.where, inner.numbers
                self.returns[where], self.success[where] = inner.returns, inner.successes
                self.lengths[where], self.discounted[where] = inner.lengths, discounted[inner.where]
                discounted[inner.where] = 0.0
            start = (engine.state.elapsed_B == 0) & ~self.over if each_episode else np.zeros_like(start)
            self.step += 1

    def place(self, trial: int | None) -> str:
        """Where a failure happened, in words."""
        if trial is not None:
            return f"trial {self.numbers[trial]}, step {self.step}"
        running = self.numbers[~self.over]
        word = f"trial {running[0]}" if len(running) == 1 else f"trials {running[0]} to {running[-1]}"
        return f"{word}, step {self.step}"

    def played(self) -> Played:
        """What was reached, beside the scale from the same starts."""
        family, episodes = self.engine.family, self.engine.per_trial
        streams = randomness.stream(self.streams[:, None], np.arange(episodes)[None]).reshape(-1)
        state = family.place(streams, self.weights.repeat(episodes, axis=0))
        steps, shape = np.full(len(state), family.horizon), self.returns.shape
        rewards_BL = demonstrate(family, state).rewards_BL.astype(np.float64)
        expert = (rewards_BL * family.discount ** np.arange(rewards_BL.shape[1])).sum(axis=1)
        over = self.over[:, None]
        return Played(
            np.where(over, self.returns, np.nan),
            np.where(over, self.success, np.nan),
            np.where(over, self.lengths, 0),
            np.where(over, self.discounted, np.nan),
            np.asarray(family.expert.random_return(state, steps)).reshape(shape),
            np.asarray(family.expert.optimal_return(state, steps)).reshape(shape),
            expert.reshape(shape),
            self.over.copy(),
            np.asarray(self.actions),
        )


def _joined(parts: list[Played]) -> Played:
    names = [field.name for field in dataclasses.fields(Played)]
    return Played(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _padded(played: Played, trials: int) -> Played:
    """With rows for the trials that were not begun."""
    columns = []
    for field in dataclasses.fields(Played):
        values = getattr(played, field.name)
        rest = np.zeros((trials - len(values), *values.shape[1:]), dtype=values.dtype)
        columns.append(np.concatenate([values, rest + np.nan if values.dtype.kind == "f" else rest]))
    return Played(*columns)
