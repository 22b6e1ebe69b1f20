"""What a row opens: the command makes the row's runs, failures are the means that an inspection finds."""

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import compworld
from compworld.benchmarks import cli
from compworld.benchmarks.leaderboard.behind import run_of
from compworld.benchmarks.leaderboard.files import as_json
from compworld.benchmarks.leaderboard.published import Board, PublishedTable
from compworld.benchmarks.leaderboard.sections import sections_of
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.presets import preset
from compworld.benchmarks.runs import run as running
from compworld.benchmarks.runs.executors import Outcome
from compworld.benchmarks.runs.run import run
from compworld.benchmarks.site.charts import charts_of, failure_map
from compworld.benchmarks.site.drawing import Scale
from compworld.benchmarks.site.entries import Listing, listings_of
from compworld.benchmarks.site.reproduce import command_of
from compworld.benchmarks.worlds.world import World
from compworld.evaluation.combinations import combinations_of_trials
from tests.benchmarks.conftest import tiny


def listing_of(name: str, outcomes: list[Outcome]) -> Listing:
    """The first table of a leaderboard of these runs."""
    table = msgspec.convert(as_json(sections_of(outcomes), []), PublishedTable)
    runs = [run_of(outcome.result) for outcome in outcomes if outcome.result is not None]
    return listings_of(Board(name, table, {one.run_id: one for one in runs}, Path()))[0]


def as_if_run(config: RunConfig, result: dict[str, Any]) -> Outcome:
    """A config with the numbers of another run."""
    return Outcome(config, {**result, "run_id": config.run_id, "config": config.as_dict()})


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run(tiny("anil"), tmp_path_factory.mktemp("run"))


def test_rows_of_a_preset_are_made_again_by_its_leaderboard(result: dict[str, Any]) -> None:
    first = preset("quick").configs(["anil"], ["goals-small"])[0]
    listing = listing_of("quick", [as_if_run(first, result)])
    command = command_of(listing.board, listing.section, listing.entries[0])
    assert command == "compworld leaderboard --preset quick --family goals-small --method anil --seeds 1"


def test_the_command_asks_for_the_support_of_the_row_alone(tmp_path: Path) -> None:
    config = preset("standard").configs(["anil"], ["goals"], 1, ["connected"])[0]
    result = run(replace(config.with_steps(1), evaluation=tiny().evaluation, meta_batch=2), tmp_path)
    listing = listing_of("standard", [as_if_run(config, result)])
    command = command_of(listing.board, listing.section, listing.entries[0])
    assert command == "compworld leaderboard --preset standard --family goals --support connected --method anil --seeds 1"


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config.with_steps(7),
        lambda config: config.with_options(width=17),
        lambda config: replace(config, seed=3),
    ],
)
def test_own_rows_are_made_again_by_train(
    change: Callable[[RunConfig], RunConfig], result: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = change(tiny("anil"))
    listing = listing_of("own", [as_if_run(config, result)])
    command = command_of(listing.board, listing.section, listing.entries[0])
    assert command is not None
    made: list[RunConfig] = []
    monkeypatch.setattr(running, "run", lambda config, *others: made.append(config) or result)
    program, *arguments = shlex.split(command)
    cli.main(arguments)
    assert program == "compworld"
    assert [one.run_id for one in made] == [config.run_id]


def test_runs_that_no_recipe_makes_have_no_command(result: dict[str, Any]) -> None:
    listing = listing_of("quick", [as_if_run(tiny("anil"), {**result})])
    (entry,) = listing.entries
    strange = msgspec.structs.replace(entry.runs[0], config={**entry.runs[0].config, "options": {"unknown": 1}})
    assert command_of(listing.board, listing.section, type(entry)(entry.row, [strange])) is None


@pytest.mark.parametrize("method", ["anil", "gru"])
def test_failures_are_means_over_the_tasks_that_have_a_module(method: str, tmp_path: Path) -> None:
    config = tiny(method)
    found = run(config, tmp_path)
    published, world = run_of(found), World(config)
    for which, split in (("fresh_episodes", "train"), ("held_out", "held_out")):
        if config.trials is None:
            combinations, score = found["scores"][which]["combination"], world.family.scores[0]
        else:
            tasks = config.evaluation.tasks
            combinations = combinations_of_trials(world.grid_family, world.split, split, tasks)
            score = f"episode_{config.trials.episodes}"
        values, active = np.asarray(found["scores"][which][score]), world.split.space.combinations[combinations]
        for module, name in enumerate(world.split.space.module_names):
            expected = values[active[:, module]].mean() if active[:, module].any() else None
            assert published.modules[which].get(name) == (None if expected is None else pytest.approx(expected, abs=1e-4))


def test_combinations_of_trials_are_those_that_a_told_agent_is_told() -> None:
    env_id, tasks = "CompWorld-Goals-Small-v0", 70
    told: list[np.ndarray] = []

    class Listening:
        def predict(self, observation: Any, state: Any, episode_start: np.ndarray) -> tuple[np.ndarray, Any]:
            if state is None:
                told.append(np.asarray(observation["code"]))
            return np.zeros(len(episode_start), dtype=int), np.zeros(len(episode_start))

    compworld.evaluate(Listening(), env_id, track="told", world=2, tasks=tasks, seed=5)
    family = World(tiny("gru")).grid_family
    family = type(family)(2, **family.sizes)
    split = compworld.make_split(family.space, "random", 2)
    expected = family.combination_of(np.concatenate(told))
    np.testing.assert_array_equal(combinations_of_trials(family, split, "held_out", tasks, 5), expected)


def test_curves_are_means_over_seeds_with_their_range(tmp_path: Path) -> None:
    configs = [tiny("gru", seed=seed, world=seed) for seed in range(2)]
    listing = listing_of("tiny", [Outcome(config, run(config, tmp_path)) for config in configs])
    (entry,) = listing.entries
    training, episodes = charts_of(listing, entry)
    values = np.asarray([one.curve.values for one in entry.runs if one.curve], dtype=float)
    (line,) = training["lines"]
    assert line["mean"] == pytest.approx(values.mean(0), abs=1e-4)
    assert (line["low"], line["high"]) == (values.min(0).tolist(), values.max(0).tolist())
    assert [one["name"] for one in episodes["lines"]] == ["held-out combinations", "trained combinations"]
    assert len(episodes["at"]) == 3
    found = failure_map(entry)
    assert found is not None
    assert found["worlds"] == [0, 1]


def test_what_lies_beyond_a_scale_is_drawn_at_its_end() -> None:
    scale = Scale(-1.0, 1.0)
    assert [scale.at(value) for value in (-9.0, -1.0, 0.0, 0.5, 1.0, 3.0)] == [0.0, 0.0, 50.0, 75.0, 100.0, 100.0]
