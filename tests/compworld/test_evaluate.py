"""``compworld.evaluate``: what agents are asked, what they may answer, and how they are scored."""

import json
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
import torch

import compworld
from compworld.evaluation.interval import quantile_of_t
from compworld.evaluation.result import linearised, ratio

GOALS, PREFERENCES = "CompWorld-Goals-Small-v0", "CompWorld-Preferences-Small-v0"


class Counting:
    """Walks about; notes what it was asked, and counts in its state."""

    def __init__(self, actions=5):
        self.actions, self.answers, self.asked, self.deterministic = actions, {}, [], set()

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        batch = len(episode_start)
        state = np.zeros((1, batch), dtype=np.int64) if state is None else state + 1
        self.asked.append((observation, state, episode_start))
        self.deterministic.add(deterministic)
        answer = self.answers.get(len(self.asked) - 1)
        if answer is not None:
            return answer(batch, state)
        return 1 + (np.arange(batch) + state[0]) % (self.actions - 1), state


def test_what_an_agent_is_asked(env_id):
    agent = Counting()
    result = compworld.evaluate(agent, env_id, tasks=70, episodes=2, horizon=20)
    env = gym.make_vec(env_id, num_envs=64, episodes_per_trial=2, horizon=20)
    for observation, state, starts in agent.asked:
        assert starts.dtype == np.bool_
        assert starts.all() == (state[0, 0] == 0)
        assert starts.any() == (state[0, 0] == 0)
        if len(starts) == 64:
            assert env.observation_space.contains(observation)
    assert agent.deterministic == {True}
    assert result.finished.all()
    assert result.normalised_return.shape == result.success.shape == result.speed.shape == (70, 2)


def test_tasks_do_not_depend_on_how_many_there_are():
    few, many = (compworld.evaluate(lambda seen: 2, PREFERENCES, tasks=tasks).played for tasks in (5, 70))
    for name in ("returns", "random", "optimal", "lengths"):
        np.testing.assert_array_equal(getattr(few, name), getattr(many, name)[:5])
    other = compworld.evaluate(lambda seen: 2, PREFERENCES, tasks=5, seed=1).played
    assert (other.optimal != few.optimal).any()


def test_the_scale_is_that_of_an_environment_with_the_same_start():
    """An agent that sees everything plays as the expert of an environment does."""
    env = gym.make(PREFERENCES, horizon=8).unwrapped

    class Best:
        def predict(self, observation, state, episode_start):
            actions = []
            for rows, code in zip(observation["observation"], observation["code"], strict=True):
                # Read the state from the observation: objects, agent; the task from its code.
                cells = rows.reshape(-1, rows.shape[-1])
                things = np.argwhere(cells[:, : env.family.features])
                gone = env.family.objects - len(things)
                if gone:
                    spare = [c for c in range(len(cells)) if not cells[c].any()][:gone]
                    things = np.concatenate([things, [[c, 0] for c in spare]])
                state_ = {
                    "task": {"weights": code.astype(float).tolist()},
                    "maze": 0,
                    "agent": list(divmod(int(np.argmax(cells[:, -2])), 7)),
                    "facing": 0,
                    "objects": [
                        {"cell": list(divmod(int(c), 7)), "feature": int(f), "collected": n >= env.family.objects - gone}
                        for n, (c, f) in enumerate(things)
                    ],
                    "elapsed": self.step,
                }
                env.set_state(state_)
                actions.append(env.expert_action())
            self.step += 1
            return np.asarray(actions), state

        step = 0

    result = compworld.evaluate(Best(), PREFERENCES, track="told", tasks=12)
    np.testing.assert_allclose(result.played.returns, result.played.optimal, atol=1e-5)
    assert result.summary()["normalised_return"][0, 0] == pytest.approx(1, abs=1e-4)


def test_random_play_scores_zero():
    rng = np.random.default_rng(0)
    result = compworld.evaluate(lambda seen: int(rng.integers(5)), PREFERENCES, tasks=300, episodes=2)
    for mean, low, high in result.summary()["normalised_return"]:
        assert low < mean < high
        assert abs(mean) < high - low < 0.3


