"""Published agents: what is loaded is what was trained, acts in any environment of its world, and in no other."""

import json
import shutil
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

import compworld
from compworld.agents import MetaBatch
from compworld.benchmarks import cli
from compworld.benchmarks.published.index import FOLDER, Entry, published, write_index
from compworld.benchmarks.published.publish import best_run, publish
from compworld.benchmarks.runs.run import run, trained_run
from compworld.benchmarks.worlds.problems import examples_of
from compworld.files import sealed
from tests.benchmarks.conftest import tiny

GOALS = "CompWorld-Goals-Small-v0"


@pytest.fixture(scope="module")
def folder(finished_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published agents of the tiny runs."""
    out = tmp_path_factory.mktemp("published")
    for method in ("linear_hypernetwork", "anil"):
        publish(finished_runs, tiny(method).run_id, out)
    return out


@pytest.fixture(scope="module")
def agent(folder: Path) -> Any:
    return compworld.load_agent("goals-small/linear_hypernetwork", folder)


def test_it_acts_as_the_trained_learner_does(agent: Any, finished_runs: Path) -> None:
    """The learner's own adaptation to the same demonstrations, made and packed as few-shot tasks are."""
    trained = trained_run(finished_runs, tiny("linear_hypernetwork").run_id)
    family, env = trained.world.family, gym.make(GOALS, split="held_out")
    for seed in range(3):
        observation, info = env.reset(seed=seed)
        engine = env.unwrapped.engine  # type: ignore[attr-defined]
        weights = family.weights_of(info["task"])[None]
        (samples,) = family.samples(engine.demonstration_streams(2), weights, (2,))
        support = examples_of(samples, trained.config.imitation)
        adapted = trained.learner.adapt(MetaBatch(support, support, torch.zeros(1)).shown_to(trained.learner))
        state = agent.show(env.unwrapped.demonstrations(shots=2))  # type: ignore[attr-defined]
        over = False
        while not over:
            action, state = agent.predict(observation, state)
            rows = torch.as_tensor(engine.family.active_rows(engine.state))
            assert action == adapted.act(rows[None]).item()
            observation, _, terminated, truncated, _ = env.step(action)
            over = terminated or truncated


def test_one_environment_many_and_evaluate_agree(agent: Any) -> None:
    envs = gym.make_vec(GOALS, num_envs=3, split="held_out", autoreset_mode="Disabled")
    observations, _ = envs.reset(seed=0)
    together = agent.show(envs.demonstrations())  # type: ignore[attr-defined]
    actions, _ = agent.predict(observations, together)
    for number in range(3):
        env = agent.environment(split="held_out", observation="indices")
        observation, _ = env.reset(seed=number)
        action, _ = agent.predict(observation, agent.show(env.unwrapped.demonstrations()))
        assert isinstance(action, int)
        assert action == actions[number]
    by_kind = [compworld.evaluate(agent, GOALS, "shown", tasks=8, observation=kind) for kind in ("symbolic", "indices")]
    np.testing.assert_array_equal(by_kind[0].played.returns, by_kind[1].played.returns)
    assert by_kind[0].finished.all()


def test_what_it_cannot_know_is_refused(agent: Any) -> None:
    env = gym.make(GOALS, world=1)
    observation, _ = env.reset(seed=0)
    with pytest.raises(ValueError, match="demonstrations are of world 1; allowed: 0, where the agent was trained"):
        agent.show(env.unwrapped.demonstrations())  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"demonstrations are of split_sha256 '.*'; allowed: '.*', where the agent"):
        agent.show(shown_by(gym.make(GOALS, support="connected")))
    with pytest.raises(ValueError, match="demonstrations are of family 'goals'; allowed: 'goals-small'"):
        agent.show(shown_by(gym.make("CompWorld-Goals-v0")))
    known = agent.show(shown_by(gym.make(GOALS, horizon=30)))
    with pytest.raises(ValueError, match=r"observation 0 shows other walls or things than there are in 'goals-small', world 0"):
        agent.predict(observation, known)
    with pytest.raises(ValueError, match=r"observation has shape \(7, 7\); allowed: after 0 axes"):
        agent.rows(observation[..., 0], 0)
    with pytest.raises(ValueError, match="observation is of 2 environments; allowed: 1, as many as tasks are known"):
        agent.predict(np.stack([gym.make(GOALS).reset(seed=seed)[0] for seed in range(2)]), known)
    with pytest.raises(ValueError, match="state is None; allowed: what show"):
        agent.predict(observation)
    with pytest.raises(compworld.AgentError, match="step 0: the agent raised ValueError: state is None"):
        compworld.evaluate(agent, GOALS, "told", tasks=2)


