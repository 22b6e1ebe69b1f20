"""Own runs on the page: one whose record says what cannot be is left out, with a line, and the others are there."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.executors import run_all
from compworld.benchmarks.runs.run import run, trained_run
from compworld.benchmarks.site.own import own_boards
from compworld.benchmarks.worlds.world import World
from compworld.files import HASH, sealed, write_json
from tests.benchmarks.conftest import tiny

SHOWN, TRIALS = tiny("random"), tiny("random_play")
TRAINED = int(World(SHOWN).split.pool("train")[0])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    for config in (SHOWN, TRIALS, tiny("random", seed=1, world=0)):
        run(config, root)
    return root


def of_combination(value: Any) -> Callable[[dict[str, Any]], None]:
    def spoil(record: dict[str, Any]) -> None:
        record["scores"]["held_out"]["combination"][0] = value

    return spoil


def without(*place: str) -> Callable[[dict[str, Any]], None]:
    """Takes something away, of every set where ``*`` stands."""

    def spoil(record: dict[str, Any]) -> None:
        parents: list[Any] = [record]
        for name in place[:-1]:
            parents = [one for parent in parents for one in (parent.values() if name == "*" else [parent[name]])]
        for parent in parents:
            del parent[place[-1]]

    return spoil


@pytest.mark.parametrize(
    ("config", "spoil", "problem"),
    [
        (SHOWN, of_combination(-1), "a task of 'held_out' is of combination -1"),
        (SHOWN, of_combination(10**30), "a task of 'held_out' is of combination 1e+30; allowed: indices of combinations"),
        (SHOWN, of_combination(0.5), "a task of 'held_out' is of combination 0.5"),
        (SHOWN, of_combination(None), "a task of 'held_out' is of combination None"),
        (SHOWN, of_combination(99), "has a task of combination 99 on 'held_out'; allowed: the 12 that its split has there"),
        (SHOWN, of_combination(TRAINED), f"has a task of combination {TRAINED} on 'held_out'; allowed: "),
        (SHOWN, without("scores", "*", "combination"), "lack 'combination' on 'train'"),
        (SHOWN, without("scores", "*", "success_rate"), "lack 'success_rate' on 'train'"),
        (TRIALS, without("evaluations"), "evaluations are of the sets none; allowed: ('fresh_episodes', 'held_out')"),
        (TRIALS, lambda record: record["evaluations"].clear(), "evaluations are of the sets none"),
        (TRIALS, without("evaluations", "held_out"), "evaluations are of the sets 'fresh_episodes'; allowed: "),
        (
            TRIALS,
            lambda record: record["evaluations"]["held_out"]["settings"].update(tasks=10**9),
            "evaluations of 'held_out' are of 1000000000 tasks; allowed: 12",
        ),
        (
            TRIALS,
            lambda record: record["evaluations"]["held_out"]["settings"].update(seed=-1),
            "Expected `int` >= 0 - at `$.evaluations[...].settings.seed`",
        ),
        (TRIALS, without("scores", "*", "gain"), "lack 'gain' on 'fresh_episodes'"),
    ],
)
def test_records_that_say_what_cannot_be(
    config: RunConfig, spoil: Callable[[dict[str, Any]], None], problem: str, runs: Path, tmp_path: Path
) -> None:
    shutil.copytree(runs, tmp_path, dirs_exist_ok=True)
    path = tmp_path / config.run_id / "result.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    del record[HASH]
    spoil(record)
    write_json(path, sealed(record))
    said: list[str] = []
    boards = own_boards(tmp_path, False, said.append)
    assert {run_id for board in boards for run_id in board.runs} == {found.name for found in runs.iterdir()} - {config.run_id}
    (line,) = said
    assert config.run_id in line
    assert problem in line
    with pytest.raises(ValueError, match=config.run_id):
        trained_run(tmp_path, config.run_id)
    (outcome,) = run_all([config], tmp_path, engine=lambda *_: (_ for _ in ()))
    assert not outcome.scored
    assert problem in outcome.problem
