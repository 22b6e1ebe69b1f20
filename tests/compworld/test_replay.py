"""Scores follow from the actions that were noted, in the world that a record names, and from nothing else."""

import dataclasses

import numpy as np
import pytest

import compworld
from compworld.evaluation import Evaluation, replayed

PREFERENCES = "CompWorld-Preferences-Small-v0"


class Dice:
    """Acts at random, and notes what it does."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)

    def predict(self, observation, state, episode_start):
        return self.rng.integers(5, size=len(episode_start)), None


def same(one: Evaluation, other: Evaluation) -> None:
    for field in dataclasses.fields(one.played):
        np.testing.assert_array_equal(getattr(one.played, field.name), getattr(other.played, field.name), err_msg=field.name)


@pytest.mark.parametrize("track", ["rewarded", "told", "shown"])
@pytest.mark.parametrize("world", [0, 2**63 - 1])
def test_a_replay_reaches_what_was_reached(env_id, track, world, tmp_path):
    """More tasks than are played at once; through a file."""
    result = compworld.evaluate(Dice(world % 97), env_id, track, world, tasks=70, seed=3)
    result.save(tmp_path / "record.json")
    read = Evaluation.load(tmp_path / "record.json")
    same(result, read)
    same(result, replayed(read))
    steps = [len(actions) for actions in result.played.actions]
    assert steps == result.played.lengths.sum(axis=1).tolist()


def test_other_actions_reach_something_else():
    result = compworld.evaluate(Dice(), PREFERENCES, tasks=20)
    other = compworld.evaluate(Dice(1), PREFERENCES, tasks=20)
    mixed = Evaluation(result.settings, dataclasses.replace(result.played, actions=other.played.actions))
    same(other, replayed(mixed))
    assert not np.array_equal(result.played.lengths, other.played.lengths)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (lambda text: text[:-1], r"trial 0, step \d+: action is -1; allowed"),
        (lambda text: "9" + text[1:], "trial 0, step 0: action is 9; allowed"),
        (lambda text: "", "record has trials without actions"),
    ],
)
def test_actions_that_lead_nowhere_are_refused(changed, problem):
    result = compworld.evaluate(Dice(), PREFERENCES, tasks=3)
    actions = np.asarray([changed(result.played.actions[0]), *result.played.actions[1:]])
    with pytest.raises(ValueError, match=problem):
        replayed(Evaluation(result.settings, dataclasses.replace(result.played, actions=actions)))


def test_records_without_actions_are_read():
    record = compworld.evaluate(Dice(), PREFERENCES, tasks=3).record()
    del record["episodes"]["actions"]
    old = Evaluation.of_record(record)
    assert str(old)
    with pytest.raises(ValueError, match="record has trials without actions"):
        replayed(old)
