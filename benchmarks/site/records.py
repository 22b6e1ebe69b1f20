"""Records of :func:`compworld.evaluate` as a leaderboard: each agent of one's own is a row, whatever it was made with."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from compworld.benchmarks.leaderboard.files import as_json
from compworld.benchmarks.leaderboard.published import Board, PublishedRun, PublishedTable
from compworld.benchmarks.leaderboard.records import of_record, read_record, row_name
from compworld.benchmarks.leaderboard.sections import GENERALISATION, Row, Section
from compworld.benchmarks.recipes.preset import Protocol
from compworld.benchmarks.scores.trials import TABLE_SEED, episode_score
from compworld.benchmarks.site.own import NAME
from compworld.benchmarks.submissions.entry import OF_A_RECORD, TABLES, Claim, claims_of
from compworld.benchmarks.submissions.places import place_of_records, protocol_of_records
from compworld.evaluation import Evaluation
from compworld.files import HASH, sealed


def boards_of_records(paths: Sequence[Path]) -> list[Board]:
    """A leaderboard for each agent: its row, over the worlds that it was scored in, in every table that it may stand in.

    Args:
        paths: of each agent and world, one on ``"train"`` and one on ``"held_out"`` combinations.

    Raises:
        ValueError: a file is no such record, has unfinished tasks, has no counterpart, or is of what no table has.
    """
    agents: dict[str, list[Evaluation]] = {}
    for path in paths:
        record = read_record(path)
        if record.settings["seed"] != TABLE_SEED:
            raise ValueError(f"{path} has trials of seed {record.settings['seed']}; allowed: {TABLE_SEED}, as in tables")
        setting = {name: value for name, value in record.settings.items() if name not in OF_A_RECORD}
        agents.setdefault(json.dumps(setting, sort_keys=True), []).append(record)
    return [_board(claims_of(records), records[0]) for records in agents.values()]


def _board(claims: Sequence[Claim], first: Evaluation) -> Board:
    protocol = protocol_of_records(first.settings)
    place = place_of_records(first.settings, tuple(TABLES[first.settings["track"]][-1]))
    runs = {claim.world: _run(claim, protocol) for claim in claims}
    sections: list[Section] = [replace(place, tables=(kind,)).section for kind in place.tables]
    for section in sections:
        row = section.rows.setdefault(row_name(first), Row(row_name(first)))
        for claim in claims:
            row.results[claim.world] = of_record(claim.records["held_out"], runs[claim.world].run_id, claim.scores)
    table = msgspec.convert(as_json(sections, []), PublishedTable)
    return Board(NAME, table, {run.run_id: run for run in runs.values()}, Path())


def _run(claim: Claim, protocol: Protocol) -> PublishedRun:
    """What is known of an agent in a world: what it was scored on, and how it went from episode to episode."""
    record = claim.records["held_out"]
    settings = record.settings
    scores = [episode_score("episode", k + 1) for k in range(settings["episodes"])]
    return PublishedRun(
        run_id=f"record_{sealed(record.record())[HASH][:10]}",
        track=settings["track"],
        config={
            "agent": settings["agent"],
            "family": protocol.family,
            "sizes": protocol.sizes,
            "support": settings["support"],
            "support_options": settings["support_options"],
            "evaluation": {"tasks": settings["tasks"]},
            "trials": {"episodes": settings["episodes"]},
            "seed": claim.world,
            "world": claim.world,
        },
        split_sha256=settings["split_sha256"],
        learner_sha256=None,
        parameters=None,
        tasks_seen=None,
        environment_steps=None,
        packages={"compworld": settings.get("compworld", "")},
        curve=None,
        episodes={which: [float(np.mean(claim.scores[which][score])) for score in scores] for which in GENERALISATION},
        modules={},
    )
