"""Which of MiniGrid's wrappers work around our environments, as docs/clients.md lists them."""

import inspect
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from minigrid import wrappers

from compworld.envs.wrappers import mission_words

ALL = {name for name, wrapper in inspect.getmembers(wrappers, inspect.isclass) if wrapper.__module__ == wrappers.__name__}
WORK = (
    *("ActionBonus", "FullyObsWrapper", "ImgObsWrapper", "PositionBonus", "ReseedWrapper", "RGBImgObsWrapper"),
    *("RGBImgPartialObsWrapper", "StochasticActionWrapper", "SymbolicObsWrapper", "ViewSizeWrapper"),
)
WITH_HELP = {"DictObservationSpaceWrapper", "OneHotPartialObsWrapper"}
REFUSE = {"DirectionObsWrapper": "requires an environment with a Goal object", "FlatObsWrapper": "mission string"}


def play(env, steps=60):
    seen, _ = env.reset()
    rng = np.random.default_rng(0)
    for _ in range(steps):
        assert env.observation_space.contains(seen)
        seen, _, terminated, truncated, _ = env.step(int(rng.integers(env.action_space.n)))
        if terminated or truncated:
            seen, _ = env.reset()
    return seen


@pytest.mark.parametrize("name", WORK)
def test_these_work(env_id, name):
    for trials in (None, 2):
        play(getattr(wrappers, name)(gym.make(env_id, observation="minigrid", episodes_per_trial=trials)))


def test_the_view_is_what_minigrid_sees(env_id):
    env = gym.make(env_id, observation="minigrid")
    view = wrappers.ViewSizeWrapper(env, 5)
    play(wrappers.OneHotPartialObsWrapper(view))
    whole, part = wrappers.FullyObsWrapper(env), view
    for seed in range(5):
        seen, _ = whole.reset(seed=seed)
        np.testing.assert_array_equal(seen["image"], env.reset(seed=seed)[0]["image"])
        shown = part.observation(seen)["image"]
        inner = env.unwrapped
        ahead = inner.front_pos
        kind = seen["image"][tuple(ahead)][0] if (ahead >= 0).all() and (ahead < inner.width).all() else 2
        assert shown[2, 3][0] == kind  # the cell before the agent, which stands in the middle of the last row


def test_pictures_are_minigrids(env_id):
    env = wrappers.RGBImgObsWrapper(gym.make(env_id, observation="minigrid", render_mode="rgb_array", tile_size=8))
    seen, _ = env.reset(seed=1)
    np.testing.assert_array_equal(seen["image"], env.unwrapped.render()[: seen["image"].shape[0]])


def test_missions_of_words():
    env = gym.make("CompWorld-Goals-v0", observation="minigrid")
    play(wrappers.DictObservationSpaceWrapper(env, word_dict=mission_words(env.unwrapped.family)))
    hidden = gym.make("CompWorld-Goals-v0", observation="minigrid", episodes_per_trial=2)
    seen, _ = wrappers.DictObservationSpaceWrapper(hidden, word_dict=mission_words(hidden.unwrapped.family)).reset(seed=0)
    assert np.count_nonzero(seen["mission"]) == 4  # find out by acting


def test_the_others_say_why(env_id):
    for name, reason in REFUSE.items():
        with pytest.raises((ValueError, AssertionError), match=reason):
            play(getattr(wrappers, name)(gym.make(env_id, observation="minigrid")))


def test_the_list_is_complete():
    text = (Path(__file__).parents[2] / "docs" / "clients.md").read_text()
    assert {*WORK, *WITH_HELP, *REFUSE, "NoDeath"} == ALL
    assert all(f"`{name}`" in text for name in ALL)
