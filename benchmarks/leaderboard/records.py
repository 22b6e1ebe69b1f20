"""Records of :func:`compworld.evaluate` as rows of the leaderboard, beside the runs that it made itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compworld.benchmarks.leaderboard.sections import Row, Section, TrialSection, kinds_of
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.records import check_settings
from compworld.benchmarks.scores.trials import SPLITS, scores_of, settings_of
from compworld.evaluation import Evaluation

ALIKE = ("env_id", "track", "sizes", "episodes", "seed", "support", "support_options")
"""Settings in which a record must be like those of a section's own runs."""


@dataclass(frozen=True)
class Record:
    """A record, and where it belongs.

    Attributes:
        name: of its file.
        evaluation: what it says.
        places: (support, kind) of the sections of its family that it may stand in.
    """

    name: str
    evaluation: Evaluation
    places: frozenset[tuple[str, str]]

    @property
    def of(self) -> tuple[str, int, str]:
        """Agent, world and split: of each there may be one."""
        settings = self.evaluation.settings
        return settings["agent"], settings["world"], settings["split"]


def read_records(paths: Sequence[Path], configs: Sequence[RunConfig]) -> list[Record]:
    """Records that may become rows beside the runs of some configs; all that is wrong with them is found before anything runs.

    Args:
        paths: files of :meth:`compworld.evaluation.Evaluation.save`; of each agent and world, one on ``"train"`` and one on
            ``"held_out"`` combinations.
        configs: of the leaderboard.

    Raises:
        ValueError: a file is no such record, has unfinished tasks, is of what no config is scored on, has no counterpart, or
            another one is of the same agent, world and split.
    """
    found: dict[tuple[str, int, str], Record] = {}
    known = [(config, settings_of(config)) for config in configs if config.trials is not None] if paths else []
    for path in paths:
        evaluation = read_record(path)
        same = [config for config, settings in known if _fits(settings, evaluation.settings)]
        if not same:
            own = sorted({_place(settings) for _, settings in known})
            raise ValueError(
                f"{path} is of {_place(evaluation.settings)}, which no table here has; allowed: {'; '.join(own) or 'none'}, "
                f"with the same {', '.join(ALIKE)} and split"
            )
        record = Record(
            path.stem, evaluation, frozenset((config.support, kind) for config in same for kind in kinds_of(config.method))
        )
        if record.of in found:
            agent, world, split = record.of
            raise ValueError(
                f"{path} is the second record of agent {agent!r} in world {world}, split {split!r}; allowed: one of each, "
                "agents by names of their own (compworld.evaluate(..., name=...))"
            )
        found[record.of] = record
    for agent, world, _ in found:
        missing = [split for split in SPLITS.values() if (agent, world, split) not in found]
        if missing:
            raise ValueError(
                f"records of {agent!r} in world {world} lack split {missing[0]!r}; allowed: both of "
                f"{', '.join(map(repr, SPLITS.values()))}"
            )
    return list(found.values())


def add_records(sections: Sequence[Section], records: Sequence[Record]) -> None:
    """Add a row for each agent to every section that its records fit; what it learned from is not ours to know."""
    for record in records:
        settings = record.evaluation.settings
        for section in sections:
            here = isinstance(section, TrialSection) and (section.support, section.kind) in record.places
            if here and section.family.env_id == settings["env_id"]:
                name = row_name(record.evaluation)
                row = section.rows.setdefault(name, Row(name))
                # As seeds play in worlds of their number.
                result = row.results.setdefault(settings["world"], of_record(record.evaluation, record.name, {}))
                which = next(which for which, split in SPLITS.items() if split == settings["split"])
                result["scores"][which] = scores_of(record.evaluation)


def row_name(evaluation: Evaluation) -> str:
    """How tables call a record's agent: never as a method."""
    return f"{evaluation.settings['agent']} (record)"


def of_record(evaluation: Evaluation, name: str, scores: dict[str, Any]) -> dict[str, Any]:
    """What a row has of a world from a record: how long its agent was trained is not known."""
    settings = evaluation.settings
    known = {"world": settings["world"], "split_sha256": settings["split_sha256"], "scores": scores}
    return {"run_id": name, "training_seconds": None, **known}


def read_record(path: Path) -> Evaluation:
    """A record that may become a row.

    Raises:
        ValueError: naming the file, and what is wrong with it.
    """
    evaluation = Evaluation.load(path)
    check_settings(evaluation.settings, path)
    if not evaluation.finished.all():
        left = int((~evaluation.finished).sum())
        raise ValueError(f"{path} has {left} unfinished tasks; allowed: records of evaluations that went to their end")
    if evaluation.settings["split"] not in SPLITS.values():
        allowed = ", ".join(map(repr, SPLITS.values()))
        raise ValueError(f"{path} is of split {evaluation.settings['split']!r}; allowed: {allowed}")
    return evaluation


def _fits(ours: dict[str, Any], given: dict[str, Any]) -> bool:
    """Whether a run of ours is scored on the same tasks."""
    same = (*ALIKE, "world", "split_sha256", "tasks")
    return all(ours[name] == given.get(name) for name in same)


def _place(settings: dict[str, Any]) -> str:
    return f"{settings['env_id']} world {settings['world']}, {settings['track']}, {settings['tasks']} tasks"
