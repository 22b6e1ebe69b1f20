"""Films of a leaderboard: the expert beside the agents of seed 0 on held-out combinations."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from compworld.benchmarks.leaderboard.sections import Section, TrialSection

FILMED = {False: ("linear_hypernetwork", "anil"), True: ("recurrent_hypernetwork", "gru")}
"""Who is filmed, by whether they act in trials."""
EPISODES = {False: 4, True: 2}
"""Or trials, of a film."""


def name_of_film(family: str, trials: bool) -> str:
    """The file of a family's film, without suffix."""
    return f"{family}_held_out{'_trials' if trials else ''}"


def films(sections: Sequence[Section], runs: Path, folder: Path) -> Iterator[str]:
    """Make the films of the first support of each family, of episodes and of trials.

    Yields:
        A line about each; also why there is none, for the table is worth more than its film.
    """
    from compworld.benchmarks.reports.video import render_video

    filmed: set[str] = set()
    for section in sections:
        trials = isinstance(section, TrialSection)
        name = name_of_film(section.family.label, trials)
        results = [section.rows[method].results.get(0) for method in FILMED[trials] if method in section.rows]
        ids = [result["run_id"] for result in results if result is not None]
        if section.family.expert is None or not ids or name in filmed:
            continue
        filmed.add(name)
        said: list[str] = []
        try:
            files = render_video(runs, ids, "held_out", EPISODES[trials], folder / name, tell=said.append)
            said.append(f"Video: {', '.join(map(str, files))}")
        except (OSError, ValueError, RuntimeError) as error:
            said.append(f"No video of {section.family.label}: {error}")
        yield from said