def shown_by(env: Any) -> Any:
    env.reset(seed=0)
    return env.unwrapped.demonstrations()


@pytest.mark.parametrize("method", ["gru", "told_policy", "told_hypernetwork", "random", "no_adaptation"])
def test_every_kind_of_method_acts_in_its_environment(method: str, tmp_path: Path) -> None:
    """Alone, and as :func:`compworld.evaluate` plays it."""
    config = tiny(method)
    run(config, tmp_path)
    agent = compworld.load_agent(str(tmp_path / config.run_id))
    env = agent.environment(split="held_out")
    observation, _ = env.reset(seed=0)
    state = agent.show(env.unwrapped.demonstrations()) if hasattr(agent, "show") else None
    over, steps = False, 0
    while not over:
        action, state = agent.predict(observation, state)
        observation, _, terminated, truncated, _ = env.step(action)
        over, steps = terminated or truncated, steps + 1
    assert env.spec is not None
    assert 0 < steps <= (env.spec.max_episode_steps or 0)
    track = "told" if agent.options.get("told") else config.track
    seen = getattr(agent, "observation", "indices")
    played = {"episodes": config.trials.episodes, "horizon": env.unwrapped.horizon} if config.trials else {}
    assert compworld.evaluate(agent, agent.env_id, track, tasks=4, observation=seen, **played).finished.all()


def test_the_best_on_trained_combinations_is_published(finished_runs: Path, tmp_path: Path) -> None:
    """Of several seeds in one world that with the highest success on fresh episodes, whatever the held-out ones say."""
    configs = [tiny("no_adaptation", seed=seed, world=0) for seed in range(3)]
    scores = [run(config, tmp_path / "runs")["scores"] for config in configs]
    trained = [float(np.mean(of["fresh_episodes"]["success_rate"])) for of in scores]
    best = best_run(tmp_path / "runs", "goals-small", "no_adaptation", 0, "random")
    assert best == configs[int(np.argmax(trained))].run_id
    with pytest.raises(
        ValueError, match="has no finished run of 'anil' on 'goals-small' in world 0, support 'random'; allowed"
    ):
        best_run(tmp_path / "runs", "goals-small", "anil", 0, "random")


def test_publishing_again_replaces_and_keeps_the_others(finished_runs: Path, tmp_path: Path) -> None:
    out, again = tmp_path / "published", tiny("linear_hypernetwork", seed=1, world=0)
    run(again, tmp_path / "runs")
    arguments = ["publish", "--family", "goals-small", "--method", "linear_hypernetwork", "--out", str(out), "--runs"]
    cli.main([*arguments, str(finished_runs)])
    publish(finished_runs, tiny("anil").run_id, out)
    cli.main(["publish", "--run", again.run_id, "--out", str(out), "--runs", str(tmp_path / "runs")])
    assert {name: entry.run for name, entry in published(out).items()} == {
        "goals-small/anil": tiny("anil").run_id,
        "goals-small/linear_hypernetwork": again.run_id,
    }
    assert sorted(path.name for path in out.iterdir()) == sorted([again.run_id, tiny("anil").run_id, "index.json"])


