"""What scores cost stands beside them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from compworld.benchmarks.leaderboard.files import costs_of, markdown
from compworld.benchmarks.leaderboard.sections import Row, sections_of
from compworld.benchmarks.leaderboard.sentences import budget
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.executors import Outcome
from tests.benchmarks.conftest import tiny


@pytest.fixture
def outcome() -> Callable[..., Outcome]:
    """A run that cost something, with scores that are all the same."""

    def made(config: RunConfig, **cost: float) -> Outcome:
        scores = {
            score: [0.5, 0.5] for score in ("success_rate", "action_accuracy", "trajectory_accuracy", "normalised_return")
        }
        record = {"run_id": config.run_id, "config": config.as_dict(), "split_sha256": "", **cost}
        return Outcome(config, {**record, "scores": {"fresh_episodes": scores, "held_out": scores}})

    return made


def test_a_row_has_the_mean_cost_of_its_runs(outcome: Callable[..., Outcome]) -> None:
    costs = [{"tasks_seen": 64_000, "training_seconds": seconds, "parameters": 1_234} for seconds in (60.0, 120.0)]
    outcomes = [outcome(tiny("anil", seed=seed, world=seed), **cost) for seed, cost in enumerate(costs)]
    outcomes.append(outcome(tiny("random"), tasks_seen=0, training_seconds=0.0, parameters=0))
    lines = markdown(sections_of(outcomes), []).splitlines()
    head, _, anil, floor = (line for line in lines if line.startswith("|"))
    assert head.endswith("| tasks seen | minutes of training a run | parameters |")
    assert anil.endswith("| 64,000 | 1.5 | 1,234 |")
    assert floor.endswith("| 0 | 0.0 | 0 |")


def test_records_of_other_agents_do_not_say_what_they_cost() -> None:
    assert costs_of(Row("theirs (record)", {0: {"run_id": "theirs", "training_seconds": None}})) == (None, None, None)


def test_tasks_are_told_once_where_all_methods_see_as_many(outcome: Callable[..., Outcome]) -> None:
    alike = [outcome(tiny("anil")), outcome(tiny("maml")), outcome(tiny("random"))]
    assert "meta-training: goals-small 32." in budget("tiny", alike, 1.0)[1]
    config = alike[1].config
    assert config.outer is not None
    more = outcome(replace(config, outer=replace(config.outer, steps=2 * config.steps)))
    assert "meta-training: goals-small ANIL 32; goals-small MAML 64." in budget("tiny", [alike[0], more], 1.0)[1]
