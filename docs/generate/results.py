"""A page for each table of the committed results, and their data to download."""

import os
import re
from pathlib import Path

from generate.pages import contents, write_page

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
LINK = re.compile(r"\]\((?:\.\./)+benchmarks/results(?:/([\w/-]+))?(\.md)?\)")


def write_pages(folder: Path) -> None:
    """Write an index and the page of every table.

    Args:
        folder: of the pages, below Sphinx's source.
    """
    tables = sorted(RESULTS.rglob("*.md"))
    for path in tables:
        write_page(folder / f"{_name(path)}.md", f"```{{include}} {_from(folder, path)}\n```\n")
    data = [f"- [{path.relative_to(RESULTS)}]({_from(folder, path)})" for path in sorted(RESULTS.rglob("*.json"))]
    pages = [f"{_title(path)} <{_name(path)}>" for path in tables]
    links = [f"- [{_title(path)}]({_name(path)}.md)" for path in tables]
    text = "\n".join(["# Tables and data", "", *links, "", "## Data", "", *data, "", contents(pages)])
    write_page(folder / "index.md", text)


def linked(text: str) -> str:
    """Markdown whose links to committed tables and folders lead to the pages of them."""

    def page(found: re.Match[str]) -> str:
        name, suffix = found.groups()
        return f"](/generated/results/{name.replace('/', '_') if suffix else 'index'}.md)"

    return LINK.sub(page, text)


def _name(path: Path) -> str:
    return "_".join(path.relative_to(RESULTS).with_suffix("").parts)


def _title(path: Path) -> str:
    return ", ".join(path.relative_to(RESULTS).with_suffix("").parts).replace("_", " ")


def _from(folder: Path, path: Path) -> str:
    """The path as seen from a page."""
    return Path(os.path.relpath(path, folder)).as_posix()
