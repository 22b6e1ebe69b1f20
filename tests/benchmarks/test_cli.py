"""The command line: what it explains, refuses and runs, and how fast it says so."""

import os
import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import pytest

from compworld.benchmarks import cli
from compworld.benchmarks.leaderboard import board
from compworld.benchmarks.runs.folder import RunFolder
from tests.benchmarks.conftest import tiny

REPOSITORY = Path(__file__).parent.parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "default"}
HEAVY = ("torch", "numba", "matplotlib", "minigrid", "imageio", "pygame", "scipy", "compworld.agents")


@pytest.mark.parametrize("command", [[], *([name] for name in cli.COMMANDS)])
def test_help_explains_every_command(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main([*command, "--help"])
    assert stop.value.code == 0
    assert len(capsys.readouterr().out) > 300


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["train", "--method", "amil"], ["theory", "luck"]])
def test_help_and_refusals_load_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom compworld.benchmarks import cli\ntry:\n    cli.main(sys.argv[1:])\nfinally:\n"
        f"    print('loaded', [name for name in {HEAVY} if name in sys.modules])"
    )
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=ENVIRONMENT, check=False)
    assert done.stdout.endswith("loaded []\n"), done.stderr


def test_help_lists_the_choices(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["train", "--help"])
    said = "".join(capsys.readouterr().out.replace("│", "").split())
    for choices in (
        "{quick,hour,rewarded-quick,teacher,standard,iclr2024}",
        "{cpu,cuda,mps}",
        "random_play}|STR",
        "{preferences,",
    ):
        assert choices in said


