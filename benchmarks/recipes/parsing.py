"""From command-line arguments to a function that is ready to be called; what is wrong with them is said in one line."""

import contextlib
import functools
import inspect
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, get_type_hints

import tyro

from compworld.benchmarks.recipes.numbers import check, home

Command = Callable[..., None]


def parsed(commands: Mapping[str, Command], arguments: Sequence[str], prog: str, open_ended: Command) -> Callable[[], None]:
    """The command that the arguments ask for.

    Args:
        commands: by name; each explains its arguments in its docstring.
        arguments: of the command line.
        prog: name of the program.
        open_ended: the command that gets arguments that it does not know, as ``fields``.

    Raises:
        ValueError: something is wrong with the arguments.
        SystemExit: help was asked for, and has been given.
    """
    kinds = [Annotated[Any, tyro.conf.subcommand(name, constructor=_later(command))] for name, command in commands.items()]
    kind: Any = functools.reduce(lambda one, other: one | other, kinds)
    chosen, unknown = in_one_line(lambda: tyro.cli(kind, prog=prog, args=arguments, return_unknown_args=True))
    if unknown and chosen.func is open_ended:
        return functools.partial(chosen, fields=tuple(unknown))
    if unknown:
        in_one_line(lambda: tyro.cli(kind, prog=prog, args=arguments))  # says what is unknown
    return chosen


def parsed_one(command: Command, prog: str) -> Callable[[], None]:
    """The same for a program that is one command."""
    return in_one_line(lambda: tyro.cli(_later(command), prog=prog))


def in_one_line(parse: Callable[[], Any]) -> Any:
    """What a parser of tyro returns; its complaint, a box of several lines, becomes one.

    Raises:
        ValueError: the complaint.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return parse()
    except SystemExit as stop:
        if not stop.code:
            raise
        _, _, box = said.getvalue().partition("\n")
        complaint = re.split(r"For full helptext|Argument helptext", box)[0]
        raise ValueError(" ".join(re.sub(r"[│╭╮╰╯─]+|-{4,}", " ", complaint).split())) from None


def _later(command: Command) -> Callable[..., Callable[[], None]]:
    """The same signature; what is returned runs the command."""

    @functools.wraps(command)
    def bound(*arguments: Any, **keywords: Any) -> Callable[[], None]:
        given = inspect.signature(command).bind(*arguments, **keywords)
        hints = get_type_hints(command, include_extras=True)
        for name, value in given.arguments.items():
            check(name, value, hints[name])
            given.arguments[name] = home(value)
        return functools.partial(command, **given.arguments)

    return bound
