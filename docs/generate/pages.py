"""What all generated pages share."""

from collections.abc import Iterable
from pathlib import Path


def write_page(path: Path, text: str) -> None:
    """Write a page, unless it says so already: Sphinx reads again what is newer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def contents(pages: Iterable[str]) -> str:
    """A table of contents of pages beside this one."""
    return "\n".join([":::{toctree}", ":maxdepth: 1", "", *pages, ":::", ""])