@pytest.mark.parametrize("module", ["benchmarks", "benchmarks.leaderboard", "compworld.benchmarks"])
def test_modules_are_commands_too(module: str) -> None:
    command = [sys.executable, "-m", module, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=ENVIRONMENT, check=False)
    assert done.returncode == 0, done.stderr
    assert "Run methods on the families of a preset" in done.stdout


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["train", "--method", "amil"], "unknown method 'amil'; allowed: 'linear_hypernetwork'"),
        (["leaderboard", "--method", "anil", "amil"], "unknown method 'amil'; allowed: 'linear_hypernetwork'"),
        (["train", "--method", "nowhere:Learner"], "method 'nowhere:Learner' cannot be imported"),
        (["train", "--method", "json:JSONDecoder"], "allowed: a subclass of compworld.agents.Learner"),
        (["train", "--method", "anil", "--family", "goal"], "invalid choice 'goal' for argument '--family'. Expected one of"),
        (["train", "--method", "anil", "--family", "goals"], "no family 'goals'; allowed: 'preferences-small', 'goals-small'"),
        (["train", "--method", "anil", "--preset", "fast"], "invalid choice 'fast' for argument '--preset'. Expected one of"),
        (["train", "--method", "anil", "--support", "x"], "invalid choice 'x' for argument '--support'. Expected one of"),
        (["train", "--method", "anil", "--seed", "x"], "Error parsing --seed: invalid literal for int() with base 10: 'x'"),
        (["train", "--method", "anil", "--seed", "-1"], "--seed is -1; allowed: at least 0"),
        (["train", "--method", "anil", "--world", "9" * 20], f"--world is {'9' * 20}; allowed: at most {2**63 - 1}"),
        (["train", "--method", "anil", "--seed", str(2**63)], f"--seed is {2**63}; allowed: at most {2**63 - 1}"),
        (["splits", "--world", "9" * 20], f"--world is {'9' * 20}; allowed: at most {2**63 - 1}"),
        (["train", "--method", "anil", "--inner.steps", "9" * 20], f"--inner.steps is {'9' * 20}; allowed: at most 2147483647"),
        (["train", "--method", "anil", "--width", "9" * 20], f"--width is {'9' * 20}; allowed: at most {2**31 - 1}"),
        (["status", "--runs", "none"], "no folder none; allowed: a folder of runs"),
        (["status", "--runs", "x" * 300], "allowed: a folder of runs"),
        (["train", "--method", "anil", "--outer.learning-rate", "nan"], "learning_rate is nan; allowed: "),
        (["train", "--method", "anil", "--inner.learning-rate", "inf"], "learning_rate is inf; allowed: "),
        (["train", "--method", "anil", "--width", "0"], "width 0 of a network; allowed: at least 1"),
        (["leaderboard", "--workers", "0"], "--workers is 0; allowed: 1 to 1024"),
        (["leaderboard", "--seeds", "0"], "--seeds is 0; allowed: 1 to 1024"),
        (["bench", "--threads", "0"], "--threads is 0; allowed: 1 to 1024"),
        (["bench", "--repeats", "-3"], "--repeats is -3; allowed: at least 1"),
        (["video", "--run"], "0 runs, 4 episodes, tile size 32; allowed: at least 1 of each"),
        (["video", "--run", "x", "--episodes", "0"], "--episodes is 0; allowed: at least 1"),
        (["video", "--run", "x", "--tile-size", "0"], "--tile-size is 0; allowed: 1 to 512"),
        (["play", "--split", "trained"], "invalid choice 'trained' for argument '--split'. Expected one of"),
        (["train", "--method", "anil", "--steps", "0"], "--steps is 0; allowed: at least 1"),
        (["train", "--method", "random", "--steps", "4"], "method 'random' is not trained and takes no steps"),
        (["train", "--method", "anil", "--depth", "4"], "unknown field '--depth' of a anil run on goals-small; allowed: --"),
        (["train", "--method", "anil", "--width", "x"], "Error parsing --width: invalid literal for int() with base 10: 'x'"),
        (["train", "--method", "anil", "--inner.optimizer", "x"], "unknown inner optimizer 'x'; allowed: 'adamw', 'sgd'"),
        (["train", "--method", "anil", "--device", "tpu"], "invalid choice 'tpu' for argument '--device'. Expected one of"),
        (["evaluate", "--run", "none"], "run 'none' matches 0 folders"),
        (["evaluate", "--run", "x" * 300], f"run '{'x' * 300}' matches 0 folders"),
        (["evaluate", "--run", "~nobody-here/x"], "path '~nobody-here/x' is in a home that is not here; allowed: those"),
        (["status", "--runs", "~nobody-here/x"], "path '~nobody-here/x' is in a home that is not here"),
        (["leaderboard", "--records", "~nobody-here/x"], "path '~nobody-here/x' is in a home that is not here"),
        (["evaluate", "--run", "none", "--bla", "3"], "Unrecognized options: --bla, 3"),
        (["splits", "--family", "mazes"], "invalid choice 'mazes' for argument '--family'. Expected one of"),
        (["play", "--env-id", "CompWorld-v0"], "invalid choice 'CompWorld-v0' for argument '--env-id'. Expected one of"),
        (["theory", "luck"], "invalid choice 'luck' for argument 'experiment'. Expected one of"),
        (["theory", "reach", "--support", "0,1"], "experiment 'reach' takes no support; allowed for 'identification'"),
        (["luck"], "Expected one of {leaderboard, site, work, "),
    ],
)
def test_wrong_input_ends_with_one_line(
    command: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal(command, capsys).count(message) == 1
    assert list(tmp_path.iterdir()) == []


def refusal(command: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command that is refused says: one line."""
    with pytest.raises(SystemExit) as stop:
        cli.main(command)
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("compworld: ")
    return line


def test_own_method_runs_from_the_command_line(tmp_path: Path) -> None:
    """The example in examples/, as its text says; its fields can be set too."""
    command = [
        sys.executable,
        "-m",
        "compworld.benchmarks.cli",
        "train",
        "--method",
        "examples.my_method:Bias",
        "--outer.steps",
        "2",
    ]
    fields = ["--width", "8", "--inner.steps", "2", "--evaluation.tasks", "4"]
    done = subprocess.run(
        [*command, *fields, "--runs", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env=ENVIRONMENT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "held_out" in done.stdout
    (path,) = tmp_path.iterdir()
    config = RunFolder.open(tmp_path, path.name).config
    assert (config.options["width"], config.options["inner"]["steps"], config.steps) == (8, 2, 2)


def test_splits_prints_a_diagnosis_and_draws_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["splits", "--family", "preferences", "--support", "disconnected", "--out", str(tmp_path / "split.png")])
    assert "connected support: no, 2 components" in capsys.readouterr().out
    assert iio.imread(tmp_path / "split.png").std() > 0


def test_evaluate_shows_a_finished_run(finished_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["evaluate", "--run", tiny("anil").run_id, "--runs", str(finished_runs)])
    said = capsys.readouterr().out
    assert "held_out" in said
    assert "success rate" in said


def test_interrupting_keeps_what_has_finished(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(board, "leaderboard", interrupted)
    with pytest.raises(SystemExit) as stop:
        cli.main(["leaderboard"])
    assert stop.value.code == 1
    assert "finished runs are kept" in capsys.readouterr().err


def test_playing_without_a_screen_ends_with_one_line() -> None:
    command = [sys.executable, "-m", "benchmarks", "play"]
    screens = ("DISPLAY", "WAYLAND_DISPLAY")
    without = {name: value for name, value in ENVIRONMENT.items() if name not in screens} | {"SDL_VIDEODRIVER": "dummy"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=without, check=False, timeout=120)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("compworld: no screen to play on (SDL says 'dummy'); allowed: a desktop")


def test_a_working_folder_that_was_deleted_is_one_line(tmp_path: Path) -> None:
    program = "import os; os.rmdir(os.getcwd()); from compworld.benchmarks.cli import main; main(['status'])"
    command = [sys.executable, "-P", "-c", program]
    environment = {**ENVIRONMENT, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert (done.returncode, done.stderr) == (1, "compworld: the working folder was deleted; allowed: one that exists\n")
