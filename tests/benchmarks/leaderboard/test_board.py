"""The leaderboard's files, the command line, and what they say to wrong input."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import pytest

from benchmarks import cli, leaderboard, recipes
from benchmarks.methods import make_learner, method_class
from benchmarks.problems import problem_of
from benchmarks.recipes import ADAPTIVE, ALL_METHODS, preset
from compworld import make_family
from tests.benchmarks.conftest import tiny

REPOSITORY = Path(__file__).parent.parent.parent


class TinyPreset(recipes.Preset):
    """Every cell cut down to seconds."""

    def config(self, family, method, seed, support=None, **changes):  # type: ignore[no-untyped-def]
        return tiny(method, family, seed=seed, world=seed)


@pytest.fixture
def tiny_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = preset("quick")
    small = TinyPreset(quick.title, ("goals-small",), 2, {"goals-small": ("random",)}, {}, {})
    monkeypatch.setitem(recipes.PRESET_MAKERS, "tiny", lambda: small)


@pytest.mark.usefixtures("tiny_preset")
def test_leaderboard_writes_table_data_plots_and_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    methods = ("linear_hypernetwork", "anil", "random")
    rows = leaderboard.leaderboard("tiny", methods, runs=tmp_path / "runs", out=tmp_path / "out")
    assert [row.method for row in rows] == list(methods)
    folder = tmp_path / "out" / "tiny"
    table = (folder / "leaderboard.md").read_text()
    assert "| linear hypernetwork |" in table
    assert "linear hypernetwork minus ANIL" in table
    assert "2 seeds" in table
    lines = list(csv.DictReader((folder / "leaderboard.csv").read_text().splitlines()))
    assert len(lines) == len(methods) * len(leaderboard.columns_of("goals-small"))
    data = json.loads((folder / "leaderboard.json").read_text())
    assert [len(row["runs"]) for row in data["rows"]] == [2, 2, 2]
    for name in ("held_out_against_fresh.png", "learning_curves.png"):
        assert iio.imread(folder / name).std() > 0
    for suffix in (".mp4", ".gif"):
        assert (folder / f"goals-small_held_out{suffix}").stat().st_size > 1000
    assert "held out" in capsys.readouterr().out


def test_families_without_an_environment_have_a_table_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    teacher = TinyPreset("", ("teacher-small",), 1, {"teacher-small": ("random",)}, {}, {})
    monkeypatch.setitem(recipes.PRESET_MAKERS, "tiny", lambda: teacher)
    leaderboard.leaderboard("tiny", ("anil", "no_adaptation"), runs=tmp_path / "runs", out=tmp_path / "out")
    table = (tmp_path / "out" / "tiny" / "leaderboard.md").read_text()
    assert "| method | action accuracy, fresh | action accuracy, held out | R², fresh | R², held out | " in table
    assert "ANIL minus no adaptation (floor), action accuracy, fresh: " in table
    assert not list((tmp_path / "out" / "tiny").glob("*.mp4"))
    run = tiny("anil", "teacher-small").run_id
    with pytest.raises(SystemExit, match="family 'teacher' has no environment; allowed: 'preferences', 'goals'"):
        cli.main(["video", "--run", run, "--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "film")])


def test_video_shows_expert_beside_agents(finished_runs: Path, tmp_path: Path) -> None:
    ids = [tiny(method).run_id for method in ("linear_hypernetwork", "anil")]
    cli.main(["video", "--run", *ids, "--runs", str(finished_runs), "--out", str(tmp_path / "film"), "--episodes", "2"])
    frames = iio.imread(tmp_path / "film.gif")
    assert frames.shape[2] == 3 * 7 * 32 + 2 * 8
    assert len(frames) > 8
    assert len({frame.tobytes() for frame in frames}) > 4
    assert (tmp_path / "film.mp4").stat().st_size > 1000


@pytest.mark.parametrize("command", [[], *([name] for name in cli.COMMANDS)])
def test_help_explains_every_command(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main([*command, "--help"])
    assert stop.value.code == 0
    assert len(capsys.readouterr().out) > 300


def test_splits_prints_a_diagnosis_and_draws_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["splits", "--family", "preferences", "--support", "disconnected", "--out", str(tmp_path / "split.png")])
    assert "connected support: no, 2 components" in capsys.readouterr().out
    assert iio.imread(tmp_path / "split.png").std() > 0


def test_evaluate_shows_a_finished_run(finished_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["evaluate", "--run", tiny("anil").run_id, "--runs", str(finished_runs)])
    assert "held_out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["train", "--method", "amil"], "unknown method 'amil'; allowed: 'linear_hypernetwork'"),
        (["train", "--method", "nowhere:Learner"], "method 'nowhere:Learner' cannot be imported"),
        (["train", "--method", "json:JSONDecoder"], "allowed: a subclass of agents.Learner"),
        (["train", "--method", "anil", "--family", "goal"], "no family 'goal'; allowed: 'preferences-small', 'goals-small'"),
        (["train", "--method", "anil", "--preset", "fast"], "unknown preset 'fast'; allowed: 'quick'"),
        (["train", "--method", "anil", "--support", "x"], "unknown support 'x'; allowed: 'random'"),
        (["train", "--method", "anil", "--steps", "0"], "outer steps are 0; allowed: at least 1"),
        (["evaluate", "--run", "none"], "run 'none' matches 0 folders"),
        (["splits", "--family", "mazes"], "unknown family 'mazes'; allowed: 'preferences'"),
        (["play", "--env-id", "CompWorld-v0"], "unknown environment 'CompWorld-v0'; allowed: 'CompWorld-Preferences-v0'"),
    ],
)
def test_wrong_input_ends_with_one_line(
    command: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        cli.main(command)
    assert str(stop.value.code).startswith("compworld: ")
    assert message in str(stop.value.code)
    assert "\n" not in str(stop.value.code)


def test_own_method_runs_from_the_command_line(tmp_path: Path) -> None:
    """The example in examples/, exactly as its text says."""
    command = [sys.executable, "-m", "benchmarks.cli", "train", "--method", "examples.my_method:Bias", "--steps", "2"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "default"}
    done = subprocess.run(
        [*command, "--runs", str(tmp_path)], capture_output=True, text=True, cwd=REPOSITORY, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "held_out" in done.stdout


@pytest.mark.parametrize("name", list(recipes.PRESET_MAKERS))
def test_recipes_construct_every_method_at_its_published_size(name: str) -> None:
    chosen = preset(name)
    for family in chosen.families:
        for method in ALL_METHODS:
            config = chosen.config(family, method, 0)
            learner = make_learner(method, config.method_options, problem_of(make_family(family), config.imitation))
            assert isinstance(learner, method_class(method))
    if name == "iclr2024":
        sizes = {}
        for family in chosen.families:
            config = chosen.config(family, "linear_hypernetwork", 0)
            learner = make_learner(config.method, config.method_options, problem_of(make_family(family), config.imitation))
            sizes[family] = learner.coefficients.numel() + learner.bias.numel()  # type: ignore[operator, union-attr]
        # Fast parameters, ICLR 2024, table in appendix C; the teacher's 264 there are 4 layers x 64 templates + 8, ours x 16.
        assert sizes == {"preferences": 133, "goals": 30, "teacher": 72}
        assert set(ADAPTIVE) < set(ALL_METHODS)


def test_unknown_options_of_a_method_are_refused() -> None:
    problem = problem_of(make_family("goals-small"), "optimal_action")
    with pytest.raises(ValueError, match="'anil' has no option 'depth'; allowed: 'width', 'hidden_layers'"):
        make_learner("anil", {"depth": 3}, problem)


def test_interrupting_keeps_what_has_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(leaderboard, "leaderboard", interrupted)
    with pytest.raises(SystemExit) as stop:
        cli.main(["leaderboard"])
    assert "finished runs are kept" in str(stop.value.code)
