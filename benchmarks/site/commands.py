"""The command ``site``. Nothing heavy is loaded before it runs."""

from pathlib import Path
from typing import Annotated

import tyro

from compworld.benchmarks.recipes import ending


def site(
    out: Path = Path("site"),
    runs: Path | None = None,
    records: tuple[Path, ...] = (),
    results: Path | None = None,
    trust: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
) -> None:
    """Write the leaderboard as a page that opens in any browser, from its file or from any server: no network, no tracker.

    Args:
        out: Folder of the page.
        runs: Folder of your own runs, which are laid beside the published ones wherever they were scored on the same.
        records: Files that results of compworld.evaluate were saved to: agents of your own, laid beside the published ones too.
        results: Folder of leaderboards, such as leaderboard; by default those that come with the package.
        trust: Run the code of methods of one's own that your runs name, where the table depends on it.
    """
    from compworld.benchmarks.leaderboard.published import RESULTS
    from compworld.benchmarks.site.page import make_site

    print(make_site(out, results or RESULTS, runs, trust, ending.complain, records))
