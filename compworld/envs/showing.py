"""The expert's demonstrations of hidden tasks. Axes: B tasks, E demonstrations of each, L steps, A actions."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from compworld.arguments import integer
from compworld.envs.engine import Engine
from compworld.envs.observing import Observing
from compworld.envs.trials import MOST_EPISODES
from compworld.families import Family
from compworld.modules.splits import Split


@dataclass(frozen=True)
class Shown:
    """What ``agent.show`` is handed: the expert's episodes of each task, in the same kind of observation as the agent plays
    with, and without anything that tells the task.

    Episodes are padded to the longest by repeating actions; ``valid`` tells which steps count.
    """

    observations: Any
    """[B, E, L, ...] before each step; a dict of such arrays where the observation is a Dict, strings (objects) for texts."""
    actions: np.ndarray
    """int64 [B, E, L]"""
    rewards: np.ndarray
    """float32 [B, E, L]"""
    action_values: np.ndarray
    """float32 [B, E, L, A]; of the expert, see :meth:`compworld.families.expert.Expert.action_values`."""
    valid: np.ndarray
    """bool [B, E, L]; the episode had not ended yet."""
    settings: dict[str, Any]
    """Where it was played: ``family``, ``world``, ``sizes``, ``support``, ``support_options`` and ``split_sha256``."""


def demonstrations(engine: Engine, observing: Observing, shots: int | None = None) -> Shown:
    """Demonstrations of the task of each environment, from starts that its episodes do not have.

    Args:
        engine: of the environments.
        observing: their kind of observation.
        shots: demonstrations of each task; by default the family's.

    Raises:
        ValueError: ``shots`` is no number of episodes.
    """
    family, split, expert = engine.family, engine.split, engine.family.expert
    shots = integer("shots", family.shots if shots is None else shots, 1, MOST_EPISODES)
    observe = observing.of_scenes()
    streams = engine.demonstration_streams(shots).reshape(-1)
    state = family.place(streams, engine.state.weights_BM.repeat(shots, axis=0))
    plan, running = expert.plan(state), np.ones(len(state), dtype=bool)
    stage = Engine(len(state), family, None, split, None, "all")
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

    seen, actions, rewards, action_values, valid = (stacked(list(column)) for column in zip(*columns, strict=True))
    return Shown(seen, actions, rewards, action_values, valid, settings_of(family, split))


def settings_of(family: Family, split: Split) -> dict[str, Any]:
    """Where demonstrations are from, see :attr:`Shown.settings`."""
    return {
        "family": family.label,
        "world": family.world,
        "sizes": dict(family.sizes),
        "support": split.support,
        "support_options": split.options,
        "split_sha256": split.sha256,
    }
