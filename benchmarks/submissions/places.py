"""The table that an entry is for: families and sizes as a preset has them, so that nothing else is ever made of an entry."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from compworld import ENV_IDS, SUPPORTS, make_family
from compworld.benchmarks.leaderboard.sections import Section, TrialSection
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.preset import Protocol
from compworld.benchmarks.recipes.presets import PRESETS

SCORED = ("tasks", "query_episodes", "rollout_episodes")
"""Numbers of an evaluation, which may be smaller than a table's."""


@dataclass(frozen=True)
class Place:
    """Tables that are alike, whichever preset they are of.

    Attributes:
        family: its name.
        support: which combinations are trained.
        tables: their kinds, see :class:`compworld.benchmarks.submissions.submission.Submission`.
        episodes: K, of a trial; 0 where demonstrations are shown.
        sizes: of the family, all of them.
    """

    family: str
    support: str
    tables: tuple[str, ...]
    episodes: int
    sizes: dict[str, Any]

    @property
    def section(self) -> Section:
        """An empty table."""
        family = make_family(self.family, 0, **self.sizes)
        if not self.episodes:
            return Section(family, self.support)
        return TrialSection(family, self.support, kind=self.tables[0], episodes=self.episodes)

    def is_of(self, section: Section) -> bool:
        """Whether a table is one of these."""
        trials = isinstance(section, TrialSection)
        kind, episodes = (section.kind, section.episodes) if isinstance(section, TrialSection) else ("shown", 0)
        same = section.family.label == self.family and section.support == self.support and bool(self.episodes) == trials
        return same and kind in self.tables and episodes == self.episodes and dict(section.family.sizes) == self.sizes


def place_of_run(config: RunConfig, tables: tuple[str, ...]) -> Place:
    """Where runs of a config stand.

    Raises:
        ValueError: no table is for it, or it is scored by more than a table is.
    """
    _check_support(config.support, config.support_options)
    episodes = None if config.trials is None else config.trials.episodes
    for protocol in _protocols():
        found = None if protocol.trials is None else protocol.trials.episodes
        same = (protocol.family, protocol.sizes, found) == (config.family, config.sizes, episodes)
        if same and protocol.takes(config.track) and protocol.support_episodes == config.support_episodes:
            for name in SCORED:
                given, most = getattr(config.evaluation, name), getattr(protocol.evaluation, name)
                if given > most:
                    raise ValueError(f"evaluation.{name} is {given}; allowed: up to {most}, as in the table")
            return Place(config.family, config.support, tables, episodes or 0, _sizes(protocol))
    raise ValueError(
        f"no table is for track {config.track!r} on family {config.family!r:.80} with these sizes and episodes; "
        f"allowed: as in a preset ({', '.join(map(repr, PRESETS))})"
    )


def place_of_records(settings: Mapping[str, Any], tables: tuple[str, ...]) -> Place:
    """Where records of :func:`compworld.evaluate` with such settings stand.

    Raises:
        ValueError: no table is for them.
    """
    protocol = protocol_of_records(settings)
    return Place(protocol.family, settings["support"], tables, settings["episodes"], _sizes(protocol))


def protocol_of_records(settings: Mapping[str, Any]) -> Protocol:
    """The first protocol of a preset that scores on trials as such records do.

    Raises:
        ValueError: no table is for them.
    """
    _check_support(settings["support"], settings["support_options"])
    for protocol in _protocols():
        if protocol.trials is None or protocol.family != ENV_IDS.get(settings["env_id"]) or settings["track"] == "shown":
            continue
        same = (settings["episodes"], settings["sizes"]) == (protocol.trials.episodes, _sizes(protocol))
        if same and settings["tasks"] <= protocol.evaluation.tasks:
            return protocol
    asked = (
        f"{settings['env_id']!r:.80}, track {settings['track']!r:.80}, {settings['episodes']} episodes and {settings['tasks']}"
    )
    allowed = f"as in a preset ({', '.join(map(repr, PRESETS))}), on tracks that have trials"
    raise ValueError(f"no table is for records of {asked} tasks; allowed: {allowed}")


def _protocols() -> Iterator[Protocol]:
    for make in PRESETS.values():
        yield from make().protocols


def _sizes(protocol: Protocol) -> dict[str, Any]:
    return dict(make_family(protocol.family, 0, **protocol.sizes).sizes)


def _check_support(support: str, options: Mapping[str, Any]) -> None:
    if support not in SUPPORTS or options:
        allowed = ", ".join(map(repr, SUPPORTS))
        raise ValueError(f"support is {support!r:.80} with options {dict(options)}; allowed: {allowed}, without options")
