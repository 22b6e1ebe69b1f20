"""Gymnasium's, MiniGrid's and our own wrappers on every id."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import wrappers as gym_wrappers
from minigrid.wrappers import ImgObsWrapper

from compworld.envs.observations import MISSION_CHARACTERS
from compworld.envs.wrappers import FlatObservation

WRAPPED = {
    "flatten": lambda env_id: gym_wrappers.FlattenObservation(gym.make(env_id)),
    "flatten minigrid": lambda env_id: gym_wrappers.FlattenObservation(
        gym_wrappers.FilterObservation(gym.make(env_id, observation="minigrid"), ["image", "direction"])
    ),
    "time limit": lambda env_id: gym_wrappers.TimeLimit(gym.make(env_id), 5),
    "statistics": lambda env_id: gym_wrappers.RecordEpisodeStatistics(gym.make(env_id)),
    "image": lambda env_id: ImgObsWrapper(gym.make(env_id, observation="minigrid")),
    "flat": lambda env_id: FlatObservation(gym.make(env_id, observation="minigrid")),
}


@pytest.mark.parametrize("wrapped", WRAPPED)
def test_seed_reaches_the_environment_through_wrappers(env_id, wrapped):
    one, other, bare = WRAPPED[wrapped](env_id), WRAPPED[wrapped](env_id), gym.make(env_id)
    rng = np.random.default_rng(0)
    for seed in (0, 1, 17):
        first, _ = one.reset(seed=seed)
        second, _ = other.reset(seed=seed)
        bare.reset(seed=seed)
        np.testing.assert_array_equal(first, second)
        assert one.observation_space.contains(first)
        assert one.unwrapped.get_state() == other.unwrapped.get_state() == bare.unwrapped.get_state()
        for _ in range(4):
            action = int(rng.integers(1, 4))
            result, again = one.step(action), other.step(action)
            np.testing.assert_array_equal(result[0], again[0])
            assert one.observation_space.contains(result[0])
            assert result[1:4] == again[1:4]


def test_statistics_are_recorded(env_id):
    env = gym_wrappers.RecordEpisodeStatistics(gym.make(env_id))
    env.reset(seed=0)
    total, ended = 0.0, False
    while not ended:
        _, reward, terminated, truncated, info = env.step(env.unwrapped.expert_action())
        total, ended = total + reward, terminated or truncated
    assert info["episode"]["r"] == pytest.approx(total)
    assert 1 <= info["episode"]["l"] <= env.spec.max_episode_steps


def test_image_shows_the_grid(env_id):
    """As MiniGrid encodes it: [column, row] of (object, colour, state), decoded by MiniGrid itself."""
    from minigrid.core.constants import COLOR_TO_IDX, IDX_TO_OBJECT
    from minigrid.core.grid import Grid

    from compworld.grid.objects import OBJECTS

    env = ImgObsWrapper(gym.make(env_id, observation="minigrid"))
    image, _ = env.reset(seed=0)
    state, walls = env.unwrapped.get_state(), env.unwrapped.family.walls
    things = {tuple(item["cell"]): OBJECTS[item["feature"]] for item in state["objects"]}
    grid, _ = Grid.decode(image)
    for row in range(image.shape[1]):
        for column in range(image.shape[0]):
            kind, color = IDX_TO_OBJECT[int(image[column, row, 0])], int(image[column, row, 1])
            if [row, column] == state["agent"]:
                assert (kind, int(image[column, row, 2])) == ("agent", state["facing"])
            elif walls[state["maze"], row, column]:
                assert kind == grid.get(column, row).type == "wall"
            elif (row, column) in things:
                assert kind == grid.get(column, row).type == things[row, column][0]
                assert color == COLOR_TO_IDX[things[row, column][1]]
            else:
                assert kind == "empty"
                assert grid.get(column, row) is None


def test_minigrid_numbers_are_minigrids():
    from minigrid.core import constants

    from compworld.envs.observations import COLOR_TO_IDX, OBJECT_TO_IDX

    assert constants.COLOR_TO_IDX == COLOR_TO_IDX
    assert OBJECT_TO_IDX.items() <= constants.OBJECT_TO_IDX.items()


def test_flat_observation_holds_image_and_mission(env_id):
    env = FlatObservation(gym.make(env_id, observation="minigrid"))
    seen, _ = env.reset(seed=2)
    inner = env.env.unwrapped
    image = inner._observation()["image"]
    np.testing.assert_array_equal(seen[: image.size], image.reshape(-1))
    letters = seen[image.size :].reshape(160, len(MISSION_CHARACTERS))
    mission = inner.family.mission(inner.engine.state.weights_BM[0])
    assert "".join(MISSION_CHARACTERS[letter.argmax()] for letter in letters[: len(mission)]) == mission
    np.testing.assert_array_equal(letters.sum(axis=1), [1] * len(mission) + [0] * (160 - len(mission)))


def test_flat_observation_can_be_rebuilt_from_its_spec(env_id):
    env = FlatObservation(gym.make(env_id, observation="minigrid"), mission_length=9)
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert again.observation_space == env.observation_space
    np.testing.assert_array_equal(again.reset(seed=1)[0], env.reset(seed=1)[0])


def test_flat_observation_needs_the_minigrid_observation(env_id):
    with pytest.raises(ValueError, match=r"observation space is Box.*; allowed: that of observation='minigrid'"):
        FlatObservation(gym.make(env_id))
    with pytest.raises(ValueError, match=r"observation space is Dict.*; allowed: that of observation='minigrid'"):
        FlatObservation(gym.make(env_id, told=True))
    for length in (-1, "a", 1.5):
        with pytest.raises(ValueError, match=r"mission_length is .*; allowed: integers from 0 to"):
            FlatObservation(gym.make(env_id, observation="minigrid"), mission_length=length)
