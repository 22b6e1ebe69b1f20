"""How an agent is asked for actions, and what it may answer. Axis: B trials that are played together."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from compworld.envs.observing import single


class Refused(Exception):
    """What is wrong with an agent's answer, and in which of the trials (of the batch), None for all."""

    def __init__(self, problem: str, trial: int | None = None) -> None:
        super().__init__(problem)
        self.trial = trial


class Caller:
    """Asks an agent for the actions of a batch.

    Args:
        agent: has ``predict(observation, state, episode_start) -> (actions [B], state)``, or is a function of one observation
            that returns an action.
        deterministic: handed to a ``predict`` that has such an argument.

    Raises:
        ValueError: it is neither.
    """

    def __init__(self, agent: Any, actions: int, deterministic: bool) -> None:
        self.agent, self.actions = agent, actions
        predict = getattr(agent, "predict", None)
        if predict is None and not callable(agent):
            raise ValueError(
                f"agent is {agent!r}; allowed: something with predict(observation, state, episode_start), or a function"
            )
        self.predict = predict
        self.keywords = {"deterministic": deterministic} if predict is not None and _takes(predict, "deterministic") else {}

    def __call__(self, observation: Any, state: Any, start_B: np.ndarray, running_B: np.ndarray) -> tuple[np.ndarray, Any]:
        """Actions of all trials, int64 [B] (0 where none is running), and the agent's next state.

        Raises:
            Refused: the agent raised, or answered what it may not.
        """
        if self.predict is None:
            return self._ask_each(observation, running_B), None
        try:
            answer = self.predict(observation, state, start_B, **self.keywords)
        except Exception as error:
            raise Refused(f"the agent raised {type(error).__name__}: {_line(error)}") from error
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise Refused(f"predict returned {_short(answer)}; allowed: a pair of actions and state")
        actions = _array("actions", answer[0])
        if actions.shape != running_B.shape:
            raise Refused(f"actions have shape {actions.shape}; allowed: {running_B.shape}, one for each trial")
        for trial in np.flatnonzero(running_B).tolist():
            self._check(actions[trial], trial)
        _check_state(answer[1], len(running_B))
        return np.where(running_B, actions, 0).astype(np.int64), answer[1]

    def _ask_each(self, observation: Any, running_B: np.ndarray) -> np.ndarray:
        actions = np.zeros(len(running_B), dtype=np.int64)
        for trial in np.flatnonzero(running_B).tolist():
            try:
                answer = self.agent(_one(observation, trial))
            except Exception as error:
                raise Refused(f"the agent raised {type(error).__name__}: {_line(error)}", trial) from error
            action = _array("action", answer, trial)
            if action.ndim != 0:
                raise Refused(f"action has shape {action.shape}; allowed: one integer", trial)
            self._check(action[()], trial)
            actions[trial] = int(action)
        return actions

    def _check(self, action: Any, trial: int) -> None:
        if not isinstance(action, np.integer) or not 0 <= action < self.actions:
            shown = action.item() if isinstance(action, np.generic) else action
            raise Refused(f"action is {shown!r}; allowed: integers from 0 to {self.actions - 1}", trial)


def _array(name: str, value: Any, trial: int | None = None) -> np.ndarray:
    """What an agent answered as an array: of nested lists that are no rectangle, or of tensors elsewhere, there is none."""
    try:
        return np.asarray(value)
    except Exception as error:  # other libraries raise errors of their own
        raise Refused(f"{name}: {_short(value)} is no array ({_line(error)}); allowed: integers", trial) from error


def _takes(function: Any, name: str) -> bool:
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def _one(observation: Any, trial: int) -> Any:
    """The observation of one trial, as a single environment gives it."""
    if isinstance(observation, dict):
        return single({key: value[trial : trial + 1] for key, value in observation.items()})
    return observation[trial]


def _check_state(state: Any, trials: int) -> None:
    """Every array of a state (in dicts, lists and tuples, however deep) has an axis for the trials."""
    if isinstance(state, Mapping):
        state = tuple(state.values())
    if isinstance(state, list | tuple):
        for part in state:
            _check_state(part, trials)
    elif isinstance(shape := getattr(state, "shape", None), Sequence) and trials not in tuple(shape):
        raise Refused(f"state has an array of shape {tuple(shape)}; allowed: arrays with an axis for the {trials} trials")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _short(value: Any) -> str:
    return " ".join(repr(value).split())[:80]
