"""Where training is logged besides the run's own records: one function for each logger, off by default.

A logger is a context that gives a function, which is called with the record of every validation. Runs that resume go on where
their log ended.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib import metadata
from pathlib import Path
from typing import Any

from compworld.benchmarks.recipes.config import RunConfig

Log = Callable[[dict[str, Any]], None]
"""Called with ``step`` and numbers by name."""
PROJECT = "compworld"


@contextlib.contextmanager
def tensorboard(config: RunConfig, folder: Path) -> Iterator[Log]:
    """Event files in the run's own folder."""
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder / "tensorboard")) as writer:

        def log(record: dict[str, Any]) -> None:
            for name, value in numbers_of(record).items():
                writer.add_scalar(name, value, record["step"])

        yield log


@contextlib.contextmanager
def wandb(config: RunConfig, folder: Path) -> Iterator[Log]:
    """A run of the project ``compworld``; its own environment variables say where, such as WANDB_MODE=offline."""
    import wandb

    with wandb.init(
        project=PROJECT, name=config.run_id, id=config.run_id, config=config.as_dict(), dir=folder, resume="allow"
    ) as run:
        yield lambda record: run.log(numbers_of(record), step=record["step"])


@contextlib.contextmanager
def trackio(config: RunConfig, folder: Path) -> Iterator[Log]:
    """A run of the project ``compworld`` in Trackio's own folder (TRACKIO_DIR)."""
    import trackio

    trackio.init(project=PROJECT, name=config.run_id, config=config.as_dict(), resume="allow")
    try:
        yield lambda record: trackio.log(numbers_of(record), step=record["step"])
    finally:
        trackio.finish()


LOGGERS: dict[str, Callable[[RunConfig, Path], AbstractContextManager[Log]]] = {
    "tensorboard": tensorboard,
    "wandb": wandb,
    "trackio": trackio,
}
"""Every logger by name, which is also that of its package, and of the extra that brings it."""


def check_logger(name: str | None) -> None:
    """Refuse a logger that cannot be had, before anything is run.

    Raises:
        ValueError: unknown name, or its package is missing.
    """
    if name is None:
        return
    if name not in LOGGERS:
        raise ValueError(f"unknown logger {name!r}; allowed: {', '.join(map(repr, LOGGERS))}")
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise ValueError(f"logger {name!r} is not installed; allowed: after pip install 'compworld[{name}]'") from None


@contextlib.contextmanager
def opened(name: str | None, config: RunConfig, folder: Path) -> Iterator[Log]:
    """A logger for a run, by a name that :func:`check_logger` lets pass; None for one that does nothing."""
    if name is None:
        yield lambda record: None
        return
    with LOGGERS[name](config, folder) as log:
        yield log


def numbers_of(record: dict[str, Any]) -> dict[str, float]:
    """What of a record can be drawn against the steps."""
    return {name: value for name, value in record.items() if name != "step" and value is not None}
