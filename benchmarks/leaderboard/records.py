"""Records of :func:`compworld.evaluate` as rows of the leaderboard, beside the runs that it made itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from compworld.benchmarks.leaderboard.sections import Row, Section, TrialSection
from compworld.benchmarks.runs.records import check_settings
from compworld.benchmarks.scores.trials import SPLITS, scores_of
from compworld.evaluation import Evaluation

ALIKE = ("env_id", "track", "sizes", "episodes", "seed", "support", "support_options")
"""Settings in which a record must be like those of a section's own runs."""


def add_records(sections: Sequence[Section], paths: Sequence[Path]) -> None:
    """Add a row for each agent to every section of trials of its family and track; what it learned from is not ours to know.

    Args:
        sections: of the leaderboard.
        paths: files of :meth:`compworld.evaluation.Evaluation.save`; of each agent and world, one on ``"train"`` and one on
            ``"held_out"`` combinations.

    Raises:
        ValueError: a file is no such record, has unfinished tasks, fits no section, or has no counterpart.
    """
    for path in paths:
        evaluation = read_record(path)
        fitting = [section for section in sections if isinstance(section, TrialSection) and _fits(section, evaluation)]
        if not fitting:
            own = sorted({_place(other) for section in sections for other in _own(section)})
            raise ValueError(
                f"{path} is of {_place(evaluation)}, which no table here has; allowed: {'; '.join(own) or 'none'}, "
                f"with the same {', '.join(ALIKE)} and split"
            )
        for section in fitting:
            name = row_name(evaluation)
            row = section.rows.setdefault(name, Row(name))
            # As seeds play in worlds of their number.
            result = row.results.setdefault(evaluation.settings["world"], of_record(evaluation, path.stem, {}))
            which = next(which for which, split in SPLITS.items() if split == evaluation.settings["split"])
            result["scores"][which] = scores_of(evaluation)
    for one in (row for every in sections for row in every.rows.values()):
        for result in one.results.values():
            missing = [split for which, split in SPLITS.items() if which not in result["scores"]]
            if missing:
                raise ValueError(
                    f"records of {one.method!r} in world {result['world']} lack split {missing[0]!r}; allowed: both of "
                    f"{', '.join(map(repr, SPLITS.values()))}"
                )


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


def _own(section: Section) -> list[Evaluation]:
    """What a section's own runs were scored by."""
    records: list[dict[str, Any]] = [
        record
        for row in section.rows.values()
        for result in row.results.values()
        for record in result.get("evaluations", {}).values()
    ]
    return [Evaluation.of_record(record) for record in records]


def _fits(section: TrialSection, evaluation: Evaluation) -> bool:
    """Whether a run of the section was scored on the same tasks."""
    given = evaluation.settings
    same = (*ALIKE, "world", "split", "split_sha256", "tasks")
    return any(all(other.settings.get(name) == given.get(name) for name in same) for other in _own(section))


def _place(evaluation: Evaluation) -> str:
    settings = evaluation.settings
    return f"{settings['env_id']} world {settings['world']}, {settings['track']}, {settings['tasks']} tasks"
