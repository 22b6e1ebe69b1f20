"""Scores against budget: what methods reach on held-out combinations, by the tasks that they saw, in all published tables.

``python -m compworld.benchmarks.reports.budgets OUT.png`` draws it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro

from compworld.benchmarks.leaderboard.published import RESULTS, Board, PublishedRow, read_boards
from compworld.benchmarks.recipes.ending import in_one_line
from compworld.benchmarks.recipes.methods import FLOORS, REFERENCES, title_of
from compworld.benchmarks.recipes.parsing import parsed_one
from compworld.benchmarks.reports import style
from compworld.benchmarks.scores.statistics import INTERVALS, Estimate

MARGIN = 1.5
"""By which factor a panel begins below its budgets."""

LABELLED = 0.5
"""Share of a panel beyond its budgets, where floors and references have their labels."""


@dataclass(frozen=True)
class Point:
    """What a method reaches with a budget.

    Attributes:
        table: whose row it is.
        tasks: seen in meta-training.
        estimate: of the headline score on held-out combinations, as printed.
    """

    table: str
    tasks: int
    estimate: Estimate


@dataclass(frozen=True)
class FamilyBudgets:
    """All budgets on one family.

    Attributes:
        family: its label.
        score: the headline score, as words.
        points: of each method, by their tasks, ascending.
    """

    family: str
    score: str
    points: dict[str, list[Point]] = field(default_factory=dict)

    @property
    def compared(self) -> dict[str, list[Point]]:
        """The points of all methods that were trained and are neither floors nor references."""
        found = {method: points for method, points in self.points.items() if method not in FLOORS + REFERENCES}
        return {method: points for method, points in found.items() if points[0].tasks}

    @property
    def lines(self) -> dict[str, float]:
        """Floors and references at their best."""
        lines = {method: points for method, points in self.points.items() if method in FLOORS + REFERENCES}
        return {method: max(point.estimate.value for point in points) for method, points in lines.items()}


def budgets_of(boards: Sequence[Board]) -> list[FamilyBudgets]:
    """What tables say of the track shown with random support; rows without runs of ours or without an interval are left out.

    Args:
        boards: whichever there are.

    Raises:
        ValueError: none of them compares methods there.
    """
    found: dict[str, FamilyBudgets] = {}
    for board in boards:
        sections = {one.title: one for one in board.table.sections if (one.track, one.support) == ("shown", "random")}
        for row in board.table.rows:
            section = sections.get(row.section)
            if section and (point := _point(board, row, f"held_out/{section.headline}")):
                family = found.setdefault(section.family, FamilyBudgets(section.family, section.scores[section.headline]))
                family.points.setdefault(row.method, []).append(point)
    for points in (points for family in found.values() for points in family.points.values()):
        points.sort(key=lambda point: point.tasks)
    families = [family for family in found.values() if family.compared]
    if not families:
        raise ValueError("no table compares methods on the track shown with random support; allowed: such as preset quick has")
    return families


def _point(board: Board, row: PublishedRow, key: str) -> Point | None:
    # A run that diverged saw fewer tasks than its budget.
    tasks = max((board.runs[run].tasks_seen or 0 for run in row.runs if run in board.runs), default=None)
    found = row.estimates.get(key)
    if tasks is None or found is None or found.value is None or found.low is None or found.high is None:
        return None
    return Point(board.name, tasks, Estimate(found.value, found.low, found.high))


@style.drawn
def budgets_picture(families: Sequence[FamilyBudgets], path: Path) -> Path:
    """A panel for each family, a line for each method; floors and references are lines at their best.

    Args:
        families: from :func:`budgets_of`, at least one.
        path: of the picture.
    """
    figure, axes = style.panels(len(families), style.PANEL)
    for axis, family in zip(axes, families, strict=True):
        _panel(axis, family)
    style.legend_below(figure, axes)
    style.note_above(figure, f"Random support, tables by their budgets, each with worlds of its own number; {INTERVALS}")
    return style.save(figure, path)


def _panel(axis: Any, family: FamilyBudgets) -> None:
    compared, lines = family.compared, family.lines
    tables: dict[int, set[str]] = {}
    for point in (point for points in compared.values() for point in points):
        tables.setdefault(point.tasks, set()).add(point.table)
    first = min(tables) / MARGIN
    width = (max(tables) / first) ** (1 / (1 - LABELLED))
    colours = style.colours_of(list(compared))
    for number, (method, points) in enumerate(compared.items()):
        estimates = [point.estimate for point in points]
        beside = width ** (style.APART * (number - (len(compared) - 1) / 2))
        axis.errorbar(
            [point.tasks * beside for point in points],
            [estimate.value for estimate in estimates],
            yerr=style.reach(estimates),
            marker=style.MARKERS.get(method, "o"),
            capsize=3,
            color=colours[method],
            label=title_of(method),
        )
    axis.set(title=family.family, xlabel="tasks seen in meta-training", ylabel=f"{family.score}, held-out combinations")
    axis.set(xscale="log", xlim=(first, first * width))
    axis.set_xticks(list(tables), [f"{tasks:,}\n{', '.join(sorted(names))}" for tasks, names in tables.items()])
    axis.minorticks_off()
    reached = [value for method, value in lines.items() if method in REFERENCES]
    bounds = [bound for points in compared.values() for point in points for bound in (point.estimate.low, point.estimate.high)]
    axis.set_ylim(style.limits_of([*reached, *bounds]))
    style.floor_lines(axis, lines)


def main(out: Annotated[Path, tyro.conf.Positional], results: Path | None = None) -> None:
    """Draw the headline score of every published table against the budget of its methods.

    Args:
        out: File of the picture.
        results: Folder of leaderboards; by default those that come with the package.
    """
    print(budgets_picture(budgets_of(read_boards(results or RESULTS)), out))


if __name__ == "__main__":
    with in_one_line():
        parsed_one(main, "python -m compworld.benchmarks.reports.budgets")()
