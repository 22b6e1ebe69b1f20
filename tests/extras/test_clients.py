"""TorchRL, Minari and Stable-Baselines3 around our environments, as docs/clients.md says."""

import warnings
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

import compworld
from compworld.envs.wrappers import NumericInfo

pytestmark = [pytest.mark.extras, pytest.mark.filterwarnings("default")]
ENV_IDS = ("CompWorld-Goals-Small-v0", "CompWorld-Preferences-Small-v0")
KINDS: dict[str, dict[str, Any]] = {
    "symbolic": {},
    "indices": {"observation": "indices"},
    "told": {"told": True},
    "trials": {"episodes_per_trial": 2, "observation": "relative"},
}


def played(env: Any, steps: int = 60) -> Any:
    """Random play by TorchRL, beyond the end of episodes, after its own check."""
    from torchrl.envs import check_env_specs

    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env_specs(env, seed=0)
        return env.rollout(steps, break_when_any_done=False)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("env_id", ENV_IDS)
def test_torchrl_takes_one_environment(env_id: str, kind: dict[str, Any]) -> None:
    from torchrl.envs import GymEnv, GymWrapper

    for env in (GymEnv(env_id, **kind), GymWrapper(gym.make(env_id, **kind))):
        assert played(env).batch_size == (60,)
        assert played(env)["next", "done"].any()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("env_id", ENV_IDS)
def test_torchrl_takes_the_native_vector_environment(env_id: str, kind: dict[str, Any]) -> None:
    from torchrl.envs import GymWrapper

    found = played(GymWrapper(gym.make_vec(env_id, num_envs=3, autoreset_mode="Disabled", **kind)))
    assert found.batch_size == (3, 60)
    assert found["next", "done"].any()


@pytest.mark.parametrize("kind", ["symbolic", "indices"])
@pytest.mark.parametrize("env_id", ENV_IDS)
def test_torchrl_takes_same_step_where_infos_are_numbers_and_observations_arrays(env_id: str, kind: str) -> None:
    """What it takes for the last observation is what the environment gives."""
    from torchrl.envs import GymWrapper

    def make() -> Any:
        return gym.make_vec(env_id, num_envs=3, autoreset_mode="SameStep", **KINDS[kind])

    env = GymWrapper(NumericInfo(make()))
    env.set_seed(0)
    found = played(env)
    assert found["next", "done"].any()
    with pytest.raises((RuntimeError, TypeError, AttributeError)):  # its reader takes no nested infos
        played(GymWrapper(make()))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_torchrl_makes_workers_of_ours(kind: dict[str, Any]) -> None:
    from torchrl.envs import GymEnv

    env = GymEnv(f"compworld:{ENV_IDS[0]}", num_workers=2, **kind)  # workers must import what registers the id
    assert played(env, 10).batch_size == (2, 10)
    env.close()


def expert_episodes(env: Any, episodes: int) -> int:
    steps = 0
    for seed in range(episodes):
        env.reset(seed=seed)
        over = False
        while not over:
            _, _, terminated, truncated, _ = env.step(env.unwrapped.expert_action())
            over, steps = terminated or truncated, steps + 1
    return steps


WITH_TEXT: dict[str, dict[str, Any]] = {**KINDS, "minigrid": {"observation": "minigrid", "world": 2}}


