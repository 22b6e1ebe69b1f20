"""Methods by name: the learners of this package, the random floor, and a user's own ``module:Class``."""

import importlib
import inspect
from typing import Any

import torch
from torch import Tensor

from agents import LEARNERS
from agents.base import Fast, Learner, Problem


class UniformRandom(Learner):
    """Floor: uniformly random actions, whatever the task."""

    adapts = False

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.generator = torch.Generator().manual_seed(0)

    def initial_fast(self, support: Any) -> Fast:
        return {}

    def predict(self, fast: Fast, encoded: Tensor) -> Tensor:
        tasks, samples, _ = encoded.shape
        return torch.rand(tasks, samples, self.problem.outputs, generator=self.generator).to(encoded.device)


METHODS: dict[str, type[Learner]] = {**LEARNERS, "random": UniformRandom}

TITLES = {
    "linear_hypernetwork": "linear hypernetwork",
    "deep_hypernetwork": "nonlinear hypernetwork",
    "anil": "ANIL",
    "maml": "MAML",
    "no_adaptation": "no adaptation (floor)",
    "oracle": "hypernetwork told the task (oracle)",
    "random": "random actions (floor)",
}
"""How tables and plots call the methods."""


def method_class(name: str) -> type[Learner]:
    """The learner class of a method: a key of ``METHODS``, or ``"module:Class"`` for one of your own.

    Raises:
        ValueError: unknown name, or the class cannot be imported or is no learner.
    """
    if name in METHODS:
        return METHODS[name]
    module_name, separator, class_name = name.partition(":")
    if not separator:
        allowed = ", ".join(map(repr, METHODS))
        raise ValueError(f"unknown method {name!r}; allowed: {allowed}, or 'module:Class' for your own")
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"method {name!r} cannot be imported ({error}); allowed: 'module:Class' on the Python path") from None
    if not (inspect.isclass(found) and issubclass(found, Learner)):
        raise ValueError(f"method {name!r} is {found!r}; allowed: a subclass of agents.Learner")
    return found


def make_learner(name: str, options: dict[str, Any], problem: Problem) -> Learner:
    """Construct a method's learner.

    Raises:
        ValueError: unknown method, or options that its constructor does not take.
    """
    found = method_class(name)
    known = [parameter for parameter in inspect.signature(found).parameters if parameter != "problem"]
    unknown = [option for option in options if option not in known]
    if unknown:
        raise ValueError(f"method {name!r} has no option {unknown[0]!r}; allowed: {', '.join(map(repr, known)) or 'none'}")
    return found(problem, **options)


def title_of(name: str) -> str:
    """How tables and plots call a method."""
    return TITLES.get(name, name)
