"""Any field of a config, set by its name on the command line: ``--inner.learning-rate 0.1 --outer.steps 200 --width 64``."""

import dataclasses
import inspect
from collections.abc import Iterator, Sequence
from typing import Any, get_type_hints

import tyro

from compworld import SUPPORTS, make_family
from compworld.agents.training import OuterLoop
from compworld.benchmarks.recipes.config import Evaluation, RunConfig, TrialTraining
from compworld.benchmarks.recipes.methods import built_options, method_class, parameters_of, plain
from compworld.benchmarks.recipes.parsing import in_one_line

PLAIN = ("imitation", "meta_batch", "support_episodes", "query_episodes")
"""Fields of a config that are set as they are; the others are arguments of the command itself, or have fields of their own."""

OF_FAMILY = ("sizes", "support_options")
"""Fields that a family and its support check themselves."""

LARGEST = 2**31 - 1
"""Of whole numbers: steps, tasks, units."""

Field = tuple[str, Any, Any]
"""Name, type and default."""


def changed(config: RunConfig, arguments: Sequence[str]) -> RunConfig:
    """A config with fields set by command-line arguments.

    Fields of the method's constructor stand at the top (``--width``), those of others below their names
    (``--outer.steps``, ``--evaluation.tasks``, ``--sizes.horizon``, ``--support-options.held-out-fraction``).

    Args:
        config: from a recipe; it has the defaults.
        arguments: names and values.

    Raises:
        ValueError: a name that the config does not have, or a value that its field cannot have.
    """
    if not arguments:
        return config
    fields = _fields_of(config)
    allowed = _names(fields)
    for argument in arguments:
        name = argument.partition("=")[0]
        if argument.startswith("--") and name.replace("_", "-") not in allowed:
            raise ValueError(
                f"unknown field {name!r} of a {config.method} run on {config.family}; allowed: {', '.join(allowed)}"
            )
    kind: Any = dataclasses.make_dataclass(
        "Fields", [(name, type_, dataclasses.field(default=value)) for name, type_, value in fields]
    )
    form = (tyro.conf.FlagConversionOff,)
    given = in_one_line(lambda: tyro.cli(kind, args=list(arguments), prog="compworld train", config=form))
    _check_whole([(name, type_, getattr(given, name)) for name, type_, _ in fields])
    return _applied(config, fields, given)


def _fields_of(config: RunConfig) -> list[Field]:
    """Everything that can be set, with what it is now."""
    hints = get_type_hints(RunConfig)
    fields: list[Field] = [(name, hints[name], getattr(config, name)) for name in PLAIN]
    fields.append(("evaluation", Evaluation, config.evaluation))
    if config.outer is not None:
        fields.append(("outer", OuterLoop, config.outer))
    if config.trials is not None:
        fields.append(("trials", TrialTraining, config.trials))
    family = make_family(config.family, config.world, **config.sizes)
    sizes = [(name, type(value), value) for name, value in family.sizes.items()]
    chosen = SUPPORTS.get(config.support, lambda space, rng: None)
    _, _, *parameters = inspect.signature(chosen).parameters.values()
    options = [(p.name, p.annotation, config.support_options.get(p.name, p.default)) for p in parameters]
    for name, group in (("sizes", sizes), ("support_options", options)):
        if group:
            fields.append((name, _group(name, group), dataclasses.MISSING))
    taken = {name for name, _, _ in fields}
    built = built_options(config.method, config.options)
    for name, parameter in parameters_of(method_class(config.method)).items():
        default = built.get(name, parameter.default)
        if name not in taken and default is not parameter.empty:
            fields.append((name, parameter.annotation, default))
    return [(name, type_, type_() if value is dataclasses.MISSING else value) for name, type_, value in fields]


def _group(name: str, fields: Sequence[Field]) -> type:
    return dataclasses.make_dataclass(
        name, [(field, type_, dataclasses.field(default=value)) for field, type_, value in fields], frozen=True
    )


def _names(fields: Sequence[Field], prefix: str = "--") -> list[str]:
    """How the command line calls the fields."""
    return [name for name, _ in _leaves(fields, prefix)]


def _leaves(fields: Sequence[Field], prefix: str = "--") -> Iterator[tuple[str, Any]]:
    """How the command line calls the fields, with their values."""
    for name, _, value in fields:
        spelled = prefix + name.replace("_", "-")
        if dataclasses.is_dataclass(value):
            inner = [(field.name, None, getattr(value, field.name)) for field in dataclasses.fields(value)]
            yield from _leaves(inner, spelled + ".")
        else:
            yield spelled, value


def _check_whole(fields: Sequence[Field]) -> None:
    """Refuse whole numbers that no array can have as its length; those of families and supports have bounds of their own."""
    for name, value in _leaves([field for field in fields if field[0] not in OF_FAMILY]):
        if isinstance(value, int) and value > LARGEST:
            raise ValueError(f"{name} is {value}; allowed: at most {LARGEST}")


def _applied(config: RunConfig, fields: Sequence[Field], given: Any) -> RunConfig:
    """The config with what differs from the defaults; what does not leaves the run's name as it is."""
    own = {field.name for field in dataclasses.fields(RunConfig)}
    changes: dict[str, Any] = {}
    options = dict(config.options)
    for name, _, before in fields:
        after = getattr(given, name)
        if after == before:
            continue
        if name in OF_FAMILY:
            now, then = dataclasses.asdict(after), dataclasses.asdict(before)
            new = {field: value for field, value in now.items() if value != then[field]}
            changes[name] = {**getattr(config, name), **new}
        elif name in own:
            changes[name] = after
        else:
            options[name] = plain(after)
    return dataclasses.replace(config, options=options, **changes)