def test_publishing_removes_only_what_it_put_there(finished_runs: Path, tmp_path: Path) -> None:
    """Not the user's runs, not files beside the published ones, and nothing that an index names outside its own folder."""
    again = tiny("anil", seed=1, world=0)
    run(again, tmp_path / "runs")
    for place in (tmp_path / "runs", tmp_path / "elsewhere" / ".." / "runs"):
        with pytest.raises(ValueError, match="is the folder of the run itself; allowed: another one"):
            publish(tmp_path / "runs", again.run_id, place)
    out = tmp_path / "published"
    publish(finished_runs, tiny("anil").run_id, out)
    notes = out / tiny("anil").run_id / "notes.txt"
    notes.write_text("mine")
    publish(tmp_path / "runs", again.run_id, out)
    assert notes.read_text() == "mine"
    for outside in ("../runs/" + again.run_id, str(tmp_path / "runs" / again.run_id), "..", ".", "", "a/b", "a\\b"):
        write_index({"goals-small/anil": Entry(outside, "0" * 64, "0" * 64)}, out)
        with pytest.raises(ValueError, match=r"index.json has run .* allowed: the name of a folder beside it"):
            publish(tmp_path / "runs", again.run_id, out)
    assert (tmp_path / "runs" / again.run_id / "learner.safetensors").exists()


def test_the_best_run_is_found_beside_others_that_cannot_be_read(finished_runs: Path, tmp_path: Path) -> None:
    run(tiny("no_adaptation"), tmp_path)
    for seed, text in enumerate(("", "{}", '{"version": 4}'), start=5):
        other = tmp_path / f"goals-small_no-adaptation_s{seed}_0123456789"
        other.mkdir()
        (other / "config.json").write_text(text)
    assert best_run(tmp_path, "goals-small", "no_adaptation", tiny().world, "random") == tiny("no_adaptation").run_id


def test_damage_is_one_line(folder: Path, tmp_path: Path) -> None:
    for number, (file, problem) in enumerate(
        [("learner.safetensors", "is damaged"), ("result.json", "is damaged"), ("index.json", "is damaged")]
    ):
        place = tmp_path / str(number)
        shutil.copytree(folder, place)
        (path,) = [path for path in place.rglob(file) if file == "index.json" or "linear" in path.parent.name]
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(ValueError, match=problem) as caught:
            compworld.load_agent("goals-small/linear_hypernetwork", place)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=r"no agent 'goals/maml' in .*; allowed: 'goals-small/anil', 'goals-small/linear_hyp"):
        compworld.load_agent("goals/maml", folder)


def test_a_run_in_the_place_of_another_is_noticed(folder: Path, finished_runs: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    index["agents"]["goals-small/anil"]["learner_sha256"] = "0" * 64
    del index["sha256"]
    (tmp_path / "index.json").write_text(json.dumps(sealed(index)), encoding="utf-8")
    with pytest.raises(ValueError, match="is another run than the index names: its SHA-256 is"):
        compworld.load_agent("goals-small/anil", tmp_path)


def test_what_cannot_be_loaded_is_not_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    untrained, teacher = tiny("random"), tiny("anil", "teacher-small")
    own = tiny("tests.benchmarks.broken_methods:Constant", options={}, outer=tiny().outer)
    for config in (untrained, teacher, own):
        run(config, tmp_path / "runs")
    for config, problem in (
        (untrained, "method 'random' learns nothing"),
        (teacher, "family 'teacher' has no environment"),
        (own, "whose code would be imported and run"),
    ):
        with pytest.raises(ValueError, match=problem):
            publish(tmp_path / "runs", config.run_id, tmp_path / "published")
    with pytest.raises(SystemExit):
        cli.main(["publish", "--family", "goals"])
    assert "nothing says what to publish; allowed: --run, or --family with --method" in capsys.readouterr().err
    assert not (tmp_path / "published").exists()


@pytest.mark.parametrize("name", published())
def test_what_is_shipped_acts_on_held_out_combinations(name: str) -> None:
    agent = compworld.load_agent(name)
    place = FOLDER / published()[name].run
    assert sum(path.stat().st_size for path in place.iterdir()) < 2_500_000
    assert agent.result["run_id"] == place.name
    env = agent.environment(split="held_out")
    observation, info = env.reset(seed=0)
    assert info["split"] == "held_out"
    state = agent.show(env.unwrapped.demonstrations()) if hasattr(agent, "show") else None
    action, _ = agent.predict(observation, state)
    assert env.action_space.contains(action)