@pytest.mark.parametrize("kind", ["symbolic", "minigrid", "text"])
def test_demonstrations_are_shown_first(kind):
    class Shown:
        def show(self, demonstrations):
            self.seen = demonstrations
            return np.full(len(demonstrations.actions), 7)

        def predict(self, seen, state, episode_start):
            assert (state == 7).all()
            return np.zeros(len(state), dtype=np.int64), state

    agent = Shown()
    assert compworld.evaluate(agent, PREFERENCES, "shown", tasks=9, shots=2, observation=kind).finished.all()
    shown = agent.seen
    assert shown.actions.shape == shown.valid.shape == shown.rewards.shape == (9, 2, 8)
    assert shown.action_values.shape == (9, 2, 8, 5)
    if kind == "symbolic":
        assert shown.observations.shape == (9, 2, 8, 7, 7, 8)
    elif kind == "text":
        assert shown.observations[0, 0, 0].startswith("Maze 0")
        assert "Task:" not in shown.observations[0, 0, 0]
    else:
        assert set(shown.observations["mission"].reshape(-1)) == {"find out by acting"}


def raising(batch, state):
    raise KeyError("no such\nthing")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (raising, r"trials 0 to 9, step 3: the agent raised KeyError: 'no such\\nthing'"),
        (
            lambda batch, state: (np.zeros(batch - 1, int), state),
            r"trials 0 to 9, step 3: actions have shape \(9,\); allowed: \(10,\)",
        ),
        (lambda batch, state: (np.full(batch, 6), state), r"trial 0, step 3: action is 6; allowed: integers from 0 to 5"),
        (lambda batch, state: (np.full(batch, np.nan), state), r"trial 0, step 3: action is nan; allowed"),
        (lambda batch, state: (np.zeros(batch, int), state[0, :3]), r"step 3: state has an array of shape \(3,\); allowed"),
        (
            lambda batch, state: ([[0], [1, 2]], state),
            r"step 3: actions: \[\[0\], \[1, 2\]\] is no array",
        ),
        (lambda batch, state: (torch.zeros(batch, device="meta"), state), r"step 3: actions: tensor.* is no array .*; allowed"),
        (
            lambda batch, state: (torch.zeros(batch, requires_grad=True), state),
            r"step 3: actions: tensor.* is no array .*; allowed",
        ),
        (lambda batch, state: np.zeros(batch, int), r"step 3: predict returned array.*; allowed: a pair of actions and state"),
    ],
)
def test_failures_name_trial_and_step(answer, problem):
    with pytest.raises(ValueError, match=problem) as caught:
        compworld.evaluate(_failing(answer), GOALS, tasks=10)
    assert "\n" not in str(caught.value)
    assert not caught.value.result.finished.any()
    assert np.isnan(caught.value.result.normalised_return).all()
    json.dumps(caught.value.result.record(), allow_nan=False)


def _failing(answer):
    agent = Counting(6)
    agent.answers[3] = answer
    return agent


def test_finished_tasks_are_kept():
    agent = Counting(5)
    compworld.evaluate(agent, PREFERENCES, tasks=64)
    calls = len(agent.asked)
    failing = Counting(5)
    failing.answers[calls + 2] = raising
    with pytest.raises(compworld.AgentError, match="trials 64 to 99, step 2: the agent raised") as caught:
        compworld.evaluate(failing, PREFERENCES, tasks=100)
    result = caught.value.result
    assert result.finished.tolist() == [True] * 64 + [False] * 36
    assert "64 tasks, 36 unfinished" in str(result).replace("\n", " ")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"track": "seen"}, "unknown track 'seen'; allowed: 'rewarded'"),
        ({"tasks": 0}, "tasks is 0; allowed: integers from 1"),
        ({"episodes": 0}, "episodes is 0; allowed: integers from 1"),
        ({"split": "test"}, "unknown split 'test'; allowed"),
        ({"observation": "smell"}, "unknown observation 'smell'; allowed"),
        ({"horizon": 3}, "size 'horizon' is 3; allowed: at least"),
    ],
)
def test_bad_settings_are_refused(given, problem):
    with pytest.raises(ValueError, match=problem):
        compworld.evaluate(lambda seen: 0, GOALS, **given)
    with pytest.raises(ValueError, match="unknown env_id 'CartPole'; allowed"):
        compworld.evaluate(lambda seen: 0, "CartPole")
    with pytest.raises(ValueError, match="agent is 3; allowed: something with predict"):
        compworld.evaluate(3, GOALS)


