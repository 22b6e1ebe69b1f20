"""The wheel as users have it: built, installed, and used from a folder that has nothing to do with the project."""

import os
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

LIGHT = """
import sys
import gymnasium, compworld
for env_id in compworld.ENV_IDS:
    env = gymnasium.make(env_id, render_mode="rgb_array")
    env.reset(seed=0)
    env.step(env.unwrapped.expert_action())
    env.render()
    gymnasium.make_vec(env_id, num_envs=2).reset(seed=0)
print(compworld.evaluate(lambda seen: 0, env_id, tasks=4))
family = compworld.make_family("goals")
split = compworld.make_split(family.space)
print(compworld.diagnose(split))
next(compworld.few_shot_tasks(family, split, tasks=2))
assert "site-packages" in compworld.__file__
assert "torch" not in sys.modules
"""


def distributions(requirements: list[str], extra: str = "") -> set[str]:
    """Names of the distributions that requirements bring, themselves included; only such as are installed here."""
    found: set[str] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        name = requirement.name.lower().replace("_", "-")
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": extra})):
            continue
        found.add(name)
        try:
            waiting += [Requirement(text) for text in metadata.distribution(name).requires or []]
        except metadata.PackageNotFoundError:
            found.remove(name)
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, which leaves no files of the build here."""
    source = tmp_path_factory.mktemp("source")
    for name in ("compworld", "agents", "benchmarks"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip("wheel", "--no-deps", "--wheel-dir", str(source), str(source))
    (found,) = source.glob("*.whl")
    return found


def pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], check=True, env=plain())


def plain() -> dict[str, str]:
    """The environment without what leads to this clone."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def installed(wheel: Path, folder: Path, beside: list[str]) -> Path:
    """The ``bin`` of a new environment with the wheel, and with the packages of folders beside it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "beside.pth").write_text("".join(f"{path}\n" for path in beside), encoding="utf-8")
    pip("--python", str(folder / "bin" / "python"), "install", "--no-deps", "--no-index", str(wheel))
    return folder / "bin"


def call(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env=plain(), capture_output=True, text=True, check=False)


def unrelated(folder: Path) -> Path:
    """A user's folder, with names that are ours and Python's."""
    for name in ("agents/__init__.py", "benchmarks/__init__.py", "random.py", "queue.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("raise SystemExit('the folder came first')\n", encoding="utf-8")
    return folder


@pytest.mark.extras
def test_the_wheel_works_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    here = unrelated(tmp_path / "here")
    bin_folder = installed(wheel, tmp_path / "venv", [path for path in sys.path if path.endswith("site-packages")])
    command = ["leaderboard", "--family", "goals-small", "--seeds", "1", "--method", "random", "--workers", "1"]
    done = call([str(bin_folder / "compworld"), *command], here)
    assert done.returncode == 0, done.stderr
    assert (here / "leaderboard" / "quick" / "leaderboard.md").exists()
    where = call([str(bin_folder / "python"), "-P", "-c", "import agents, benchmarks; print(agents.__file__)"], here)
    assert str(tmp_path / "venv") in where.stdout


@pytest.mark.extras
def test_without_the_extra_everything_but_learners_works(wheel: Path, tmp_path: Path) -> None:
    """Beside the wheel stands what the dependencies bring, and nothing else."""
    beside = tmp_path / "beside"
    beside.mkdir()
    for name in distributions(PROJECT["dependencies"]):
        for file in metadata.distribution(name).files or []:
            top = beside / file.parts[0]
            if file.parts[0] != ".." and not top.exists():
                top.symlink_to(str(metadata.distribution(name).locate_file(file.parts[0])))
    here = unrelated(tmp_path / "here")
    bin_folder = installed(wheel, tmp_path / "venv", [str(beside)])
    done = call([str(bin_folder / "python"), "-P", "-c", LIGHT], here)
    assert done.returncode == 0, done.stderr
    told = call([str(bin_folder / "compworld"), "train", "--method", "anil"], here)
    assert told.stderr == "compworld: this needs 'torch', which is not installed: pip install 'compworld[agents]'\n"
    assert told.returncode == 1
    split = call([str(bin_folder / "compworld"), "splits"], here)
    assert "connected support" in split.stdout
    assert "this needs 'matplotlib'" in split.stderr


def test_commands_say_which_extra_is_missing(tmp_path: Path) -> None:
    program = "import sys; sys.modules['torch'] = None; from benchmarks.cli import main; main(['train', '--method', 'anil'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "compworld: this needs 'torch', which is not installed: pip install 'compworld[agents]'\n"


def test_the_absence_of_what_the_extra_brings_is_explained() -> None:
    from benchmarks.recipes.ending import FROM_EXTRA

    modules = {"scikit-learn": "sklearn", "imageio-ffmpeg": "imageio_ffmpeg"}
    names = [Requirement(text).name for text in PROJECT["optional-dependencies"]["agents"]]
    assert sorted(modules.get(name, name) for name in names) == sorted(FROM_EXTRA)
