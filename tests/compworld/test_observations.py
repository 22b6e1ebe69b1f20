"""The relative and the text observation."""

import dataclasses

import gymnasium as gym
import numpy as np
import pytest

from compworld.envs.observations import OBSERVATIONS
from compworld.envs.text import FACINGS, parse
from compworld.families.relative import relative, relative_rows, relative_size


def test_relative_rows_are_where_things_lie_from_the_agent(grid, start):
    family = grid
    state = start(family, 50)
    rows, dense = relative_rows(family, state), relative(family, state)
    height, width = family.shape
    assert dense.shape == (50, relative_size(family))
    for index in range(50):
        expected = np.zeros((2 * height - 1, 2 * width - 1, family.features), dtype=np.uint8)
        here = divmod(int(state.agent_B[index]), width)
        for cell, feature in zip(state.object_cell_BO[index].tolist(), state.object_feature_BO[index].tolist(), strict=True):
            row, column = divmod(cell, width)
            expected[row - here[0] + height - 1, column - here[1] + width - 1, feature] = 1
        np.testing.assert_array_equal(dense[index, : expected.size], expected.reshape(-1))
        rest = dense[index, expected.size :]
        assert np.flatnonzero(rest).tolist() == [state.agent_B[index], family.cells + state.maze_B[index]]
        assert sorted(set(rows[index])) == np.flatnonzero(dense[index]).tolist()


def test_collected_objects_are_gone(grid, start):
    family = grid
    state = start(family, 3)
    state.remaining_BO[:] = False
    assert (relative_rows(family, state)[:, : family.objects] == relative_size(family)).all()
    assert relative(family, state).sum() == 6


@pytest.mark.parametrize("kind", OBSERVATIONS)
def test_the_order_of_objects_tells_nothing(grid, start, kind):
    """A state has its goal first. Who has the same scene with its objects in another order observes the same."""
    state = start(grid, 40)
    state.remaining_BO[::3, 0] = False
    other = dataclasses.replace(
        state,
        **{name: getattr(state, name)[:, ::-1] for name in dir(state) if name.endswith("_BO")},
    )
    observe = OBSERVATIONS[kind][1]
    seen, again = observe(grid, state), observe(grid, other)
    for part in seen if isinstance(seen, dict) else (None,):
        np.testing.assert_array_equal(*((seen, again) if part is None else (seen[part], again[part])))


def test_relative_rows_are_the_same_in_torch(grid, start):
    torch = pytest.importorskip("torch")
    family = grid
    state = start(family, 20)
    twin = type(state)(*(torch.asarray(getattr(state, name)) for name in type(state).__dataclass_fields__))
    np.testing.assert_array_equal(relative_rows(family, twin).numpy(), relative_rows(family, state))


@pytest.mark.parametrize("told", [False, True])
def test_texts_are_read_back(env_id, told):
    env = gym.make(env_id, observation="text", episodes_per_trial=2, told=told).unwrapped
    seen, _ = env.reset(seed=3)
    rng, over = np.random.default_rng(0), False
    while not over:
        found, state = parse(seen["observation"]), env.get_state()
        assert env.observation_space.contains(seen)
        assert (found["maze"], found["agent"], found["facing"]) == (state["maze"], state["agent"], state["facing"])
        np.testing.assert_array_equal(found["walls"], env.family.walls[state["maze"]])
        objects = sorted(state["objects"], key=lambda item: (item["feature"], item["cell"]))
        for item, expected in zip(found["objects"], objects, strict=True):
            assert (item["feature"], item["collected"]) == (expected["feature"], expected["collected"])
            assert item["cell"] == (None if expected["collected"] else expected["cell"])
        assert tuple(found["actions"]) == env.family.action_names
        action = seen["previous_action"]
        name = None if action == env.family.actions else env.family.action_names[action]
        assert (found["episode"], found["steps_left"]) == (seen["episode"], seen["steps_left"])
        assert (found["episode_start"], found["previous_action"]) == (bool(seen["episode_start"]), name)
        assert np.float32(found["previous_reward"]) == seen["previous_reward"]
        mission = env.family.mission(env.family.weights_of(state["task"]))
        assert found.get("mission") == (mission if told else None)
        seen, _, terminated, truncated, _ = env.step(int(rng.integers(1 if rng.random() < 0.9 else 0, env.family.actions)))
        over = terminated or truncated


def test_other_texts_are_refused(env_id):
    env = gym.make(env_id, observation="text")
    seen, _ = env.reset(seed=0)
    assert FACINGS[parse(seen)["facing"]] == "right"
    for wrong in ("", "nonsense", seen + "\nnonsense", seen.replace("You are at", "You stand at")):
        with pytest.raises(ValueError, match="text has the line"):
            parse(wrong)