def test_table_plot_and_record(tmp_path):
    import matplotlib

    backend = matplotlib.rcParams._get_backend_or_none() if hasattr(matplotlib.rcParams, "_get_backend_or_none") else None
    result = compworld.evaluate(Counting(5), PREFERENCES, tasks=20, name="walker")
    assert "walker on CompWorld-Preferences-Small-v0" in str(result)
    result.plot(tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 1000
    result.save(tmp_path / "record.json")
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["settings"]["episodes"] == 4
    assert len(record["settings"]["split_sha256"]) == 64
    assert np.asarray(record["episodes"]["returns"]).shape == (20, 4)
    np.testing.assert_allclose(record["summary"]["success"], result.summary()["success"])
    again = type(result).of_record(record)
    assert str(again) == str(result)
    assert again.record() == {name: value for name, value in record.items() if name != "sha256"}
    with pytest.raises(ValueError, match=r"record is not one of compworld\.evaluate \(KeyError: 'episodes'\)"):
        type(result).of_record({name: value for name, value in record.items() if name != "episodes"})
    with pytest.raises(ValueError, match="record has format 9; allowed: 1, 2"):
        type(result).of_record({**record, "format": 9})
    assert str(type(result).of_record({**record, "format": 1})) == str(result)
    if hasattr(matplotlib.rcParams, "_get_backend_or_none"):
        assert matplotlib.rcParams._get_backend_or_none() == backend


def test_the_interval_is_over_tasks():
    """Student's t on the linearised ratio, with two tasks added at either end of the scale."""
    from scipy import stats

    top, bottom = np.asarray([0.0, 1, 2, 0, 3]), np.asarray([1.0, 2, 2, 1, 4])
    more = np.concatenate([linearised(top, bottom), [0, 0], [1, 1]])
    low, high = stats.t.interval(0.95, 8, more.mean(), stats.sem(more))
    np.testing.assert_allclose(ratio(top, bottom), [0.6, low, high])
    assert np.isnan(ratio(top, np.zeros(5))).all()


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99375, 1 - 1e-6])
def test_quantiles_of_t_are_scipys(confidence):
    from scipy import stats

    for degrees in (1, 2, 3, 4, 7, 9, 30, 195, 1000):
        assert quantile_of_t(confidence, degrees) == pytest.approx(stats.t.ppf((1 + confidence) / 2, degrees), rel=1e-6)


def test_the_table_says_what_its_intervals_are_over():
    always = compworld.evaluate(lambda seen: 0, PREFERENCES, tasks=5, episodes=1)
    shown = " ".join(str(always).split())
    assert "5 tasks; mean and 95 % interval over tasks of this one world: others may differ" in shown
    mean, low, high = always.summary()["success"][0]
    assert f"{mean:.2f} [{low:.2f}, {high:.2f}]" in shown
    assert low < mean < high


def test_it_needs_no_torch():
    code = f"import compworld, sys; print(compworld.evaluate(lambda seen: 0, {PREFERENCES!r}, tasks=3))"
    code += "; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True)


def test_an_agents_name_and_split_are_checked_before_it_plays():
    played = []
    for options, problem in (
        ({"name": 5}, "name is 5; allowed: words that can be printed"),
        ({"name": "x\x1b[31m"}, "name is .*; allowed: words that can be printed"),
        ({"split": None}, "unknown split None; allowed: 'train', 'held_out', 'all'"),
        ({"n_tasks": 4}, "evaluate got an unexpected keyword argument 'n_tasks'; allowed: .*'tasks', .*'horizon'"),
    ):
        with pytest.raises(ValueError, match=problem):
            compworld.evaluate(lambda seen: played.append(seen) or 0, GOALS, **options)
    assert not played
