"""The tables of the page as its template has them: columns, and rows of cells."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from compworld.benchmarks.scores.names import SET_TITLES
from compworld.benchmarks.site.details import said
from compworld.benchmarks.site.drawing import Drawn, Mark, marks_of, scale_of
from compworld.benchmarks.site.entries import Entry, Listing
from compworld.benchmarks.site.ranks import ranks_of, why_unranked

GENERALISATION, GAP = ("held_out", "fresh_episodes"), ("gap",)


@dataclass(frozen=True)
class Column:
    """A column: what it is sorted by, its words, and the score that it is of, if any."""

    key: str
    title: str
    score: str = ""
    marks: list[Mark] = field(default_factory=list)


@dataclass(frozen=True)
class Cell:
    """What stands in a row below a column: by value it is sorted, the text is read, the interval drawn."""

    column: Column
    value: float | None
    text: str
    drawn: Drawn | None = None


@dataclass(frozen=True)
class Line:
    """A row.

    Attributes:
        key: its name in addresses.
        entry: what it is of.
        rank: 0 for none.
        why: there is no rank.
        tied: whether others share the rank.
        cells: after rank and method.
    """

    key: str
    entry: Entry
    rank: int
    why: str
    tied: bool
    cells: list[Cell]


@dataclass(frozen=True)
class TableView:
    """A table."""

    listing: Listing
    columns: list[Column]
    lines: list[Line]


COST = {
    "worlds": "worlds",
    "minutes": "minutes of training a run",
    "tasks": "tasks seen",
    "parameters": "parameters",
}


def view_of(listing: Listing) -> TableView:
    """A listing as a table, the best first, then those without a rank in their order."""
    ranks = ranks_of(listing)
    columns: list[Column] = []
    cells: list[list[Cell]] = [[] for _ in listing.entries]
    for score in listing.section.scores:
        for sets in (GENERALISATION, GAP):
            _add_scores(listing, score, sets, columns, cells)
    for name, title in COST.items():
        column = Column(name, title)
        columns.append(column)
        for entry, row in zip(listing.entries, cells, strict=True):
            row.append(_cost(column, entry))
    lines = []
    for entry, row in zip(listing.entries, cells, strict=True):
        key = listing.key_of(entry)
        rank = ranks.get(key, 0)
        tied = list(ranks.values()).count(rank) > 1
        lines.append(Line(key, entry, rank, why_unranked(listing, entry), tied, row))
    best = f"held_out/{listing.section.headline}"
    return TableView(listing, columns, sorted(lines, key=lambda line: _order(line, best)))


def _add_scores(listing: Listing, score: str, sets: Sequence[str], columns: list[Column], cells: Sequence[list[Cell]]) -> None:
    """A column for each set that any row has the score on, all on one scale."""
    scale = scale_of(listing, score, sets)
    for which in sets:
        if all(entry.estimate(which, score) is None for entry in listing.entries):
            continue
        title = f"{listing.section.scores[score]}, {SET_TITLES[which]}"
        marks = marks_of(listing, which, score, scale) if which in GENERALISATION else []
        column = Column(f"{which}/{score}", title, score, marks)
        columns.append(column)
        for entry, row in zip(listing.entries, cells, strict=True):
            found = entry.estimate(which, score)
            value, drawn = (None, None) if found is None else (found.value, scale.drawn(found))
            row.append(Cell(column, value, said(found), drawn))


def _cost(column: Column, entry: Entry) -> Cell:
    seconds = [one for one in entry.row.training_seconds if one is not None]
    numbers = {
        "worlds": float(len(entry.row.runs)),
        "minutes": sum(seconds) / len(seconds) / 60 if seconds else None,
        "tasks": _most(run.tasks_seen for run in entry.runs),
        "parameters": _most(run.parameters for run in entry.runs),
    }
    value = numbers[column.key]
    text = "" if value is None else f"{value:.1f}" if column.key == "minutes" else f"{value:,.0f}"
    return Cell(column, value, text)


def _most(numbers: Iterable[int | None]) -> float | None:
    return max((float(number) for number in numbers if number is not None), default=None)


def _order(line: Line, best: str) -> tuple[bool, int, float]:
    value = next((cell.value for cell in line.cells if cell.column.key == best), None)
    return not line.rank, line.rank, -(value or 0.0)
