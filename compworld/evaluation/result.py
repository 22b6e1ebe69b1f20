"""What an evaluation found: scores per episode, with intervals, as a table, a plot and a record. Axes: T tasks, K episodes."""

from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from compworld.arguments import in_terminal
from compworld.evaluation.interval import CONFIDENCE, Tasks
from compworld.evaluation.play import Played
from compworld.files import expanded, json_of, read_bytes, sealed, unsealed, write_json

SCORES = {"normalised_return": "normalised return", "success": "success", "speed": "speed"}
RECORD_FORMAT = 2
READ_FORMATS = (1, 2)
"""Format 1 had other intervals in its summary, which is not read: it follows from the episodes."""
TYPES = {"lengths": np.int64, "finished": np.bool_, "actions": np.str_}
"""Of the fields of :class:`Played` that are not floats."""
OF_TRIALS = ("finished", "actions")
"""The fields that have a value for each trial; the others have one for each episode."""


@dataclass(frozen=True)
class Evaluation:
    """An agent's scores.

    ``print(result)`` shows the table; :meth:`summary`, :meth:`plot`, :meth:`record` and :meth:`save` give the same in other
    forms.
    """

    settings: dict[str, Any]
    """What was asked for, as plain data: agent, environment, track, world, split and its hash, tasks and so on."""
    played: Played

    @property
    def finished(self) -> np.ndarray:
        """bool [T]; all True unless the agent failed."""
        return self.played.finished

    @property
    def normalised_return(self) -> np.ndarray:
        """[T, K]: 0 for random play and 1 for the optimum from that very start; NaN where a task was not finished.

        Where there is little to gain from a start, single values can be huge: means are taken as :meth:`summary` says.
        """
        gain = self.played.optimal - self.played.random
        return np.where(gain > 1e-9, (self.played.returns - self.played.random) / np.maximum(gain, 1e-9), np.nan)

    @property
    def success(self) -> np.ndarray:
        """[T, K]: 0 or 1; NaN where a task was not finished."""
        return self.played.success

    @property
    def speed(self) -> np.ndarray:
        """[T, K]: discounted return over the expert's from the same start; NaN where the expert's is not above 0."""
        expert = self.played.expert_discounted
        return np.where(expert > 1e-9, self.played.discounted / np.maximum(expert, 1e-9), np.nan)

    def summary(self) -> dict[str, np.ndarray]:
        """Of each score its mean by episode and the ends of its 95 % interval, float64 [K, 3]; NaN without finished tasks.

        Returns are normalised on sums over tasks (what was gained over all that could be), for the optimum of one start may
        be 0. The interval is over tasks of this one world (:meth:`compworld.evaluation.interval.Tasks.interval`): it says
        nothing of other worlds.
        """
        played, done = self.played, self.finished
        one = np.ones_like(played.returns)
        pairs = {
            "normalised_return": (played.returns - played.random, played.optimal - played.random),
            "success": (played.success, one),
            "speed": (played.discounted, played.expert_discounted),
        }
        return {
            name: np.asarray([ratio(top[done, k], bottom[done, k]) for k in range(top.shape[1])])
            for name, (top, bottom) in pairs.items()
        }

    def __str__(self) -> str:
        from rich.console import Console

        text = StringIO()
        # In a notebook, rich would show the table by itself and leave the text empty.
        Console(file=text, width=100, force_jupyter=False).print(self.table())
        return text.getvalue().rstrip("\n")

    def table(self) -> Any:
        """The scores by episode, a table of ``rich``."""
        from rich.table import Table
        from rich.text import Text

        settings, done = self.settings, int(self.finished.sum())
        unfinished = "" if done == len(self.finished) else f", {len(self.finished) - done} unfinished"
        title = (
            f"{settings['agent']} on {settings['env_id']}, {settings['track']}, {settings['split']}, world {settings['world']}"
        )
        caption = f"{done} tasks{unfinished}; mean and 95 % interval over tasks of this one world: others may differ"
        table = Table("episode", *SCORES.values(), "steps", title=Text(in_terminal(title)), caption=caption)
        summary = self.summary()
        for k in range(self.played.returns.shape[1]):
            cells = [f"{mean:z.2f} [{low:z.2f}, {high:z.2f}]" for mean, low, high in (summary[name][k] for name in SCORES)]
            steps = self.played.lengths[self.finished, k]
            table.add_row(str(k + 1), *cells, f"{steps.mean():.1f}" if done else "")
        return table

    def plot(self, path: str | Path | None = None) -> Any:
        """The adaptation curve: each score by episode with its interval, a matplotlib figure; written to ``path`` if given."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(5, 3.2), layout="constrained")
        axes = figure.add_subplot()
        episodes = np.arange(1, self.played.returns.shape[1] + 1)
        for name, values in self.summary().items():
            mean_K, low_K, high_K = values.T
            reach = [mean_K - low_K, high_K - mean_K]
            axes.errorbar(episodes, mean_K, yerr=reach, marker="o", capsize=3, label=SCORES[name])
        axes.axhline(0, color="grey", linewidth=0.8, linestyle=":")
        axes.axhline(1, color="grey", linewidth=0.8, linestyle=":")
        axes.set(xlabel="episode of the trial", ylabel="score", xticks=episodes)
        axes.set_title(
            f"{self.settings['agent']}: {self.settings['env_id']}, {self.settings['split']}", fontsize=9, parse_math=False
        )
        axes.legend(fontsize=8)
        if path is not None:
            figure.savefig(path)
        return figure

    def record(self) -> dict[str, Any]:
        """All of it as JSON-able data; NaN becomes None."""
        played = {name: _plain(getattr(self.played, name)) for name in Played.__dataclass_fields__}
        summary = {name: _plain(values) for name, values in self.summary().items()}
        interval = {
            "confidence": CONFIDENCE,
            "method": "over tasks of one world, Student's t with two tasks added at either end",
        }
        return {
            "format": RECORD_FORMAT,
            "settings": self.settings,
            "interval": interval,
            "summary": summary,
            "episodes": played,
        }

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> "Evaluation":
        """Inverse of :meth:`record`.

        Raises:
            ValueError: it is no such record, or of another format.
        """
        try:
            written, settings = record["format"], dict(record["settings"])
            names = Played.__dataclass_fields__
            parts = record["episodes"]
            parts = {"actions": [""] * len(parts["finished"]), **parts}  # records from before actions were noted
            columns: dict[str, Any] = {name: np.asarray(parts[name], dtype=TYPES.get(name, np.float64)) for name in names}
            shape = columns["returns"].shape
            wrong = [name for name in names if columns[name].shape != (shape[:1] if name in OF_TRIALS else shape)]
            if wrong or len(shape) != 2:
                raise ValueError(f"episodes.{(wrong or ['returns'])[0]} is not of the shape of the others")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"record is not one of compworld.evaluate ({type(error).__name__}: {error})") from None
        if written not in READ_FORMATS:
            raise ValueError(f"record has format {written!r}; allowed: {', '.join(map(str, READ_FORMATS))}")
        return cls(settings, Played(**columns))

    def save(self, path: str | Path) -> None:
        """Write :meth:`record` as JSON, with its hash.

        Raises:
            ValueError: ``path`` is none.
            OSError: naming the file, which cannot be written.
        """
        write_json(expanded(path), sealed(self.record()))

    @classmethod
    def load(cls, path: str | Path) -> "Evaluation":
        """What was saved to a file.

        Raises:
            ValueError: naming the file, which cannot be read, is damaged, was changed or is no such record.
        """
        where = expanded(path)
        data = unsealed(json_of(read_bytes(where), where), where)
        try:
            return cls.of_record(data)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None


def ratio(top_T: np.ndarray, bottom_T: np.ndarray) -> tuple[float, float, float]:
    """Sum of ``top`` over sum of ``bottom``, and the ends of its interval over tasks; NaN where the latter is not above 0."""
    if not len(top_T) or float(bottom_T.sum()) <= 0:
        return float("nan"), float("nan"), float("nan")
    tasks = Tasks.of(linearised(top_T, bottom_T))
    return tasks.mean, *tasks.interval()


def linearised(top_T: np.ndarray, bottom_T: np.ndarray) -> np.ndarray:
    """A value of each task whose mean is the sum of ``top`` over that of ``bottom``, and whose spread is that ratio's.

    To first order, means over resampled tasks are the ratios of their sums.
    """
    value = top_T.sum() / bottom_T.sum()
    return np.asarray(value + (top_T - value * bottom_T) / bottom_T.mean())


def _plain(values: np.ndarray) -> Any:
    if values.dtype.kind != "f":
        return values.tolist()
    return np.where(np.isfinite(values), values, None).tolist()  # type: ignore[call-overload]  # None stands for NaN
