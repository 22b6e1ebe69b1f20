"""Runs that diverge are recorded as such, on every track: what they had learned before is scored, and nothing crashes."""

from pathlib import Path

import pytest

from compworld.agents.reward.trainer import ActingTrainer
from compworld.agents.training import MetaTrainer
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.executors import run_all
from compworld.benchmarks.runs.run import run
from compworld.benchmarks.runs.status import states_of
from tests.benchmarks.conftest import tiny

METHOD = "tests.benchmarks.broken_methods"
AT_ONCE = dict.fromkeys(("NotANumber", "PlaysNoNumber"), "the validation loss is nan at outer step 2")
LATE = dict.fromkeys(("DivergesLate", "PlaysNoNumberLate"), "the validation loss is nan at outer step 4")
SKIPS = {"Explodes": "2 of 2 outer steps were skipped, as their gradient was not finite"}


def diverging(name: str) -> RunConfig:
    return tiny(f"{METHOD}:{name}")


@pytest.mark.parametrize(("name", "reason"), {**AT_ONCE, **LATE, **SKIPS}.items())
def test_a_run_that_diverges_is_recorded_and_not_trained_again(
    name: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = diverging(name)
    result = run(config, tmp_path)
    assert result["diverged"] == f"diverged: {reason}"
    assert result["best_step"] == (0 if name in AT_ONCE else 2)
    assert bool(result["scores"]) == (name not in AT_ONCE)
    for trainer in (MetaTrainer, ActingTrainer):
        monkeypatch.setattr(trainer, "step", lambda *arguments: pytest.fail("trained again"))
    assert run(config, tmp_path) == result
    (state,) = states_of(tmp_path)
    assert (state.state, state.said) == ("diverged", result["diverged"])


def test_beside_others_it_loses_itself_only(tmp_path: Path) -> None:
    configs = [diverging("NotANumber"), tiny("random"), diverging("PlaysNoNumberLate")]
    at_once, random, late = run_all(configs, tmp_path, 1)
    assert [one.scored for one in (at_once, random, late)] == [False, True, True]
    assert [bool(one.problem) for one in (at_once, random, late)] == [True, False, True]
