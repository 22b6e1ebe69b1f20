"""Environments of a made family and a made split."""

import gymnasium as gym
import numpy as np
import pytest

import compworld
from compworld import ModuleSpace, make_family, make_split
from compworld.envs.single import CompWorldEnv
from compworld.envs.vector import CompWorldVectorEnv
from tests.compworld.rollouts import rollout, same_rollouts

FORMS = [CompWorldEnv, CompWorldVectorEnv]


def test_made_family_and_split_equal_named_ones(env_id):
    name = compworld.ENV_IDS[env_id]
    family = make_family(name, 2)
    split = make_split(family.space, "connected", 2)
    named = gym.make(env_id, world=2, support="connected", split="held_out")
    made = gym.make(env_id, family=family, support=split, split="held_out")
    same_rollouts([named.reset(seed=1)], [made.reset(seed=1)])
    same_rollouts(rollout(named, 60), rollout(made, 60))
    half_made = gym.make(env_id, family=family, support="connected", split="held_out")
    assert half_made.unwrapped.task_split.sha256 == split.sha256
    same_rollouts([named.reset(seed=1)], [half_made.reset(seed=1)])
    vectors = [
        gym.make_vec(env_id, num_envs=3, world=2, support="connected"),
        gym.make_vec(env_id, num_envs=3, family=family, support=split),
        gym.make_vec(env_id, num_envs=3, world=2, support=split),
    ]
    first, *others = [env.reset(seed=4)[0] for env in vectors]
    for other in others:
        np.testing.assert_array_equal(first, other)


def test_the_given_objects_are_used(grid):
    split = make_split(grid.space, "k_hot")
    for form in FORMS:
        env = form(family=grid, support=split, split="all")
        assert env.family is grid
        assert env.task_split is split


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"world": 0}, "'world' is given beside a made family, which has its own; allowed: only one of them"),
        ({"horizon": 9}, "'horizon' is given beside a made family, which has its own; allowed: only one of them"),
        ({"support": None}, "unknown support None; allowed: 'random', "),
        (
            {"support": make_split(ModuleSpace.subsets(6, 3))},
            r"split is of 41 combinations of 6 modules; allowed: of the same 21 combinations of 6 modules as the family's",
        ),
        (
            {"support": make_split(ModuleSpace.subsets(6, 2)), "support_options": {"held_out_fraction": 0.5}},
            "'support_options' are given beside a made split, which has its own; allowed: only one of them",
        ),
        ({"family": None}, "family None has no environment; allowed: 'preferences', "),
        ({"family": make_family("teacher")}, "family 'teacher' has no environment; allowed: 'preferences', "),
    ],
)
def test_impossible_arguments(form, arguments, message):
    with pytest.raises(ValueError, match=message):
        form(**{"family": make_family("preferences-small"), **arguments})
