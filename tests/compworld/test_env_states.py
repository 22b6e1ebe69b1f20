"""Resets to given tasks and states, exact states of the middle of episodes, and the impossible ones."""

import copy
import json

import gymnasium as gym
import numpy as np
import pytest

from tests.compworld.rollouts import same_rollouts


def test_reset_to_a_task(env_id):
    env = gym.make(env_id)
    space = env.unwrapped.family.space
    for index in range(0, len(space), 5):
        task = env.unwrapped.family.task_of(space.combinations[index].astype(float))
        _, info = env.reset(options={"task": task})
        assert {name: np.asarray(value).tolist() for name, value in info["task"].items()} == task
        assert info["split"] == env.unwrapped.task_split.labels[index]
        assert env.unwrapped.get_state()["task"] == task


def test_a_task_outside_the_space_is_labelled():
    env = gym.make("CompWorld-Preferences-v0")
    _, info = env.reset(options={"task": {"weights": [1.0] * 8}})
    assert info["split"] == "outside"
    _, info = env.reset(options={"task": {"weights": [0.0] * 8}})
    assert info["split"] == "outside"


def test_states_round_trip_in_the_middle_of_episodes(env_id, observation):
    env, other = (gym.make(env_id, observation=observation) for _ in range(2))
    rng = np.random.default_rng(0)
    for seed in range(25):
        env.reset(seed=seed)
        for _ in range(int(rng.integers(0, 6))):
            env.step(int(rng.integers(1, 4)))
        state = json.loads(json.dumps(env.unwrapped.get_state()))
        assert state == env.unwrapped.get_state()
        other.reset(seed=1000, options={"state": state})
        assert other.unwrapped.get_state() == state
        third = copy.deepcopy(env)
        third.reset(seed=7)
        third.unwrapped.set_state(state)
        assert third.unwrapped.get_state() == state
        for _ in range(4):
            action = int(rng.integers(env.action_space.n))
            result = env.unwrapped.step(action)
            same_rollouts([result, result], [other.unwrapped.step(action), third.unwrapped.step(action)])
        assert env.unwrapped.get_state() == other.unwrapped.get_state() == third.unwrapped.get_state()


def test_set_state_before_any_reset_is_enough(env_id):
    env, fresh = gym.make(env_id).unwrapped, gym.make(env_id).unwrapped
    env.reset(seed=0)
    fresh.set_state(env.get_state())
    same_rollouts([env.step(1)], [fresh.step(1)])


@pytest.mark.parametrize("facing", range(4))
def test_elapsed_and_facing_are_restored_before_the_first_step(env_id, facing):
    env = gym.make(env_id).unwrapped
    env.reset(seed=0)
    state = {**env.get_state(), "facing": facing, "elapsed": 5}
    env.set_state(state)
    assert env.get_state() == state


def test_unknown_reset_option(env_id):
    env = gym.make(env_id)
    with pytest.raises(ValueError, match=r"unknown reset option 'tasks'; allowed: 'task', 'state'"):
        env.reset(options={"tasks": 3})
    env.reset(seed=0)
    state = env.unwrapped.get_state()
    with pytest.raises(ValueError, match=r"reset options are 'task' and 'state'; allowed: only one of them"):
        env.reset(options={"task": state["task"], "state": state})


def test_impossible_task(env_id):
    env = gym.make(env_id)
    with pytest.raises(ValueError, match=r"task is \{'colour': 3\}; allowed: "):
        env.reset(options={"task": {"colour": 3}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("maze"), r"state is .*; allowed: a dict with the keys 'task', 'maze', 'agent'"),
        (lambda s: s.update(extra=1), r"state is .*; allowed: a dict with the keys"),
        (lambda s: s.update(maze=99), r"state maze is 99; allowed: integers from 0 to"),
        (lambda s: s.update(facing=4), r"state facing is 4; allowed: integers from 0 to 3"),
        (lambda s: s.update(elapsed=-1), r"state elapsed is -1; allowed: integers from 0"),
        (lambda s: s.update(elapsed=1.5), r"state elapsed is 1.5; allowed: integers from 0"),
        (lambda s: s.update(agent=[99, 0]), r"state agent is at \[99, 0\]; allowed: \[row below \d+, column below \d+\]"),
        (lambda s: s.update(agent=7), r"state agent is at 7; allowed: \[row below"),
        (lambda s: s.update(agent=[1, 2, 3]), r"state agent is at \[1, 2, 3\]; allowed: \[row below"),
        (lambda s: s["objects"].pop(), r"state objects are .*; allowed: a list of \d objects"),
        (lambda s: s["objects"][0].pop("cell"), r"state object 0 is .*; allowed: a dict with 'cell', 'feature', 'collected'"),
        (lambda s: s["objects"][1].update(feature=99), r"state object 1's feature is 99; allowed: integers from 0 to"),
        (lambda s: s["objects"][1].update(collected=2), r"state object 1's 'collected' is 2; allowed: True, False"),
        (lambda s: s["objects"][1].update(cell=s["objects"][0]["cell"]), r"objects lie at .*; allowed: different cells"),
        (lambda s: s.update(task={}), r"task is \{\}; allowed: "),
    ],
)
def test_impossible_state(env_id, change, message):
    env = gym.make(env_id)
    env.reset(seed=0)
    before = env.unwrapped.get_state()
    state = copy.deepcopy(before)
    change(state)
    with pytest.raises(ValueError, match=message):
        env.unwrapped.set_state(state)
    with pytest.raises(ValueError, match=message):
        env.reset(options={"state": state})
    assert env.unwrapped.get_state() == before


def test_walls_hold_nothing(env_id):
    env = gym.make(env_id).unwrapped
    env.reset(seed=0)
    state = env.get_state()
    wall = np.argwhere(env.family.walls[state["maze"]])[0].tolist()
    with pytest.raises(ValueError, match=r"state agent is at .*, a wall; allowed: free cells"):
        env.set_state({**state, "agent": wall})
    state["objects"][1]["cell"] = wall
    with pytest.raises(ValueError, match=r"state object 1 is at .*, a wall; allowed: free cells"):
        env.set_state(state)


def test_impossible_states_of_preferences():
    env = gym.make("CompWorld-Preferences-v0").unwrapped
    env.reset(seed=0)
    state = env.get_state()
    with pytest.raises(ValueError, match=r"state is impossible: agent is at .* with an object; allowed: "):
        env.set_state({**state, "agent": state["objects"][0]["cell"]})
    state["objects"][0]["collected"] = True
    env.set_state({**state, "agent": state["objects"][0]["cell"]})


def test_impossible_states_of_goals():
    env = gym.make("CompWorld-Goals-v0").unwrapped
    env.reset(seed=0)
    state = env.get_state()
    changed = copy.deepcopy(state)
    changed["objects"][0]["collected"] = True
    with pytest.raises(ValueError, match="an object is collected; allowed: 'collected' False"):
        env.set_state(changed)
    changed = copy.deepcopy(state)
    changed["objects"][1]["feature"] = changed["objects"][2]["feature"]
    with pytest.raises(ValueError, match=r"object types are \[.*\]; allowed: all different"):
        env.set_state(changed)
    changed = {**state, "maze": (state["maze"] + 1) % 5}
    with pytest.raises(ValueError, match=r"state"):
        env.set_state(changed)
    changed = {**state, "task": {**state["task"], "quadrant": (state["task"]["quadrant"] + 1) % 4}}
    with pytest.raises(ValueError, match=r"goal is at \[\d+, \d+\]; allowed: cells in the (north|south)-(west|east)"):
        env.set_state(changed)
