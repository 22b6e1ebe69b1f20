"""Episodes for data sets: each is what its seed gives, and of the behaviour that it is said to be."""

import dataclasses

import gymnasium as gym
import numpy as np
import pytest

from compworld.benchmarks.data.episodes import BEHAVIOURS, Episode, play
from compworld.benchmarks.data.request import Request

IDS = ("CompWorld-Goals-Small-v0", "CompWorld-Preferences-Small-v0")


def episodes_of(env_id: str, behaviour: str, number: int = 40, seed: int = 0) -> list[Episode]:
    env = gym.make(env_id, split="held_out", observation="indices").unwrapped
    return [play(env, behaviour, seed, n) for n in range(number)]  # type: ignore[arg-type]


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("env_id", IDS)
def test_actions_played_again_from_the_seed_give_the_episode(env_id: str, behaviour: str) -> None:
    env = gym.make(env_id, split="held_out", observation="indices")
    for episode in episodes_of(env_id, behaviour, 10):
        observation, info = env.reset(seed=episode.seed)
        assert env.unwrapped.optimal_return() == episode.facts["optimal_return"]  # type: ignore[attr-defined]
        for step, action in enumerate(episode.actions):
            np.testing.assert_array_equal(observation, episode.observations[step])
            observation, *rest, info = env.step(action)
            assert rest == [episode.rewards[step], episode.terminations[step], episode.truncations[step]]
        np.testing.assert_array_equal(observation, episode.observations[-1])
        assert [len(episode.actions) - 1] == np.flatnonzero([*map(any, zip(*ends(episode), strict=True))]).tolist()
        assert (info["success"], info["split"]) == (episode.facts["success"], "held_out")


def ends(episode: Episode) -> tuple[list[bool], list[bool]]:
    return episode.terminations, episode.truncations


@pytest.mark.parametrize("env_id", IDS)
def test_each_behaviour_is_worth_what_it_is_called(env_id: str) -> None:
    """The expert reaches the exact optimum every time, random play its exact expectation in the mean, mixed lies between."""
    expert, mixed, dice = (episodes_of(env_id, name, 200) for name in ("expert", "mixed", "random"))
    facts = {name: np.asarray([e.facts[name] for e in dice]) for name in ("return", "random_return", "optimal_return")}
    np.testing.assert_allclose([e.facts["return"] for e in expert], facts["optimal_return"], atol=1e-9)
    error = (facts["return"] - facts["random_return"]).std() / np.sqrt(200)
    assert abs((facts["return"] - facts["random_return"]).mean()) < 3 * error
    means = [np.mean([e.facts["return"] for e in of]) for of in (dice, mixed, expert)]
    assert means == sorted(means)
    shares = np.asarray([e.facts["random_actions"] for e in mixed])
    assert {e.facts["random_actions"] for e in expert} | {e.facts["random_actions"] for e in dice} == {0.0, 1.0}
    assert 0 <= shares.min() < 0.05
    assert 0.95 < shares.max() < 1
    assert abs(shares.mean() - 0.5) < 3 / np.sqrt(12 * 200)


def test_episodes_do_not_depend_on_how_many_there_are() -> None:
    few, many, other = (episodes_of(IDS[0], "mixed", number, seed) for number, seed in ((3, 0), (6, 0), (3, 1)))
    assert [*map(plain, few)] == [*map(plain, many[:3])]
    assert not {e.seed for e in few} & {e.seed for e in other}
    assert len({e.seed for e in many}) == 6


def plain(episode: Episode) -> dict[str, object]:
    return dataclasses.asdict(episode) | {"observations": [rows.tolist() for rows in episode.observations]}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"number": 0}, "number is 0; allowed: integers from 1"),
        ({"seed": -1}, "seed is -1; allowed: integers from 0"),
        ({"behaviour": "lazy"}, "unknown behaviour 'lazy'; allowed: 'expert', 'random', 'mixed'"),
        ({"splits": ("train", "test")}, "unknown split 'test'; allowed: 'train', 'held_out', 'all'"),
        ({"splits": ()}, r"splits are \(\); allowed: at least one, and each once"),
        ({"splits": ("all", "all")}, r"splits are .*; allowed: at least one, and each once"),
        ({"observation": "smell"}, "unknown observation 'smell'; allowed: 'symbolic'"),
    ],
)
def test_bad_requests_are_refused(given: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Request("goals-small", **given)  # type: ignore[arg-type]
