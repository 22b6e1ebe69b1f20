"""What every experiment of the theory is: settings are trained, their results become rows, rows a table, data and a picture."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from compworld.benchmarks.runs.provenance import provenance
from compworld.files import write_json, write_text

Budget = TypeVar("Budget")
Setting = TypeVar("Setting")


class Study(ABC, Generic[Budget, Setting]):
    """An experiment.

    Attributes:
        name: of its files and on the command line.
        title: what it asks.
        budgets: by the name of the preset.
    """

    name: str
    title: str
    budgets: ClassVar[Mapping[str, Any]]

    @abstractmethod
    def settings(self, budget: Budget) -> list[Setting]:
        """Everything that is trained."""

    def prediction(self, settings: Sequence[Setting]) -> str | None:
        """What is predicted, as Markdown; written before anything is trained."""
        return None

    @abstractmethod
    def train(self, settings: Sequence[Setting], runs: Path, workers: int | None) -> list[dict[str, Any]]:
        """Train what has no result yet; results in the order of the settings."""

    @abstractmethod
    def found(
        self, preset: str, budget: Budget, settings: Sequence[Setting], results: Sequence[dict[str, Any]], runs: Path
    ) -> dict[str, Any]:
        """The experiment's data, JSON-able: what was asked, and rows of what was found."""

    @abstractmethod
    def markdown(self, found: dict[str, Any]) -> str:
        """The data as a table with what must be known to read it."""

    @abstractmethod
    def picture(self, found: dict[str, Any], path: Path) -> None:
        """The data as a PNG."""


def carry_out(study: Study[Any, Any], preset: str, runs: Path, out: Path, workers: int | None = None) -> dict[str, Any]:
    """Train what has no result yet; writes table, data and figure into ``out``.

    Args:
        study: the experiment.
        preset: key of its budgets.
        runs: folder of all runs.
        out: folder for the files.
        workers: runs side by side; by default one per core.

    Returns:
        What the JSON file holds.

    Raises:
        ValueError: unknown preset, or settings that do not exist.
    """
    if preset not in study.budgets:
        raise ValueError(f"unknown preset {preset!r}; allowed: {', '.join(map(repr, study.budgets))}")
    budget = study.budgets[preset]
    settings = study.settings(budget)
    out.mkdir(parents=True, exist_ok=True)
    prediction = study.prediction(settings)
    if prediction is not None:
        write_text(out / f"{study.name}_predicted.md", prediction)
    results = study.train(settings, runs, workers)
    found = {**study.found(preset, budget, settings, results, runs), **provenance()}
    write_json(out / f"{study.name}.json", found)
    write_text(out / f"{study.name}.md", study.markdown(found))
    study.picture(found, out / f"{study.name}.png")
    return found