@pytest.mark.parametrize("infos", [False, True])
@pytest.mark.parametrize("kind", WITH_TEXT.values(), ids=WITH_TEXT)
@pytest.mark.parametrize("env_id", ENV_IDS)
def test_minari_records_one_environment_and_makes_it_again(
    env_id: str, kind: dict[str, Any], infos: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from minari import DataCollector

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    env = DataCollector(gym.make(env_id, **kind), record_infos=infos)
    if infos and "episodes_per_trial" in kind:  # what an episode of a trial came to is told at its end only
        with pytest.raises(ValueError, match="inner_episode"):
            expert_episodes(env, 3)
        return
    steps = expert_episodes(env, 3)
    dataset = env.create_dataset("compworld/one-v0", **ABOUT)
    env.close()
    assert (dataset.total_episodes, dataset.total_steps) == (3, steps)
    again = dataset.recover_environment()
    assert again.spec.kwargs == env.spec.kwargs
    (first,) = dataset.iterate_episodes([0])
    assert_played_again(again, 0, first)


ABOUT = {
    "algorithm_name": "expert",
    "author": "x",
    "author_email": "x@x",
    "code_permalink": "https://example.org",
    "description": "x",
}


def assert_played_again(env: Any, seed: int, episode: Any) -> None:
    """Rewards, and observations of the first and last step, are those that were recorded."""
    seen, _ = env.reset(seed=seed)
    for step, action in enumerate(episode.actions):
        assert_recorded(seen, episode.observations, step)
        seen, reward, *_ = env.step(action)
        assert reward == pytest.approx(episode.rewards[step], rel=1e-6)
    assert_recorded(seen, episode.observations, len(episode.actions))


def assert_recorded(seen: Any, recorded: Any, step: int) -> None:
    if isinstance(seen, dict):
        for name, value in seen.items():
            assert_recorded(value, recorded[name], step)
    else:
        np.testing.assert_array_equal(seen, recorded[step])


def test_minari_takes_what_a_vector_environment_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its collector wraps single environments; episodes of many are handed to it as buffers."""
    import minari
    from minari.data_collector import EpisodeBuffer

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    envs = gym.make_vec(ENV_IDS[0], num_envs=4, autoreset_mode="Disabled", observation="indices")
    with pytest.raises((AssertionError, TypeError)):  # which of them, Gymnasium's version decides
        minari.DataCollector(envs)
    seen, _ = envs.reset(seed=0)
    buffers = [EpisodeBuffer(id=number, seed=number, observations=[seen[number]], actions=[]) for number in range(4)]
    over = np.zeros(4, dtype=bool)
    while not over.all():
        actions = envs.unwrapped.expert_action()
        seen, rewards, terminated, truncated, _ = envs.step(actions)
        for number in np.flatnonzero(~over):
            buffer = buffers[number]
            buffer.observations.append(seen[number])
            buffer.actions.append(actions[number])
            buffer.rewards.append(rewards[number])
            buffer.terminations.append(terminated[number])
            buffer.truncations.append(truncated[number])
        over |= terminated | truncated
    single = gym.make(ENV_IDS[0], observation="indices")
    dataset = minari.create_dataset_from_buffers("compworld/many-v0", buffers, env=single, **ABOUT)
    assert dataset.total_episodes == 4
    for number, episode in enumerate(dataset.iterate_episodes()):
        assert_played_again(dataset.recover_environment(), number, episode)


@pytest.mark.parametrize("observation", ["indices", "relative", "relative_indices"])
@pytest.mark.parametrize("env_id", ENV_IDS)
def test_the_checker_of_stable_baselines_has_no_remark(env_id: str, observation: str) -> None:
    from stable_baselines3.common.env_checker import check_env

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make(env_id, observation=observation).unwrapped)


def test_recurrent_ppo_learns_from_trials_and_is_scored() -> None:
    from sb3_contrib import RecurrentPPO
    from stable_baselines3.common.env_util import make_vec_env

    envs = make_vec_env(ENV_IDS[0], n_envs=4, seed=0, env_kwargs={"episodes_per_trial": 3, "observation": "relative"})
    model = RecurrentPPO("MultiInputLstmPolicy", envs, n_steps=128, n_epochs=1, device="cpu", seed=0)
    before = {name: value.clone() for name, value in model.policy.state_dict().items()}
    model.learn(512)
    assert all((value != before[name]).any() for name, value in model.policy.state_dict().items())
    assert len(model.ep_success_buffer) > 0
    found = compworld.evaluate(model, ENV_IDS[0], observation="relative", episodes=3, tasks=4)
    assert len(found.finished) == 4
