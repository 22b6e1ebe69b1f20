"""Data sets, read back by the libraries that they are for."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import compworld
from compworld.benchmarks import cli
from compworld.benchmarks.data.export import FORMATS
from compworld.benchmarks.data.request import Request
from compworld.envs.observations import OBSERVATIONS
from compworld.families import make_family

pytestmark = [pytest.mark.extras, pytest.mark.filterwarnings("default")]
GRIDS = ("goals-small", "preferences-small")


def minari_dataset(root: Path, monkeypatch: pytest.MonkeyPatch, **given: Any) -> Any:
    """The data set of a split, loaded by its id."""
    import minari

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(root))
    (path,) = FORMATS["minari"](Request(**{"number": 8, "splits": ("held_out",), **given}), root)
    return minari.load_dataset(str(path.relative_to(root)))


def contents(root: Path) -> dict[str, str]:
    """Hash of every file below a folder."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("observation", OBSERVATIONS)
@pytest.mark.parametrize("family", GRIDS)
def test_minari_makes_the_environment_again(
    family: str, observation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recovered environment, reset with an episode's seed and stepped by its actions, gives the episode."""
    given = {"family_name": family, "observation": observation, "behaviour": "mixed", "world": 2, "support": "connected"}
    dataset = minari_dataset(tmp_path, monkeypatch, **given)
    env = dataset.recover_environment()
    assert env.unwrapped.task_split.sha256 == dataset.storage.metadata["compworld"]["split_sha256"]
    facts = list(dataset.storage.get_episode_metadata(range(8)))
    for episode, fact in zip(dataset, facts, strict=True):
        seen, info = env.reset(seed=fact["seed"])
        assert info["split"] == fact["split"] == "held_out"
        for step, action in enumerate(episode.actions):
            same(seen, episode.observations, step)
            seen, reward, terminated, truncated, info = env.step(action)
            assert reward == episode.rewards[step]
            assert (terminated, truncated) == (episode.terminations[step], episode.truncations[step])
        same(seen, episode.observations, len(episode.actions))
        assert terminated or truncated
        assert info["success"] == fact["success"]
        assert sum(episode.rewards) == pytest.approx(fact["return"])


def same(seen: Any, recorded: Any, step: int) -> None:
    if isinstance(seen, dict):
        for name, value in seen.items():
            same(value, recorded[name], step)
    else:
        np.testing.assert_array_equal(seen, recorded[step])


def test_folders_may_be_named_from_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import minari

    monkeypatch.chdir(tmp_path)
    cli.main(["export", "--family", "goals-small", "--format", "minari", "--number", "2", "--out", "data"])
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "data"))
    assert sorted(name.split("/")[2].split("-")[1] for name in minari.list_local_datasets()) == ["held_out", "train"]


def test_minari_lists_and_scores_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import minari

    dataset = minari_dataset(tmp_path, monkeypatch, family_name="goals-small", splits=("held_out",))
    assert list(minari.list_local_datasets()) == [dataset.id]
    returns = np.asarray([episode.rewards.sum() for episode in dataset])
    assert minari.get_normalized_score(dataset, returns).mean() == pytest.approx(1)
    settings = dataset.storage.metadata["compworld"]
    assert (settings["family"], settings["seed"], settings["split"]) == ("goals-small", 0, "held_out")
    assert settings["compworld"] == compworld.__version__


@pytest.mark.parametrize("family", ["preferences-small", "goals-small", "teacher-small"])
def test_parquet_has_the_few_shot_tasks(family: str, tmp_path: Path) -> None:
    from pyarrow import parquet

    request = Request(family, number=70, world=1, seed=3)
    (folder,) = FORMATS["parquet"](request, tmp_path)
    made = make_family(family, 1)
    split = compworld.make_split(made.space, "random", 1)
    for which in ("train", "held_out"):
        table = parquet.read_table(folder / "data" / f"{which}-00000-of-00001.parquet")
        rows = table.to_pylist()
        assert [row["task"] for row in rows] == list(range(70))
        assert set(rows[0]) == {"task", "combination", "mission", "weights", "support", "query"}
        batch = next(compworld.few_shot_tasks(made, split, which, tasks=70, seed=3))
        for name in ("support", "query"):
            samples = getattr(batch, name)
            for task, row in enumerate(rows):
                valid = samples.valid_TN[task]
                for column, key in COLUMNS.items():
                    found = np.asarray([step[key] for step in row[name]])
                    np.testing.assert_allclose(found, getattr(samples, column)[task][valid], rtol=1e-6, atol=1e-9)
        np.testing.assert_array_equal([row["weights"] for row in rows], batch.weights_TM)
        assert set(split.pool(which)) >= {row["combination"] for row in rows}
        settings = json.loads(table.schema.metadata[b"compworld"])
        assert (settings["split_sha256"], settings["seed"]) == (split.sha256, 3)


COLUMNS = {
    "rows_TNR": "observation",
    "actions_TN": "action",
    "action_values_TNA": "action_values",
    "rewards_TN": "reward",
    "episode_TN": "episode",
}


def test_hugging_face_reads_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets
    from huggingface_hub import DatasetCard

    (folder,) = FORMATS["parquet"](Request("goals-small", number=20), tmp_path)
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {name: len(part) for name, part in loaded.items()} == {"train": 20, "held_out": 20}
    first = loaded["held_out"][0]
    family = make_family("goals-small")
    split = compworld.make_split(family.space)
    batch = next(compworld.few_shot_tasks(family, split, "held_out", tasks=1))
    assert [step["action"] for step in first["support"]] == batch.support.actions_TN[0][batch.support.valid_TN[0]].tolist()
    card = DatasetCard.load(folder / "README.md")
    assert card.data.to_dict()["license"] == "mit"
    assert split.sha256 in card.text
    legend = json.loads((folder / "compworld.json").read_text(encoding="utf-8"))
    assert legend["actions"][:4] == ["up", "right", "down", "left"]
    assert [len(legend["mazes"]), len(legend["mazes"][0])] == [2, 7]


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_same_request_gives_the_same_files(format_name: str, tmp_path: Path) -> None:
    words = ["export", "--family", "goals-small", "--format", format_name, "--number", "5", "--out"]
    for folder in ("one", "other"):
        cli.main([*words, str(tmp_path / folder)])
    assert contents(tmp_path / "one") == contents(tmp_path / "other") != {}
    cli.main([*words, str(tmp_path / "seed"), "--seed", "1"])
    assert set(contents(tmp_path / "seed").values()) != set(contents(tmp_path / "one").values())


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--format", "minari", "--family", "teacher-small"], "family 'teacher' has no environment; allowed: 'preferences'"),
        (["--format", "parquet", "--family", "goals-small", "--behaviour", "mixed"], "behaviour is 'mixed'; allowed: 'expert'"),
        (["--format", "parquet", "--family", "goals-small"], "is there already; allowed: a place where nothing is"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    words: list[str], problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    FORMATS["parquet"](Request("goals-small", number=1), tmp_path)
    before = contents(tmp_path)
    with pytest.raises(SystemExit) as stop:
        cli.main(["export", *words, "--out", str(tmp_path)])
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert problem in line
    assert contents(tmp_path) == before
