"""A family of one's own, registered: it gets ids, environments, splits and few-shot tasks like any other."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import SyncVectorEnv

import compworld
from compworld.families import Goals, family_names, make_family, unregister_family
from compworld.manifests.frozen import FAMILY_NAMES, manifest_names
from examples.own_family import Reach
from tests.compworld.rollouts import same

IDS = {"CompWorld-Reach-v0": "reach", "CompWorld-Reach-Small-v0": "reach-small"}


@pytest.fixture(autouse=True)
def _registered():
    compworld.register_family(Reach)
    yield
    unregister_family(Reach)


@pytest.fixture(params=IDS)
def reach_id(request):
    return request.param


def test_it_is_known_by_name(reach_id):
    name = IDS[reach_id]
    assert compworld.ENV_IDS[reach_id] == name
    assert compworld.FAMILIES["reach"] is Reach
    family = make_family(name)
    assert (family.label, family.env_id) == (name, reach_id)
    assert family.horizon == gym.make(reach_id).spec.max_episode_steps == Reach.sizes_of(family.variant)["horizon"]


def test_it_is_gone_after_it_was_unregistered():
    unregister_family(Reach)
    try:
        assert "reach" not in compworld.FAMILIES
        assert not set(IDS) & (set(compworld.ENV_IDS) | set(gym.registry))
        with pytest.raises(ValueError, match="unknown family 'reach'; allowed: 'preferences', "):
            make_family("reach")
        with pytest.raises(ValueError, match="family 'reach' is not registered; allowed: 'preferences', 'goals', 'teacher'"):
            unregister_family(Reach)
    finally:
        compworld.register_family(Reach)


@pytest.mark.parametrize("family", [Goals, Reach])
def test_a_name_is_registered_once(family):
    before = family_names()
    with pytest.raises(ValueError, match=rf"family '{family.name}' is registered already; allowed: other names than 'pref"):
        compworld.register_family(family)
    assert family_names() == before


class WithoutHorizon(Reach):
    name, title = "walk", "Walk"

    def __init__(self, world=0, side=4):
        super().__init__(world, side)


class SameTitle(Reach):
    name = "walk"


@pytest.mark.parametrize(
    ("family", "message"),
    [
        (WithoutHorizon, "family 'walk' has no size 'horizon'; allowed: grid worlds whose constructor takes it"),
        (SameTitle, "family 'walk' is registered already; allowed: other names than .*'CompWorld-Reach-v0'"),
    ],
)
def test_impossible_families(family, message):
    before = family_names()
    with pytest.raises(ValueError, match=message):
        compworld.register_family(family)
    assert family_names() == before
    assert "walk" not in compworld.FAMILIES


def test_released_manifests_are_not_touched():
    assert {family for family, _ in manifest_names()} == set(FAMILY_NAMES)


def test_the_checker_gives_no_warning(reach_id, observation):
    check_env(gym.make(reach_id, observation=observation, render_mode="rgb_array").unwrapped)


def test_the_vector_environment_equals_gymnasiums(reach_id):
    native = gym.make_vec(reach_id, num_envs=4)
    sync = SyncVectorEnv([lambda: gym.make(reach_id)] * 4)
    rng, endings = np.random.default_rng(0), 0
    same(native.reset(seed=3)[0], sync.reset(seed=3)[0])
    for _ in range(60):
        actions = rng.integers(4, size=4)
        left, right = native.step(actions), sync.step(actions)
        for one, other in zip(left[:4], right[:4], strict=True):
            same(one, other)
        np.testing.assert_array_equal(left[4]["success"], right[4]["success"])
        endings += int((left[2] | left[3]).sum())
    assert endings > 10


def test_its_expert_reaches_the_optimum_and_chance_is_chance(reach_id):
    env = gym.make_vec(reach_id, num_envs=2000, autoreset_mode="Disabled", split="all")
    for player in (env.expert_action, lambda: env.np_random.integers(4, size=2000)):
        env.reset(seed=1)
        best, chance, total, over = env.optimal_return(), env.random_return(), np.zeros(2000), False
        while not np.all(over):
            _, rewards, terminated, truncated, _ = env.step(player())
            total, over = total + rewards, terminated | truncated
        if player == env.expert_action:
            np.testing.assert_array_equal(total, best)
        else:
            assert abs(total.mean() - chance.mean()) < 4 * np.sqrt(0.25 / 2000)
    assert (best == 1).all()


@pytest.mark.parametrize("support_name", ["random", "connected", "disconnected", "compositional", "non_compositional"])
def test_splits_and_few_shot_tasks(reach_id, support_name):
    family = make_family(IDS[reach_id])
    split = compworld.make_split(family.space, support_name)
    batch = next(compworld.few_shot_tasks(family, split, "held_out", tasks=20))
    assert set(family.combination_of(batch.weights_TM).tolist()) <= set(split.pool("held_out").tolist())
    for samples in (batch.support, batch.query):
        np.testing.assert_array_equal(samples.rewards_TN.sum(axis=1), family.shots)
        assert int(samples.episode_TN.max()) + 1 == family.shots
