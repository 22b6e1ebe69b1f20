"""The page itself: one HTML file with all it needs, and films beside it; the template engine escapes names from files."""

import base64
import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import jinja2

from compworld.benchmarks.leaderboard.published import RESULTS, Board, read_boards
from compworld.benchmarks.recipes.presets import PRESETS
from compworld.benchmarks.site.details import details_of, film_of
from compworld.benchmarks.site.entries import Listing, lay_beside, listings_of
from compworld.benchmarks.site.own import NAME, own_boards
from compworld.benchmarks.site.ranks import RULE
from compworld.benchmarks.site.records import boards_of_records
from compworld.benchmarks.site.tables import TableView, view_of
from compworld.files import new_file, write_text
from compworld.version import VERSION

SCRIPTS = ("uPlot.iife.min.js", "address.js", "parts.js", "charts.js", "details.js", "page.js")
"""In the order in which they need each other."""

FILMS = "films"

OPENED = "hour"
"""The leaderboard that the page opens on: its worlds decide what theory compares."""


def make_site(
    out: Path,
    results: Path = RESULTS,
    runs: Path | None = None,
    trust: bool = False,
    tell: Callable[[str], None] = print,
    records: Sequence[Path] = (),
) -> Path:
    """Write the page.

    Args:
        out: folder of the page.
        results: folder of published leaderboards.
        runs: folder of one's own runs, to be laid beside them.
        trust: import the code of methods ``module:Class`` that own runs name.
        tell: called with a line about each own run that is left out.
        records: of :func:`compworld.evaluate`, of agents of one's own, to be laid beside them too.

    Returns:
        The file to open.

    Raises:
        ValueError: there is no leaderboard, a file of one is damaged, or a record can stand in no table.
    """
    boards = sorted(read_boards(results), key=lambda board: _place(board.name))
    own = [*([] if runs is None else own_boards(runs, trust, tell)), *boards_of_records(records)]
    published = [each for board in boards for each in listings_of(board)]
    listings = lay_beside(published, [listings_of(board, own=True) for board in own])
    views = [view_of(listing) for listing in listings if listing.entries]
    shown = [*boards, *own[:1]] if any(listing.board.name == NAME for listing in listings) else boards
    path = out / "index.html"
    write_text(path, render(shown, views, _films(listings, out)))
    return path


def render(boards: Sequence[Board], views: Sequence[TableView], films: dict[str, str]) -> str:
    """The page as HTML.

    Args:
        boards: to choose from.
        views: their tables.
        films: by the key of a row, the address of its film.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__, "assets"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "ensure_ascii": False}
    script = "\n".join(_asset(environment, name) for name in SCRIPTS)
    return environment.get_template("page.html.jinja").render(
        version=VERSION,
        boards=boards,
        views=views,
        rule=RULE,
        own=NAME,
        choices=_choices(views),
        scores=_scores(views),
        details={
            line.key: {**details_of(view.listing, line.entry), "film": films.get(line.key)}
            for view in views
            for line in view.lines
        },
        style=_asset(environment, "uPlot.min.css") + _asset(environment, "page.css"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        license=_asset(environment, "uPlot.LICENSE"),
    )


def _choices(views: Sequence[TableView]) -> dict[str, list[str]]:
    """What tables can be chosen by, beside their leaderboard."""
    sections = [view.listing.section for view in views]
    return {
        name: list(dict.fromkeys(getattr(section, name) for section in sections)) for name in ("track", "family", "support")
    }


def _scores(views: Sequence[TableView]) -> dict[str, str]:
    """Keys of scores with their words; a key may be called otherwise in another family."""
    titles: dict[str, list[str]] = {}
    for view in views:
        for key, title in view.listing.section.scores.items():
            titles.setdefault(key, []).append(title)
    return {key: " or ".join(dict.fromkeys(found)) for key, found in titles.items()}


def _place(name: str) -> tuple[bool, int, str]:
    """The table that the page opens on, then presets in their order, then others."""
    names = list(PRESETS)
    return name != OPENED, names.index(name) if name in names else len(names), name


def _asset(environment: jinja2.Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _films(listings: Sequence[Listing], out: Path) -> dict[str, str]:
    """Copy the films of all rows beside the page; their addresses by the rows' keys."""
    found = {}
    for listing in listings:
        for entry in listing.entries:
            film = film_of(listing, entry)
            if film is not None:
                copy = out / FILMS / f"{listing.board.name}_{film.name}"
                with new_file(copy) as part:
                    shutil.copyfile(film, part)
                found[listing.key_of(entry)] = f"{FILMS}/{copy.name}"
    return found
