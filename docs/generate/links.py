"""Whether every link between pages of the built site leads somewhere."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

ELSEWHERE = ("http://", "https://", "mailto:", "data:", "javascript:")


class Page(HTMLParser):
    """Links and anchors of a page.

    Attributes:
        links: what its elements refer to.
        anchors: what can be referred to within it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Called by the parser."""
        for name, value in attributes:
            if value and name in ("href", "src"):
                self.links.add(value)
            elif value and name in ("id", "name"):
                self.anchors.add(value)


def broken_links(site: Path) -> list[str]:
    """Lines that name a page and a link of it to a file or an anchor that is not there."""
    pages = {path.resolve(): Page(path) for path in sorted(site.rglob("*.html"))}
    broken = []
    for path, page in pages.items():
        for link in sorted(page.links):
            address, anchor = map(unquote, urldefrag(link))
            if link.startswith(ELSEWHERE):
                continue
            target = (path.parent / address.partition("?")[0]).resolve() if address else path
            if not target.exists() or (target in pages and anchor not in pages[target].anchors):
                broken.append(f"{path.relative_to(site.resolve())}: {link}")
    return broken
