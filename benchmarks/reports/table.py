"""One table, written as Markdown, as CSV or to the terminal."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from compworld.arguments import in_terminal
from compworld.benchmarks.reports.escapes import in_markdown
from compworld.benchmarks.scores.statistics import Estimate

Cell = str | int | float | bool | Estimate | None


@dataclass(frozen=True)
class Column:
    """A column: its heading, and the format of its numbers (as of :func:`format`; CSV has them in full)."""

    name: str
    form: str = ".3f"


@dataclass
class Table:
    """Rows of cells under columns.

    Attributes:
        columns: or their names only.
        rows: a cell for each column.
        title: shown above the table.
    """

    columns: Sequence[Column | str]
    rows: list[Sequence[Cell]] = field(default_factory=list)
    title: str = ""

    def __post_init__(self) -> None:
        self._columns = [Column(column) if isinstance(column, str) else column for column in self.columns]
        for row in self.rows:
            if len(row) != len(self._columns):
                raise ValueError(f"a row has {len(row)} cells; allowed: {len(self._columns)}, one for each column")

    def markdown(self) -> str:
        """Lines of a Markdown table; the title is not among them."""
        lines = [[in_markdown(column.name) for column in self._columns]]
        for row, texts in zip(self.rows, self._texts(), strict=True):
            lines.append([in_markdown(text) if isinstance(cell, str) else text for cell, text in zip(row, texts, strict=True)])
        head, *body = (f"| {' | '.join(line)} |" for line in lines)
        return "\n".join([head, "|---" * len(self._columns) + "|", *body])

    def csv(self) -> str:
        """Every number in full."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow([column.name for column in self._columns])
        writer.writerows(self.rows)
        return text.getvalue()

    def show(self, console: Console, narrow: bool = False) -> None:
        """Print to the terminal.

        Args:
            console: that prints.
            narrow: headings a word a line, and intervals below their values; where that is too wide still, their two bounds
                below each other, so that the first column's words stay whole.
        """
        headings = [in_terminal(column.name) for column in self._columns]
        rows = [["\n".join(map(in_terminal, cell.split("\n"))) for cell in row] for row in self._texts()]
        if narrow:
            headings[1:] = [heading.replace(", ", " ").replace(" ", "\n") for heading in headings[1:]]
            rows = [[cell.replace(" [", "\n[") for cell in row] for row in rows]
            if _least_width(headings, rows) > console.width:
                rows = [[row[0], *(cell.replace(", ", ",\n") if "[" in cell else cell for cell in row[1:])] for row in rows]
        if self.title:  # by itself, for a table breaks a title to its width: a run's name must stay one word
            console.print(Text(in_terminal(self.title), style="table.title"), soft_wrap=True)
        table = RichTable(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
        for number, heading in enumerate(headings):
            table.add_column(
                Text(heading), justify="right" if number else "left", no_wrap=narrow and number > 0, overflow="fold"
            )
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)

    def _texts(self) -> list[list[str]]:
        return [[text_of(cell, column.form) for cell, column in zip(row, self._columns, strict=True)] for row in self.rows]


def _least_width(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Columns of the terminal that a table takes whose first column breaks between words, and whose others do not break."""
    first, *others = zip(headings, *rows, strict=True)
    words = cell_len(max(" ".join(first).split(), key=cell_len, default=""))
    lines = (cell_len(max("\n".join(column).split("\n"), key=cell_len)) for column in others)
    between = 2 * len(headings) - 1  # a space behind each column, and a divider
    return words + sum(lines) + between


def text_of(cell: Cell, form: str = ".3f") -> str:
    """A cell as text: yes or no, whole numbers as they are, others in a format, estimates with the interval that they have."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Estimate):
        return f"{cell.value:{form}} [{cell.low:{form}}, {cell.high:{form}}]" if cell.is_finite else f"{cell.value:{form}}"
    if isinstance(cell, int):
        return f"{cell:,}" if "," in form else str(cell)
    return cell if isinstance(cell, str) else f"{cell:{form}}"


def spread_of(values: Sequence[float], form: str = ".3f") -> str:
    """Mean of a few values, with the lowest and the highest."""
    return f"{sum(values) / len(values):{form}} ({min(values):{form}} to {max(values):{form}})"
