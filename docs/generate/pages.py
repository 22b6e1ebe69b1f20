"""What all generated pages share."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

ROLE = re.compile(r":[\w:]+:`([^`]+)`")
"""Such as ``:class:`Examples```."""


def write_page(path: Path, text: str) -> None:
    """Write a page, unless it says so already: Sphinx reads again what is newer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def markdown(docstring: str) -> str:
    """Markdown that says what a docstring says: its roles and literals become code."""
    return ROLE.sub(r"`\1`", docstring).replace("``", "`")


def contents(pages: Iterable[str]) -> str:
    """The navigation's entries for pages beside this one."""
    return "\n".join([":::{toctree}", ":hidden:", "", *pages, ":::", ""])


def overview(columns: Sequence[str], rows: Mapping[str, Sequence[object]]) -> str:
    """A Markdown table with a row for each page beside this one, whose first cell links to it.

    Args:
        columns: headings.
        rows: by the name of the page, its cells.
    """
    lines = [columns, ["---"] * len(columns)]
    lines += [[f"[{first}]({name}.md)", *map(str, others)] for name, (first, *others) in rows.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
