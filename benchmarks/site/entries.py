"""Who stands in a table of the page: methods of a published leaderboard, and one's own runs beside them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from compworld.benchmarks.leaderboard.published import (
    Board,
    PublishedEstimate,
    PublishedRow,
    PublishedRun,
    PublishedSection,
)
from compworld.benchmarks.recipes.methods import title_of


@dataclass(frozen=True)
class Entry:
    """A row.

    Attributes:
        row: its estimates.
        runs: behind it, as far as they were published.
        own: whether it is one's own.
    """

    row: PublishedRow
    runs: list[PublishedRun]
    own: bool = False

    @property
    def title(self) -> str:
        """How the page calls it; of one's own, the hash of a config tells settings of one method apart."""
        title = title_of(self.row.method)
        return f"{title}, {self.row.runs[0].rpartition('_')[2]}" if self.own else title

    @property
    def versions(self) -> set[str]:
        """The versions of CompWorld that made its runs."""
        return {run.packages["compworld"] for run in self.runs}

    def estimate(self, which: str, score: str) -> PublishedEstimate | None:
        """The estimate of a score on a set of tasks."""
        return self.row.estimates.get(f"{which}/{score}")


@dataclass(frozen=True)
class Listing:
    """A table of the page.

    Attributes:
        board: the leaderboard that it is of.
        section: what its rows have in common.
        entries: its rows.
    """

    board: Board
    section: PublishedSection
    entries: list[Entry]

    @property
    def key(self) -> str:
        """Its name in addresses."""
        return f"{self.board.name}.{re.sub(r'[^a-z0-9]+', '-', self.section.title.lower())}"

    def key_of(self, entry: Entry) -> str:
        """The name of a row in addresses."""
        return f"{self.key}.{entry.row.runs[0] if entry.own else entry.row.method}"

    @property
    def protocols(self) -> list[dict[str, Any]]:
        """How its runs are scored, each way once."""
        found: list[dict[str, Any]] = []
        for entry in self.entries:
            found += [one for one in map(protocol_of, entry.runs) if one not in found]
        return found


SCORED_BY = ("family", "sizes", "support", "support_options")
"""Fields of a config that say what a run is scored on."""
SHOWN = ("query_episodes", "rollout_episodes")
"""Fields of its evaluation that do, where demonstrations are shown."""


def protocol_of(run: PublishedRun) -> dict[str, Any]:
    """What a run is scored on: scores of the same protocol can be compared."""
    config, evaluation, trials = run.config, run.config["evaluation"], run.config.get("trials")
    found = {**{name: config[name] for name in SCORED_BY}, "tasks": evaluation["tasks"]}
    if trials:
        return {**found, "episodes": trials["episodes"]}
    return {**found, "support_episodes": config["support_episodes"], **{name: evaluation[name] for name in SHOWN}}


def listings_of(board: Board, own: bool = False) -> list[Listing]:
    """The tables of a leaderboard."""
    found = []
    for section in board.table.sections:
        rows = [row for row in board.table.rows if row.section == section.title and row.runs]
        entries = [Entry(row, [board.runs[run] for run in row.runs if run in board.runs], own) for row in rows]
        found.append(Listing(board, section, entries))
    return found


def lay_beside(listings: Sequence[Listing], own: Iterable[Sequence[Listing]]) -> list[Listing]:
    """The tables, with rows of one's own wherever they were scored on the same.

    Args:
        listings: the tables.
        own: of each row of one's own, the tables that it may stand in; if it fits nowhere, the first becomes one more.
    """
    found: list[Listing] = list(listings)
    left: list[Listing] = []
    for mine in own:
        places = [(number, one) for number, listing in enumerate(found) for one in mine if _fits(listing, one)]
        for number, one in places:
            found[number] = replace(found[number], entries=[*found[number].entries, *one.entries])
        if not places:
            left += mine[:1]
    return [*found, *left]


def _fits(listing: Listing, mine: Listing) -> bool:
    return listing.section.title == mine.section.title and all(one in listing.protocols for one in mine.protocols)
