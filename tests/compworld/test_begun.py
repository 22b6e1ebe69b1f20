"""What environments answer before their first reset, and from which generator they draw."""

import gymnasium as gym
import numpy as np
import pytest

import compworld

ASKED = ("get_state", "expert_action", "action_values", "optimal_return", "random_return", "demonstrations")


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("options", [{}, {"episodes_per_trial": 2}])
def test_nothing_is_told_about_an_episode_before_there_is_one(env_id, name, options):
    """Else it would be about another than the one that is played: demonstrations of it teach the wrong task."""
    for env in (gym.make(env_id, **options).unwrapped, gym.make_vec(env_id, num_envs=2, **options)):
        with pytest.raises(RuntimeError, match=rf"{name}\(\) was called before the first reset\(\); allowed: after it"):
            getattr(env, name)()
        env.reset(seed=0)
        assert getattr(env, name)() is not None


@pytest.mark.parametrize("make", [lambda env_id: gym.make(env_id).unwrapped, lambda env_id: gym.make_vec(env_id, num_envs=3)])
def test_a_generator_that_is_set_is_the_one_that_is_drawn_from(env_id, make):
    def starts(env, seed):
        env.np_random = np.random.default_rng(seed)
        return [str(env.reset()[0].tolist()) for _ in range(4)]

    env, other = make(env_id), make(env_id)
    other.reset(seed=5)
    first = starts(env, 1)
    assert starts(other, 1) == first == starts(env, 1)
    assert starts(env, 2) != first
    again = make(env_id)
    again.reset(seed=3)
    env.reset(seed=3)
    np.testing.assert_array_equal(env.reset()[0], again.reset()[0])


def test_worlds_have_the_same_spaces(env_id):
    for options in ({}, {"told": True}, {"episodes_per_trial": 3}):
        spaces = [gym.make(env_id, world=world, **options).observation_space for world in range(4)]
        assert all(space == spaces[0] for space in spaces)


@pytest.mark.parametrize("name", ["preferences", "preferences-small"])
def test_no_preference_is_beyond_the_bound_of_rewards(name):
    for world in range(50):
        family = compworld.make_family(name, world)
        most = np.abs(family.preferences).sum(axis=0).max() * 1000
        assert most <= family.reward_bound
