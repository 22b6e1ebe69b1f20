"""Methods by name: the learners of ``agents``, and a user's own ``module:Class``."""

import dataclasses
import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, get_args, get_type_hints

from compworld.agents import METHODS, Actor, Code, Learner, Method, Problem
from compworld.benchmarks.recipes.names import check_methods

Options = ParamSpec("Options")

ADAPTIVE = ("linear_hypernetwork", "deep_hypernetwork", "anil", "maml")
FLOORS = ("no_adaptation", "random", "memoryless", "random_play")
REFERENCES = ("bayes", "bayes_trained", "shown_bayes", "shown_bayes_trained")
"""Methods that know the rules, which others of their table have to find out: lines in pictures, as floors are."""

TOLD = tuple(name for name, method in METHODS.items() if method.evidence is Code)
"""Methods that are told the task, which others of their table may have to find out."""

TITLES = {
    "linear_hypernetwork": "linear hypernetwork",
    "deep_hypernetwork": "nonlinear hypernetwork",
    "anil": "ANIL",
    "maml": "MAML",
    "shown_transformer": "transformer over demonstrations",
    "bottleneck_transformer": "transformer with a bottleneck",
    "hyla": "HYLA over demonstrations",
    "shown_gru": "GRU over demonstrations",
    "no_adaptation": "no adaptation (floor)",
    "told_hypernetwork": "hypernetwork told the task",
    "told_network_128": "network told the task, 128 wide",
    "told_network_512": "network told the task, 512 wide",
    "told_network_2048": "network told the task, 2,048 wide",
    "shown_bayes": "Bayes, all combinations",
    "shown_bayes_trained": "Bayes, trained combinations",
    "random": "random actions (floor)",
    "gru": "GRU",
    "recurrent_hypernetwork": "recurrent hypernetwork",
    "transformer": "transformer",
    "rl2": "RL² (PPO)",
    "adapting_hypernetwork": "hypernetwork, gradient steps",
    "memoryless": "without memory (floor)",
    "told_policy": "policy told the task",
    "told_mixed_policy": "mixed policy told the task",
    "bayes": "Bayes, all combinations",
    "bayes_trained": "Bayes, trained combinations",
    "random_play": "random actions (floor)",
}
"""How tables and plots call the methods."""


def title_of(name: str) -> str:
    """How tables and plots call a method."""
    return TITLES.get(name, name)


def track_of(name: str) -> str:
    """The track that a method is on: ``"shown"``, ``"rewarded"`` or ``"told"``.

    Raises:
        ValueError: see :func:`method_class`.
    """
    found = method_class(name)
    if not issubclass(found, Actor):
        return "shown"
    return "told" if found.evidence is Code else "rewarded"


def method_class(name: str) -> type[Learner] | type[Actor]:
    """The class of a method: a key of ``compworld.agents.METHODS``, or ``"module:Class"`` for one of your own.

    Raises:
        ValueError: unknown name, or the class cannot be imported or is no learner.
    """
    if name in METHODS:
        return METHODS[name]  # type: ignore[return-value]  # every method is one or the other
    check_methods(name)
    module_name, _, class_name = name.partition(":")
    try:
        # The working folder comes last, so that nothing in it takes the place of another module.
        if not {"", str(Path.cwd())} & set(sys.path):
            sys.path.append(str(Path.cwd()))
        found = getattr(importlib.import_module(module_name), class_name)
    except Exception as error:  # whatever the module raises
        what = f"{type(error).__name__}: {error}"
        raise ValueError(f"method {name!r} cannot be imported ({what}); allowed: 'module:Class' on the Python path") from error
    if not (inspect.isclass(found) and issubclass(found, Learner | Actor)):
        raise ValueError(
            f"method {name!r} is {found!r}; allowed: a subclass of compworld.agents.Learner or compworld.agents.Actor"
        )
    return found


def options_of(
    build: Callable[Concatenate[Problem, Options], Method], *arguments: Options.args, **keywords: Options.kwargs
) -> dict[str, Any]:
    """Options of a method as plain data, for :class:`compworld.benchmarks.recipes.config.RunConfig`.

    Type checkers hold them against the method's constructor, and so does this function when it is called.

    Args:
        build: the learner's class.
        *arguments: what its constructor takes after the problem.
        **keywords: the same by name.

    Raises:
        ValueError: the constructor does not take these.
    """
    try:
        bound = inspect.signature(build).bind(None, *arguments, **keywords)
    except TypeError as error:
        raise ValueError(f"{getattr(build, '__name__', build)} cannot be built: {error}") from None
    _, *given = bound.arguments.items()
    return {name: plain(value) for name, value in given}


def parameters_of(method: type[Method]) -> dict[str, inspect.Parameter]:
    """What a method's constructor takes after the problem, by name; annotations are types."""
    hints = get_type_hints(method.__init__)
    _, *parameters = inspect.signature(method).parameters.values()
    return {found.name: found.replace(annotation=hints.get(found.name, Any)) for found in parameters}


def make_learner(method: str, options: dict[str, Any], problem: Problem) -> Learner:
    """:func:`make_method` for methods that are no actors.

    Raises:
        ValueError: it is one.
    """
    made = make_method(method, options, problem)
    if isinstance(made, Learner):
        return made
    raise ValueError(f"method {method!r} acts in trials; allowed: learners that adapt to demonstrations")


def make_method(method: str, options: dict[str, Any], problem: Problem) -> Learner | Actor:
    """Construct a method from plain data.

    Raises:
        ValueError: unknown method, or options that its constructor does not take.
    """
    found = method_class(method)
    parameters = parameters_of(found)
    for name in options:
        if name not in parameters:
            allowed = ", ".join(map(repr, parameters)) or "none"
            raise ValueError(f"method {method!r} has no option {name!r}; allowed: {allowed}")
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in options:
            raise ValueError(f"method {method!r} needs option {name!r}; given: {', '.join(map(repr, options)) or 'none'}")
    return found(problem, **built_options(method, options))


def built_options(method: str, options: dict[str, Any]) -> dict[str, Any]:
    """Options with the dataclasses that the constructor's annotations name, instead of plain data."""
    parameters = parameters_of(method_class(method))
    return {name: _built(parameters[name].annotation, value) for name, value in options.items()}


def _built(annotation: Any, value: Any) -> Any:
    """The dataclass that an annotation names, if the value is its fields as plain data."""
    if isinstance(value, dict):
        for kind in (annotation, *get_args(annotation)):
            if dataclasses.is_dataclass(kind) and isinstance(kind, type):
                return kind(**value)
    return value


def plain(value: Any) -> Any:
    """A dataclass as a dict; anything else as it is."""
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value
