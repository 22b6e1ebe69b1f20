"""What learners are shown of a task, and what they are asked about: the steps of some of its episodes.

Axes: T tasks, N samples, R active rows (Teacher: inputs), A actions; B episodes of all tasks, L steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from compworld.backends import Array, namespace
from compworld.families.demonstrations import Demonstrations


@dataclass(frozen=True)
class Samples:
    """Steps of each task's demonstrations, packed: the steps after an episode's end are left out."""

    rows_TNR: Array
    """int64; observation as indices of active rows, see :meth:`GridFamily.active_rows`. Teacher: float32, the inputs."""
    actions_TN: Array
    """int64; the demonstrated action. Teacher: the largest of its outputs."""
    action_values_TNA: Array
    """float32; the expert's action values. Teacher: its outputs, or the probabilities of the classes."""
    rewards_TN: Array
    """float32; the reward of the step. Teacher: 0."""
    episode_TN: Array
    """int64; which of the task's episodes the step belongs to, counted from 0."""
    valid_TN: Array
    """bool; False for the padding at the end of tasks with fewer steps than others."""

    def __getitem__(self, tasks: slice) -> "Samples":
        return Samples(*(getattr(self, name)[tasks] for name in self.__dataclass_fields__))


def pack(shown: Demonstrations, tasks: int, groups: Sequence[int]) -> list[Samples]:
    """Deal each task's demonstrations to consecutive groups, and leave out the steps after an episode's end.

    Args:
        shown: the episodes of task 0, then those of task 1, and so on; as many of each as the groups take.
        tasks: number of tasks T.
        groups: episodes of each group.
    """
    xp = namespace(shown.valid_BL)
    episodes, steps = sum(groups), shown.valid_BL.shape[1]
    flat = tasks * episodes * steps
    rows, values = xp.reshape(shown.rows_BLR, (flat, -1)), xp.reshape(shown.action_values_BLA, (flat, -1))
    actions, rewards = xp.reshape(shown.actions_BL, (-1,)), xp.reshape(shown.rewards_BL, (-1,))
    valid_TEL = xp.reshape(shown.valid_BL, (tasks, episodes, steps))
    packed = []
    for first, last in zip(accumulate(groups, initial=0), accumulate(groups), strict=False):
        valid = xp.reshape(valid_TEL[:, first:last], (tasks, -1))
        lengths = xp.sum(xp.astype(valid, xp.int64), axis=1)
        number = xp.arange(int(xp.max(lengths)), device=lengths.device)
        order = xp.argsort(xp.astype(~valid, xp.int64), axis=1, stable=True)[:, : len(number)]
        step = (xp.arange(tasks, device=order.device) * episodes * steps)[:, None] + first * steps + order
        valid = number[None, :] < lengths[:, None]
        packed.append(Samples(rows[step], actions[step], values[step], rewards[step], order // steps, valid))
    return packed
