"""How a command ends: what a user or a machine did wrong is said in one line; everything else is ours and shows its trace."""

import contextlib
import os
import sys
from collections.abc import Iterator

from compworld.benchmarks.runs.failures import RunsFailed
from compworld.benchmarks.submissions.failures import NotConfirmed

REFUSED, FAILED = 2, 1
"""Exit codes: what was asked for is not allowed, or something went wrong on the way."""

FROM_EXTRA = {
    "imageio": "agents",
    "imageio_ffmpeg": "agents",
    "jinja2": "agents",
    "joblib": "agents",
    "matplotlib": "agents",
    "minari": "data",
    "msgspec": "agents",
    "numba": "agents",
    "psutil": "agents",
    "pyarrow": "data",
    "safetensors": "agents",
    "scipy": "agents",
    "sklearn": "agents",
    "threadpoolctl": "agents",
    "torch": "agents",
}
"""Modules, and the extra that each comes with."""


@contextlib.contextmanager
def in_one_line() -> Iterator[None]:
    """Run a command.

    Raises:
        SystemExit: with :data:`REFUSED` or :data:`FAILED`, after one line on standard error.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character gets an escape instead of a trace.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    # Nothing in the working folder may take the place of a module in processes that are started from here.
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    try:
        _check_working_folder()
        yield
    except ValueError as error:
        _end(str(error), REFUSED)
    except (OSError, MemoryError, RunsFailed, NotConfirmed) as error:
        _end(str(error) or "not enough memory", FAILED)
    except ModuleNotFoundError as error:
        extra = FROM_EXTRA.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        _end(f"this needs {error.name!r}, which is not installed: pip install 'compworld[{extra}]'", FAILED)
    except KeyboardInterrupt:
        _end("interrupted; finished runs are kept, the same command continues the others", FAILED)


def complain(text: str) -> None:
    """Say in one line what is wrong."""
    from compworld.arguments import in_terminal

    print(f"compworld: {in_terminal(' '.join(text.split()))}", file=sys.stderr)


def _check_working_folder() -> None:
    """Paths lead from it, and libraries that torch loads end the process without it."""
    try:
        os.getcwd()
    except FileNotFoundError:
        raise FileNotFoundError("the working folder was deleted; allowed: one that exists") from None


def _end(text: str, code: int) -> None:
    complain(text)
    sys.exit(code)
