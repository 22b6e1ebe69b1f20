"""One table in three forms."""

import csv
import io
from collections.abc import Sequence

import pytest
from rich.console import Console

from compworld.benchmarks.reports.table import Column, Table, spread_of, text_of
from compworld.benchmarks.scores.statistics import Estimate

TABLE = Table(
    ["method", "met", Column("steps", ",d"), "score", Column("R²", "+.1f")],
    [("ANIL", True, 1000, Estimate(0.51234, 0.4, 0.6), 0.25), ("a | b", False, 3, None, -1.0)],
    "A title",
)


def test_markdown() -> None:
    assert TABLE.markdown().splitlines() == [
        "| method | met | steps | score | R² |",
        "|---|---|---|---|---|",
        "| ANIL | yes | 1,000 | 0.512 [0.400, 0.600] | +0.2 |",
        "| a &#124; b | no | 3 |  | -1.0 |",
    ]


def test_csv_has_numbers_in_full() -> None:
    table = Table(["name", "value"], [("a, b", 1 / 3)])
    assert list(csv.reader(table.csv().splitlines())) == [["name", "value"], ["a, b", str(1 / 3)]]


@pytest.mark.parametrize("narrow", [True, False])
def test_the_terminal_shows_intervals(narrow: bool) -> None:
    console = Console(width=100, file=io.StringIO())
    with console.capture() as captured:
        TABLE.show(console, narrow)
    said = captured.get()
    assert "A title" in said
    assert "[0.400, 0.600]" in said
    assert ("0.512 [0.400" in said) != narrow


@pytest.mark.parametrize("spread", [0.1, 1.0, 20.0])
@pytest.mark.parametrize(("columns", "widths"), [(1, range(40, 101)), (3, range(60, 101)), (5, range(80, 121))])
def test_words_of_the_first_column_stay_whole_in_a_terminal(spread: float, columns: int, widths: Sequence[int]) -> None:
    wide = Estimate(-0.5, -0.5 - spread, -0.5 + spread)
    names = ["transformer over demonstrations", "no adaptation (floor)"]
    table = Table(["method", *["success rate"] * columns], [(name, *[wide] * columns) for name in names])
    for width in widths:
        console = Console(width=width, file=io.StringIO())
        with console.capture() as captured:
            table.show(console, narrow=True)
        words = captured.get().split()
        assert all(word in words for name in names for word in name.split())
        assert [words.count(bound) for bound in (f"[{wide.low:.3f},", f"{wide.high:.3f}]")] == [2 * columns] * 2


def test_a_title_is_one_line_that_can_be_copied() -> None:
    title = f"run {'goals-small_linear-hypernetwork_s0_43a45bd27a ' * 4}, 2 tables"
    console = Console(width=40, file=io.StringIO())
    with console.capture() as captured:
        Table(["a", "b"], [(1, 2)], title).show(console)
    assert captured.get().splitlines()[0] == title


def test_a_row_needs_a_cell_for_each_column() -> None:
    with pytest.raises(ValueError, match="a row has 1 cells; allowed: 2, one for each column"):
        Table(["a", "b"], [("only one",)])


def test_cells_as_text() -> None:
    assert [text_of(cell) for cell in (None, True, 12000, 0.12345, "x")] == ["", "yes", "12000", "0.123", "x"]
    assert text_of(Estimate(0.5, float("nan"), float("nan")), ".1f") == "0.5"
    assert spread_of([1.0, 2.0, 4.5], ".1f") == "2.5 (1.0 to 4.5)"
