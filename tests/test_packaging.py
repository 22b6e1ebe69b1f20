"""The wheel as users have it: built, installed, and used from a folder that has nothing to do with the project."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
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
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, so that the build leaves no files here."""
    source = tmp_path_factory.mktemp("source")
    for name in ("agents", "benchmarks", "compworld"):
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "results"))
    shutil.copytree(ROOT / "src", source / "src", symlinks=True)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    return source


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    pip("wheel", "--no-deps", "--wheel-dir", str(source), str(source))
    (found,) = source.glob("*.whl")
    return found


def pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], check=True, env=plain())


def plain() -> dict[str, str]:
    """The environment without what leads to this clone."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def packages_here() -> list[str]:
    return [path for path in sys.path if path.endswith("site-packages")]


def installed(project: Path, folder: Path, beside: list[str], *options: str) -> Path:
    """The ``bin`` of a new environment with a wheel or a clone, and with the packages of folders beside it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "beside.pth").write_text("".join(f"{path}\n" for path in beside), encoding="utf-8")
    pip("--python", str(folder / "bin" / "python"), "install", "--no-deps", *options, str(project))
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
    bin_folder = installed(wheel, tmp_path / "venv", packages_here())
    command = ["leaderboard", "--family", "goals-small", "--seeds", "1", "--method", "random", "--workers", "1"]
    done = call([str(bin_folder / "compworld"), *command], here)
    assert done.returncode == 0, done.stderr
    assert (here / "leaderboard" / "quick" / "leaderboard.md").exists()
    where = call([str(bin_folder / "python"), "-P", "-c", "import compworld.agents; print(compworld.agents.__file__)"], here)
    assert str(tmp_path / "venv") in where.stdout


@pytest.mark.extras
@pytest.mark.parametrize("ours_first", [True, False])
def test_packages_called_agents_stay_whole_beside_ours(ours_first: bool, wheel: Path, tmp_path: Path) -> None:
    """OpenAI's agents SDK installs a package ``agents``."""
    others = "openai-agents==0.24.0"
    python = str(installed(wheel, tmp_path / "venv", packages_here()) / "python")
    if not ours_first:
        pip("--python", python, "uninstall", "--yes", "compworld")
    pip("--python", python, "install", "--no-deps", others)
    if not ours_first:
        pip("--python", python, "install", "--no-deps", "--no-index", str(wheel))
    where = "import compworld.agents, importlib.util as u; print(u.find_spec('agents') is not None, compworld.agents.ANIL)"
    assert call([python, "-P", "-c", where], tmp_path).stdout.startswith("True")
    pip("--python", python, "uninstall", "--yes", "openai-agents")
    assert call([python, "-P", "-c", where], tmp_path).stdout.startswith("False")


@pytest.mark.extras
def test_a_wheel_brings_one_name(wheel: Path) -> None:
    names = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"compworld"}


@pytest.mark.extras
def test_an_editable_install_brings_one_name_also_beside_the_clone(source: Path, tmp_path: Path) -> None:
    """A folder called compworld in the working folder is the clone, not the package."""
    clone = tmp_path / "compworld"
    shutil.copytree(source, clone, symlinks=True)
    bin_folder = installed(clone, tmp_path / "venv", packages_here(), "--editable")
    program = "import compworld.agents, sys; print(compworld.__file__); print(*sys.path, sep=chr(10))"
    found = call([str(bin_folder / "python"), "-c", program], tmp_path).stdout.splitlines()
    assert found[0] == str(clone / "src" / "compworld" / "__init__.py")
    assert [path for path in found[1:] if path.startswith(str(clone))] == [str(clone / "src")]
    assert [path.name for path in (clone / "src").iterdir() if path.suffix != ".egg-info"] == ["compworld"]


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


@pytest.mark.parametrize(
    ("module", "extra", "words"),
    [
        ("torch", "agents", ["train"]),
        ("minari", "data", ["export", "--family", "goals-small", "--format", "minari"]),
        ("pyarrow", "data", ["export", "--family", "goals-small", "--format", "parquet"]),
    ],
)
def test_commands_say_which_extra_is_missing(module: str, extra: str, words: list[str], tmp_path: Path) -> None:
    program = f"import sys; sys.modules[{module!r}] = None; from compworld.benchmarks.cli import main; main({words})"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == f"compworld: this needs {module!r}, which is not installed: pip install 'compworld[{extra}]'\n"
    assert list(tmp_path.iterdir()) == []


def test_agents_say_which_extra_is_missing() -> None:
    program = "import sys; sys.modules['torch'] = None; import compworld; compworld.load_agent('goals/anil')"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    line = "ModuleNotFoundError: load_agent needs 'torch', which is not installed: pip install 'compworld[agents]'"
    assert done.stderr.splitlines()[-1] == line


def test_the_absence_of_what_the_extra_brings_is_explained() -> None:
    from compworld.benchmarks.recipes.ending import FROM_EXTRA

    modules = {"scikit-learn": "sklearn", "imageio-ffmpeg": "imageio_ffmpeg"}
    brought = {
        modules.get(Requirement(text).name, Requirement(text).name): extra
        for extra in ("agents", "data")
        for text in PROJECT["optional-dependencies"][extra]
    }
    assert brought == FROM_EXTRA
