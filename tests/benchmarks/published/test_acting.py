"""How published agents act: by the task that is there, whatever they remember; and what they refuse to act on."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

import compworld
from compworld.benchmarks.runs.run import run
from tests.benchmarks.conftest import tiny


def loaded(method: str, root: Path) -> Any:
    run(tiny(method), root)
    return compworld.load_agent(str(root / tiny(method).run_id))


@pytest.mark.parametrize("mode", ["SameStep", "NextStep"])
def test_a_told_task_is_heeded_whenever_it_changes(mode: str, tmp_path: Path) -> None:
    """Environments go on to other tasks by themselves; what is remembered of the last ones must not act in them."""
    agent = loaded("told_hypernetwork", tmp_path)
    envs = gym.make_vec(agent.env_id, num_envs=8, autoreset_mode=mode, **agent.options)
    observation, _ = envs.reset(seed=0)
    state, start, ended = None, np.ones(8, dtype=bool), 0
    for _ in range(90):
        action, state = agent.predict(observation, state, start, deterministic=True)
        np.testing.assert_array_equal(action, agent.predict(observation)[0])
        observation, _, terminated, truncated, _ = envs.step(action)
        start = terminated | truncated
        ended += start.sum()
    assert ended > 8


@pytest.mark.parametrize("method", ["gru", "told_policy", "memoryless"])
def test_a_trial_that_is_new_remembers_nothing(method: str, tmp_path: Path) -> None:
    agent = loaded(method, tmp_path)
    envs = gym.make_vec(agent.env_id, num_envs=4, **agent.options)
    observation, _ = envs.reset(seed=0)
    state = None
    for _ in range(5):
        action, state = agent.predict(observation, state)
        observation = envs.step(action)[0]
    new = np.asarray([True, False, True, False])
    for starts, same in ((new, new), (np.ones(4, dtype=bool), np.ones(4, dtype=bool)), (~new, ~new)):
        _, after = agent.predict(observation, state, starts)
        for other, rows in ((agent.predict(observation)[1], same), (agent.predict(observation, state)[1], ~same)):
            np.testing.assert_array_equal(after["left"][rows], other["left"][rows])
            for name, value in after["memory"].items():
                torch.testing.assert_close(value[rows], other["memory"][name][rows], rtol=0, atol=0)


def test_a_memory_of_trials_that_begin_together_says_so(tmp_path: Path) -> None:
    agent = loaded("transformer", tmp_path)
    envs = gym.make_vec(agent.env_id, num_envs=3, **agent.options)
    observation, _ = envs.reset(seed=0)
    _, state = agent.predict(observation)
    agent.predict(observation, state, np.ones(3, dtype=bool))
    with pytest.raises(ValueError, match="episode_start is True for 1 of 3 trials; allowed: all or none"):
        agent.predict(observation, state, np.asarray([True, False, False]))


def test_what_is_no_observation_or_state_of_an_agent_is_refused(finished_runs: Path, tmp_path: Path) -> None:
    agent, other = (compworld.load_agent(str(finished_runs / tiny(name).run_id)) for name in ("linear_hypernetwork", "anil"))
    env = agent.environment(observation="indices")
    observation, info = env.reset(seed=0)
    shown = agent.show(env.unwrapped.demonstrations())
    told, gru = loaded("told_hypernetwork", tmp_path), loaded("gru", tmp_path)
    trial, _ = gru.environment().reset(seed=0)
    two = {key: np.asarray([value] * 2) for key, value in trial.items()}
    code = told.environment(observation="indices").reset(seed=0)[0]
    for call, problem in (
        (lambda: agent.show(None), "demonstrations are None; allowed: what demonstrations"),
        (lambda: agent.show(info), r"demonstrations are \{.*; allowed: what demonstrations"),
        (lambda: agent.predict(observation - 10**6, shown), "observation has the row -.*; allowed: rows that can be active"),
        (lambda: agent.predict(observation + 0.5, shown), "observation has numbers of type float64; allowed: whole ones"),
        (lambda: agent.predict(observation, "junk"), "state is 'junk'; allowed: what this agent returned"),
        (lambda: agent.predict(observation, other.show(env.unwrapped.demonstrations())), "allowed: what this agent returned"),
        (lambda: told.predict(observation), "allowed: one with 'observation' and 'code'"),
        (lambda: told.predict({**code, "code": code["code"][:5]}), r"code has shape \(1, 5\); allowed: "),
        (lambda: gru.predict(observation), "allowed: one with 'episode', 'episode_start'.*, as agent.environment"),
        (lambda: gru.predict({**trial, "observation": env.unwrapped.engine}), "has shape .* in a batch behind its axis"),
        (lambda: gru.predict({**trial, "observation": trial["observation"] - 10**6}), "observation has rows that are none"),
        (lambda: gru.predict(trial, None, [True, False]), r"episode_start has shape \(2,\); allowed: \(1,\)"),
        (lambda: gru.predict(two, gru.predict(trial)[1]), "of 2 trials; allowed: 1, as many as the state has"),
    ):
        with pytest.raises(ValueError, match=problem) as caught:
            call()
        assert "\n" not in str(caught.value)
