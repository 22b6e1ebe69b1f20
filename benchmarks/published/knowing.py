"""Agents that know their tasks before they act, made of finished runs. Axes of names: B environments, R active rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from compworld.agents import Adapted, Code, Evidence, Learner, MetaBatch, accelerate
from compworld.arguments import shown
from compworld.benchmarks.published.trained import TrainedAgent
from compworld.benchmarks.runs.run import TrainedRun
from compworld.benchmarks.runs.surroundings import of_a_run
from compworld.benchmarks.worlds.problems import examples_of
from compworld.envs.showing import Shown, settings_of
from compworld.families.demonstrations import Demonstrations
from compworld.families.samples import pack
from compworld.fewshot import sparse


@dataclass(frozen=True, eq=False)
class Known:
    """What an agent remembers of the tasks that it came to know."""

    learner: Learner
    """Of the agent, which alone can read it."""
    adapted: Adapted
    tasks: int
    codes: Tensor | None = None
    """Of told tasks, [tasks, code_size]."""


class KnowingAgent(TrainedAgent):
    """Acts by a learner that has adapted to what is known of each task."""

    def __init__(self, run: TrainedRun) -> None:
        super().__init__(run)
        self.learner = run.learner

    def adapt(self, evidence: Evidence) -> Known:
        """What is known of tasks by evidence about them."""
        adapted = accelerate.adapt(self.learner, evidence, torch.Generator().manual_seed(0))
        return Known(self.learner, adapted, len(evidence), evidence.weights_TM if isinstance(evidence, Code) else None)

    def own(self, state: Any) -> Known:
        """A state that this agent handed out.

        Raises:
            ValueError: it is another's.
        """
        if not isinstance(state, Known) or state.learner is not self.learner:
            raise ValueError(f"state is {shown(state)}; allowed: what this agent returned")
        return state

    def act(self, observation: Any, known: Known) -> Any:
        """The action in one environment, an int, or those of a batch, int64 [B].

        Raises:
            ValueError: the observation is of another kind, or of another number of environments than tasks are known.
        """
        alone = np.ndim(observation) in (1, 3)
        rows = self.rows(observation, 0 if alone else 1)
        rows_BR = rows.reshape(-1, rows.shape[-1])
        if len(rows_BR) != known.tasks:
            raise ValueError(
                f"observation is of {len(rows_BR)} environments; allowed: {known.tasks}, as many as tasks are known"
            )
        actions = known.adapted.act(torch.as_tensor(rows_BR, device=self.config.device)[:, None])[:, 0].cpu().numpy()
        return int(actions[0]) if alone else actions

    def rows(self, observation: Any, axes: int) -> np.ndarray:
        """Active rows, int64 [..., R], of ``"symbolic"`` or ``"indices"`` observations with so many axes before their own.

        Raises:
            ValueError: they have another shape, are no whole numbers or show what cannot be.
        """
        values, family = np.asarray(observation), self.family
        if values.dtype.kind not in "biu":
            raise ValueError(f"observation has numbers of type {values.dtype}; allowed: whole ones (symbolic or indices)")
        if values.shape[axes:] == (family.rows,):
            impossible = ~np.isin(values, family.possible_rows)
            if impossible.any():
                raise ValueError(
                    f"observation has the row {values[impossible][0]}; allowed: rows that can be active in {family.label!r}, "
                    "of observation 'indices'"
                )
            return values.astype(np.int64)
        if values.shape[axes:] == (*family.shape, family.channels):
            return sparse(family, values)
        raise ValueError(
            f"observation has shape {values.shape}; allowed: after {axes} axes {(*family.shape, family.channels)} (symbolic) "
            f"or {(family.rows,)} (indices), of {family.label!r}"
        )


class ShownAgent(KnowingAgent):
    """Is shown demonstrations of each task, adapts to them, and then acts; on the track "shown" of ``compworld.evaluate``."""

    def __init__(self, run: TrainedRun) -> None:
        super().__init__(run)
        self.trained_in = _place(settings_of(self.family, run.world.split))

    @of_a_run()
    def show(self, demonstrations: Shown) -> Known:
        """Come to know tasks; what is returned is the ``state`` of :meth:`predict`.

        Args:
            demonstrations: of the task of each environment, from their ``demonstrations()``; observations ``"symbolic"`` or
                ``"indices"``.

        Raises:
            ValueError: they are no demonstrations, of another world than that in which the agent was trained, or of other
                observations.
        """
        if not isinstance(demonstrations, Shown):
            raise ValueError(
                f"demonstrations are {shown(demonstrations)}; allowed: what demonstrations() of environments returns"
            )
        for name, value in _place(demonstrations.settings).items():
            if value != self.trained_in[name]:
                raise ValueError(
                    f"demonstrations are of {name} {value!r}; allowed: {self.trained_in[name]!r}, where the agent was trained "
                    "(agent.environment() makes it)"
                )
        tasks, shots, steps = demonstrations.valid.shape
        columns = (
            self.rows(demonstrations.observations, 3),
            demonstrations.actions,
            demonstrations.action_values,
            demonstrations.rewards,
            demonstrations.valid,
        )
        episodes = Demonstrations(*(column.reshape(tasks * shots, steps, *column.shape[3:]) for column in columns))
        (samples,) = pack(episodes, tasks, (shots,))
        support = examples_of(samples, self.config.imitation, self.config.device)
        unknown = torch.full((tasks, self.family.code_size), torch.nan)
        return self.adapt(MetaBatch(support, support, unknown).shown_to(self.learner))

    @of_a_run()
    def predict(
        self, observation: Any, state: Known | None = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Known]:
        """The action in one environment, an int, or those of a batch, int64 [B]; and the state.

        Args:
            observation: ``"symbolic"`` or ``"indices"``, of one environment or of as many as tasks were shown.
            state: what :meth:`show` returned.
            episode_start: not needed: tasks are known until others are shown. Where environments go on to another task by
                themselves, show them again.
            deterministic: not needed: the action is always the best one.

        Raises:
            ValueError: nothing was shown, the state is another agent's, or the observation is another.
        """
        if state is None:
            raise ValueError("state is None; allowed: what show(demonstrations) returned, before the first step")
        return self.act(observation, self.own(state)), state


class ToldAgent(KnowingAgent):
    """Is told each task's code; on the track "told" of ``compworld.evaluate``."""

    def __init__(self, run: TrainedRun) -> None:
        super().__init__(run)
        self.options["told"] = True

    @of_a_run()
    def predict(
        self, observation: Mapping[str, Any], state: Known | None = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Any, Known]:
        """As of :class:`ShownAgent`; the tasks' codes are read from the observation, and a changed one is heeded at once.

        Raises:
            ValueError: the observation has no codes of this family, or as of :class:`ShownAgent`.
        """
        codes = self._codes(observation)
        known = None if state is None else self.own(state).codes
        if state is None or known is None or not torch.equal(known, codes):
            state = self.adapt(Code(codes))
        return self.act(observation["observation"], state), state

    def _codes(self, observation: Any) -> Tensor:
        """Those of the tasks, [B, code_size]."""
        if not isinstance(observation, Mapping) or not {"code", "observation"} <= observation.keys():
            raise ValueError(f"observation is {shown(observation)}; allowed: one with 'observation' and 'code' (told=True)")
        codes = np.atleast_2d(np.asarray(observation["code"], dtype=np.float64))
        if codes.ndim != 2 or codes.shape[1] != self.family.code_size:
            raise ValueError(f"code has shape {codes.shape}; allowed: (..., {self.family.code_size}), of {self.family.label!r}")
        return torch.as_tensor(codes, dtype=torch.get_default_dtype(), device=self.config.device)


def _place(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What of a place matters to who was trained there: not how long episodes are, nor how its split came about."""
    sizes = {name: size for name, size in settings["sizes"].items() if name != "horizon"}
    return {**{name: settings[name] for name in ("family", "world", "split_sha256")}, "sizes": sizes}
