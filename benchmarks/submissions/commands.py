"""The commands ``submit`` and ``verify``. Nothing heavy is loaded before one runs."""

from pathlib import Path
from typing import Annotated

import tyro

from compworld.benchmarks.recipes.numbers import Few, Whole

Flag = Annotated[bool, tyro.conf.FlagCreatePairsOff]
Worlds = Annotated[int, Whole(3, 1024)]


def submit(
    name: str,
    by: str,
    what: str,
    link: str = "",
    run: tuple[str, ...] = (),
    records: tuple[Path, ...] = (),
    checkpoints: Flag = False,
    trust: Flag = False,
    out: Path | None = None,
    runs: Path = Path("runs"),
) -> None:
    """Make an entry for the leaderboard from finished runs of one method in several worlds, or from records of your own agent.

    Args:
        name: Of the entry: letters, digits and '-'.
        by: Who you are.
        what: What it is, in a line.
        link: To a paper or to code.
        run: Runs of one config that differ in seed and world, at least three: ids, beginnings of them, or paths of folders.
        records: Instead of runs: files that results of compworld.evaluate were saved to, on trained and on held-out
            combinations of at least three worlds.
        checkpoints: Submit what the runs trained, too, which is then asked instead of trained again: for those that take long.
        trust: Import and submit the code of a method of your own that the runs name.
        out: Folder of the entry; by default submissions/NAME.
        runs: Folder in which every run has its own folder.
    """
    from compworld.benchmarks.submissions.submission import check_name
    from compworld.benchmarks.submissions.submit import submit as make_entry

    check_name(name)
    folder = Path("submissions") / name if out is None else out
    entry = make_entry(folder, by, what, link, run, records, runs, checkpoints, trust)
    print(f"{folder}: {entry.about.how} in {len(entry.claims)} worlds; verify it with compworld verify {folder}")


def verify(
    submission: Annotated[Path, tyro.conf.Positional],
    salt: str | None = None,
    worlds: Worlds | None = None,
    minutes: Few = 30,
    memory: Few = 4,
    workers: Few | None = None,
    unprotected: Flag = False,
    markdown: Path | None = None,
) -> None:
    """Recompute an entry, in worlds that nobody knew when it was made, and compare that with what it claims.

    Ends with code 1 where the claim is inflated or cannot be recomputed. What protects you from the entry's code, and what
    does not, stands in docs/submissions.md.

    Args:
        submission: Folder of the entry.
        salt: Text that was published after the entry; fresh worlds follow from it and the entry's files. By default drawn now.
        worlds: Number of fresh worlds, for entries that are retrained; by default as many as are claimed.
        minutes: That training and scoring in one world may take.
        memory: GiB of each process.
        workers: Worlds side by side; by default one per core.
        unprotected: Run the entry's code with all rights that you have.
        markdown: Also write the comparison to this file.
    """
    from compworld.arguments import in_terminal
    from compworld.benchmarks.reports.escapes import in_markdown, terminal
    from compworld.benchmarks.submissions.failures import NotConfirmed
    from compworld.benchmarks.submissions.verify import require_confirmed, table_of, verdict
    from compworld.benchmarks.submissions.verify import verify as recompute
    from compworld.files import write_text

    console = terminal()

    def tell(line: str) -> None:
        console.print(in_terminal(line), soft_wrap=True)

    def note(*parts: str) -> None:
        if markdown is not None:
            write_text(markdown, "\n\n".join((f"### {in_markdown(str(submission))}", *parts)) + "\n")

    try:
        verified, compared = recompute(submission, salt, worlds, minutes, memory, workers, not unprotected, tell)
    except (ValueError, NotConfirmed) as error:
        note(f"Not verified: {in_markdown(str(error))}")
        raise
    table, said = table_of(verified, compared), verdict(verified, compared)
    table.show(console, narrow=True)
    note(table.markdown(), f"{in_markdown(said)} (salt {in_markdown(verified.salt)})")
    require_confirmed(verified, compared)
    tell(said)
