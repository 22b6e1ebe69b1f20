"""What every expert offers, batched for NumPy and torch. Axes: B batch, A actions."""

from abc import ABC, abstractmethod
from typing import Any

from compworld.backends import Array, namespace
from compworld.families.state import State


class Expert(ABC):
    """Knows the best behaviour in any reachable state of its family.

    An episode is planned once, by :meth:`plan` at any of its states; the plan then serves all its later states.
    """

    def plan(self, state: State) -> Any:
        """What :meth:`action_values` needs to know about each episode of the batch; by default nothing."""
        return None

    @abstractmethod
    def action_values(self, plan: Any, state: State) -> Array:
        """The paper's imitation target, a stationary function of the observation and the task; float [B, A]."""

    def exact_plan(self, state: State) -> Any:
        """What :meth:`exact_values` needs to know about each episode of the batch, at any of its states."""
        return self.plan(state)

    def exact_values(self, plan: Any, state: State, steps_B: Array) -> Array:
        """Values of which the largest belong to the best actions with ``steps_B`` steps left (at least 1); float [B, A].

        By default the :meth:`action_values`, for experts whose demonstrations are optimal however many steps are left.
        """
        return self.action_values(plan, state)

    @abstractmethod
    def longest_demonstration(self, state: State) -> int:
        """No demonstration that starts in one of these states has more steps than this."""

    @abstractmethod
    def optimal_return(self, state: State, steps_B: Array) -> Array:
        """The largest sum of rewards that ``steps_B`` further steps can give; float64 [B]."""

    @abstractmethod
    def random_return(self, state: State, steps_B: Array) -> Array:
        """The expected sum of rewards of uniformly random actions over ``steps_B`` steps, computed exactly; float64 [B]."""

    def optimal_action(self, state: State, steps_B: Array) -> Array:
        """An action that maximises the sum of rewards over the ``steps_B`` steps that remain; int64 [B].

        By default the demonstrated one.
        """
        return self.imitated_action(self.plan(state), state)

    def imitated_action(self, plan: Any, state: State) -> Array:
        """The demonstrated action: the first maximum of :meth:`action_values`; int64 [B]."""
        values_BA = self.action_values(plan, state)
        return namespace(values_BA).argmax(values_BA, axis=1)
