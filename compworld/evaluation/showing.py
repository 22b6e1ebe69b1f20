"""Demonstrations for an agent of the "shown" track. Axes: B trials, E demonstrations of each, L steps, A actions."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from compworld import randomness
from compworld.envs.observing import Observing
from compworld.envs.trials import TrialEngine


@dataclass(frozen=True)
class Shown:
    """What ``agent.show`` is handed: the expert's episodes of each trial's task, in the same kind of observation as it plays with.

    Episodes are padded to the longest by repeating actions; ``valid`` tells which steps count.
    """

    observations: Any
    """[B, E, L, ...] before each step; a dict of such arrays for observations that are Dicts, strings (dtype object) for texts."""
    actions: np.ndarray
    """int64 [B, E, L]"""
    rewards: np.ndarray
    """float32 [B, E, L]"""
    action_values: np.ndarray
    """float32 [B, E, L, A]; of the expert, see :meth:`compworld.families.expert.Expert.action_values`."""
    valid: np.ndarray
    """bool [B, E, L]; the episode had not ended yet."""


def shown_to(engine: TrialEngine, observe: Observing, shots: int) -> Shown:
    """``shots`` demonstrations of each trial's task, from starts that its episodes do not have: those after its K episodes."""
    family, expert = engine.family, engine.family.expert
    numbers = engine.per_trial + np.arange(shots)
    streams = randomness.stream(engine.streams_B[:, None], numbers[None]).reshape(-1)
    state = family.place(streams, engine.state.weights_BM.repeat(shots, axis=0))
    plan, running = expert.plan(state), np.ones(len(state), dtype=bool)
    stage = TrialEngine(len(state), engine.per_trial, family, None, engine.split, None, "all")
    columns: list[tuple[Any, ...]] = []
    for _ in range(min(expert.longest_demonstration(state), family.horizon)):
        stage.state = state
        values_BA = expert.action_values(plan, state)
        action_B = np.argmax(values_BA, axis=1)
        seen = observe(stage)
        state, outcome = family.step(state, action_B)
        reward = np.where(running, outcome.reward_B, 0.0).astype(np.float32)
        columns.append((seen, action_B, reward, values_BA.astype(np.float32), running))
        running = running & ~outcome.terminated_B
    shape = len(engine.keys), shots, len(columns)

    def stacked(values: list[Any]) -> Any:
        if isinstance(values[0], dict):
            return {key: stacked([value[key] for value in values]) for key in values[0]}
        if isinstance(values[0], tuple):
            values = [np.asarray(value, dtype=object) for value in values]
        whole = np.stack(values, axis=1)
        return whole.reshape(*shape, *whole.shape[2:])

    return Shown(*(stacked(list(column)) for column in zip(*columns, strict=True)))
