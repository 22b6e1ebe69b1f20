"""Expert demonstrations, batched and compact: indices of active observation rows and a mask, never dense observations.

Axes: B episodes, L steps, R active rows, A actions.
"""

from dataclasses import dataclass

from compworld.backends import Array, namespace
from compworld.experts import Expert
from compworld.families.base import GridFamily, State


@dataclass(frozen=True)
class Demonstrations:
    """What the expert did from a batch of starting states."""

    rows_BLR: Array
    """int64; the observation before each step, see :meth:`GridFamily.active_rows`."""
    actions_BL: Array
    """int64; the demonstrated action."""
    action_values_BLA: Array
    """float32; the expert's action values."""
    valid_BL: Array
    """bool; the episode had not ended yet."""


def demonstrate(family: GridFamily, expert: Expert, state: State) -> Demonstrations:
    """Let the expert act from each state until the longest episode of the batch is over.

    The demonstrated action is the first maximum of the action values. The final step, which ends the episode, is included.
    """
    xp = namespace(state.agent_B)
    plan = expert.plan(state)
    running = xp.ones_like(state.agent_B, dtype=xp.bool)
    rows, actions, values, valid = [], [], [], []
    for _ in range(min(expert.longest_demonstration(state), family.horizon)):
        values_BA = expert.action_values(plan, state)
        action_B = xp.argmax(values_BA, axis=1)
        rows.append(family.active_rows(state))
        actions.append(action_B)
        values.append(xp.astype(values_BA, xp.float32))
        valid.append(running)
        state, outcome = family.step(state, action_B)
        running = running & ~outcome.terminated_B
    return Demonstrations(*(xp.stack(column, axis=1) for column in (rows, actions, values, valid)))
