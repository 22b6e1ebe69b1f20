"""Expert demonstrations, batched and compact: indices of active observation rows and a mask, never dense observations.

Axes: B episodes, L steps, R active rows, A actions.
"""

from dataclasses import dataclass
from typing import Protocol

from compworld.backends import Array, namespace
from compworld.families.expert import Expert
from compworld.families.state import Outcome, State


@dataclass(frozen=True)
class Demonstrations:
    """What the expert did from a batch of starting states."""

    rows_BLR: Array
    """int64; the observation before each step, see :meth:`GridFamily.active_rows`."""
    actions_BL: Array
    """int64; the demonstrated action."""
    action_values_BLA: Array
    """float32; the expert's action values."""
    rewards_BL: Array
    """float32; the reward of each step, 0 after the episode's end."""
    valid_BL: Array
    """bool; the episode had not ended yet."""


class Demonstrable(Protocol):
    """What a family has that its expert can act in: every :class:`compworld.families.GridFamily`."""

    horizon: int

    @property
    def expert(self) -> Expert: ...

    def active_rows(self, state: State) -> Array: ...

    def step(self, state: State, action_B: Array) -> tuple[State, Outcome]: ...


def demonstrate(family: Demonstrable, state: State) -> Demonstrations:
    """Let the family's expert act from each state until the longest episode of the batch is over.

    The demonstrated action is the first maximum of the action values. The final step, which ends the episode, is included.
    """
    xp = namespace(state.agent_B)
    expert = family.expert
    plan = expert.plan(state)
    running = xp.ones_like(state.agent_B, dtype=xp.bool)
    rows, actions, values, rewards, valid = [], [], [], [], []
    for _ in range(min(expert.longest_demonstration(state), family.horizon)):
        values_BA = expert.action_values(plan, state)
        action_B = xp.argmax(values_BA, axis=1)
        rows.append(family.active_rows(state))
        actions.append(action_B)
        values.append(xp.astype(values_BA, xp.float32))
        valid.append(running)
        state, outcome = family.step(state, action_B)
        rewards.append(outcome.reward_B)
        running = running & ~outcome.terminated_B
    rows_BLR, actions_BL, values_BLA, valid_BL = (xp.stack(column, axis=1) for column in (rows, actions, values, valid))
    rewards_BL = xp.astype(xp.where(valid_BL, xp.stack(rewards, axis=1), 0.0), xp.float32)
    return Demonstrations(rows_BLR, actions_BL, values_BLA, rewards_BL, valid_BL)
