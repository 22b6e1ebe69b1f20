"""Entries that are made in seconds: of runs of our own methods, of a method of one's own, and of records."""

import dataclasses
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import compworld
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.run import run
from compworld.benchmarks.submissions import confinement
from compworld.benchmarks.submissions.submit import submit
from compworld.files import sealed, write_json
from tests.benchmarks.conftest import tiny

WORLDS = (0, 1, 2)
GOALS = "CompWorld-Goals-Small-v0"
OWN = '''
from compworld.agents import RandomPlay


class Own(RandomPlay):
    """A method of one's own."""
'''

needs_isolation = pytest.mark.skipif(confinement.why_not() is not None, reason=f"cannot confine: {confinement.why_not()}")


class Dice:
    """An agent of a user's own."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def predict(self, observation: Any, state: Any, episode_start: np.ndarray) -> tuple[np.ndarray, None]:
        return self.rng.integers(6, size=len(episode_start)), None


Make = Callable[..., Path]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs; what was run once is there."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def of_runs(runs: Path, tmp_path: Path) -> Make:
    """Makes an entry of a tiny run in each world."""

    def make(
        method: str = "random_play", name: str = "dice", like: str | None = None, of_method: Any = None, **options: Any
    ) -> Path:
        config = tiny(like or method)
        config = dataclasses.replace(config, method=method, options=config.options if of_method is None else of_method)
        configs = [dataclasses.replace(config, seed=world, world=world) for world in WORLDS]
        for one in configs:
            run(one, runs)
        ids = [one.run_id for one in configs]
        return submit(tmp_path / name, "tests", "a test", runs=ids, root=runs, **options).folder

    return make


@pytest.fixture
def of_own_method(of_runs: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes an entry with code of one's own in place of the harmless one that its runs were made with."""

    def make(code: str, honest: str = OWN, like: str = "random_play", of_method: Any = None) -> Path:
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        (source / "own_of_tests.py").write_text(honest, encoding="utf-8")
        monkeypatch.syspath_prepend(str(source))
        monkeypatch.delitem(sys.modules, "own_of_tests", raising=False)
        folder = of_runs("own_of_tests:Own", "own", like, of_method, trust=True)
        monkeypatch.delitem(sys.modules, "own_of_tests")
        monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(source)])
        (folder / "code" / "own_of_tests.py").write_text(code, encoding="utf-8")
        return folder

    return make


@pytest.fixture
def of_records(tmp_path: Path) -> Make:
    """Makes an entry of records of an agent."""

    def make(**settings: Any) -> Path:
        paths = []
        for world in WORLDS:
            for split in ("train", "held_out"):
                paths.append(tmp_path / f"{world}-{split}.json")
                result = compworld.evaluate(Dice(world), GOALS, world=world, split=split, **{"tasks": 8, **settings})
                result.save(paths[-1])
        return submit(tmp_path / "thrown", "tests", "a test", records=paths).folder

    return make


def change(path: Path, changed: Callable[[Any], Any], seal: bool = True) -> None:
    """Rewrite a JSON file, with a new hash where it had one, or with the old one."""
    data = json.loads(path.read_text(encoding="utf-8"))
    had = {name: data.pop(name) for name in ("sha256",) if name in data}
    changed(data)
    write_json(path, sealed(data) if had and seal else {**had, **data})


def copied(folder: Path, into: Path) -> Path:
    """An entry that may be written to."""
    return Path(shutil.copytree(folder, into / folder.name))


def inflate(folder: Path, by: float, score: str = "episode_3") -> None:
    """Claim more than was reached on held-out combinations."""
    for path in folder.glob("runs/*/result.json"):

        def more(data: Any) -> None:
            scores = data["scores"]["held_out"]
            scores[score] = [value + by for value in scores[score]]

        change(path, more)


def with_config(folder: Path, changed: Callable[[dict[str, Any]], Any]) -> None:
    """Change the config of every run of an entry, consistently."""
    for path in [*folder.glob("runs/*")]:
        data = json.loads((path / "config.json").read_text(encoding="utf-8"))
        version = data.pop("config_version")
        changed(data)
        config = RunConfig.from_dict(data)
        write_json(path / "config.json", {"config_version": version, **data})
        change(path / "result.json", lambda found, of=config: found.update(config=of.as_dict(), run_id=of.run_id))
        path.rename(path.with_name(config.run_id))
    change(folder / "submission.json", lambda about: changed(about["config"]))
