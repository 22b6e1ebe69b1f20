"""Files as disks, users and strangers leave them: each is read as it was written, or refused in one line that names it.

``COMPWORLD_MUTATIONS=5000`` tries so many.
"""

import copy
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import compworld
from compworld.agents.training import MetaTrainer
from compworld.benchmarks.leaderboard.entries import ranked_entry
from compworld.benchmarks.leaderboard.published import RUNS, TABLE, read_boards, write_board
from compworld.benchmarks.leaderboard.records import read_record
from compworld.benchmarks.published.index import INDEX, published, write_index
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.reports.summary import table_of
from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.runs.records import progress_of, read_student
from compworld.benchmarks.runs.run import new_learner, run, trained_run
from compworld.benchmarks.runs.status import states_of
from compworld.benchmarks.runs.tuning import read_trials
from compworld.benchmarks.submissions.submission import ABOUT, VERIFIED
from compworld.benchmarks.theory.student import Setting
from compworld.benchmarks.worlds.world import World
from compworld.files import sealed, write_json
from compworld.manifests.frozen import load_manifest, write_manifests
from tests.benchmarks.conftest import tiny

ENTRY = next((Path(__file__).parents[3] / "submissions").glob(f"*/{VERIFIED}")).parent

NUMBER = int(os.environ.get("COMPWORLD_MUTATIONS", "150"))

STRANGE: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1e308,
    10**30,
    float("nan"),
    float("inf"),
    "",
    "\x1b[31m[bold]<b>|`",
    "../../etc",
    [],
    {},
    [[]],
    [1e400],
    {"a": 1},
    "9" * 5000,
)

MISSING = ("has not finished", "it was not verified", "changed after it was verified", "no leaderboard in ")
"""What is said where a file is not there, or of a folder whose hash is another."""


def places(data: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in JSON data, as keys and numbers."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [place, *(deeper for key, value in items for deeper in places(value, (*place, key)))]


def mutated_json(text: bytes, rng: random.Random) -> bytes:
    """One value replaced, taken away, doubled, or added."""
    data = json.loads(text)
    *way, last = rng.choice(places(data)[1:] or [("none",)])
    parent = data
    for key in way:
        parent = parent[key]
    what = rng.choice(["replace", "remove", "add", "swap"])
    if what == "replace":
        parent[last] = copy.deepcopy(rng.choice(STRANGE))
    elif what == "remove":
        del parent[last]
    elif what == "add" and isinstance(parent, dict):
        parent["unknown"] = rng.choice(STRANGE)
    elif isinstance(parent, list):
        parent.append(parent[last])
    else:
        parent[last] = [parent[last]]
    return json.dumps(data).encode()


def flipped(content: bytes, rng: random.Random) -> bytes:
    """From one to eight bits flipped, most of them near the beginning, where headers are."""
    damaged = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 8])):
        reach = rng.choice([16, 2000, len(damaged)])
        damaged[rng.randrange(min(reach, len(damaged)))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def mutate(path: Path, rng: random.Random) -> None:
    """Damage a file."""
    content = path.read_bytes()
    kinds: list[Callable[[], bytes]] = [
        lambda: flipped(content, rng),
        lambda: content[: rng.randrange(len(content))],
        lambda: rng.choice([b"", b"[" * 100_000, b"\xff\xfe\x00", b"null", b"NaN", b'{"a": 1}', b"\0" * len(content)]),
        lambda: content + rng.choice([b"\n", b"{}", b"\0", content]),
    ]
    if path.suffix == ".json":
        kinds += [lambda: mutated_json(content, rng)] * 4
    which = rng.randrange(len(kinds) + 2)
    if which < len(kinds):
        path.write_bytes(kinds[which]())
        return
    path.unlink()
    if which == len(kinds):
        path.mkdir()


def of_run(root: Path, config: RunConfig) -> Any:
    """Everything that is read of a finished run."""
    found = trained_run(root, config.run_id)
    return found.config, found.result, table_of(found.result).csv(), [v.tolist() for v in found.learner.state_dict().values()]


def of_checkpoint(root: Path, config: RunConfig, world: World) -> Any:
    """Everything that is read of a run that has not finished."""
    folder = RunFolder.open(root, config.run_id)
    assert config.outer is not None
    trainer = MetaTrainer(new_learner(config, world), config.outer)
    extra, others = trainer.load(folder.checkpoint)
    tensors = {**trainer.tensors(), **others}
    progress = progress_of(extra, folder.checkpoint)
    return trainer.step_number, trainer.skipped, progress, {name: value.tolist() for name, value in tensors.items()}


@pytest.fixture(scope="module")
def kinds_of_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Path, Callable[[], Any]]]:
    """A file of each kind that is read, and what reads it."""
    root = tmp_path_factory.mktemp("files")
    finished, killed = tiny("maml"), tiny("maml", seed=1)
    run(finished, root / "runs")

    def killed_at_its_end(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunFolder, "write_result", killed_at_its_end)
        with pytest.raises(KeyboardInterrupt):
            run(killed, root / "runs")
    setting, student = Setting("0,1;1,2"), root / "student.json"
    scores = {
        "identifiable": True,
        "alignment": 0.5,
        "training": 1.0,
        "held_out": 0.25,
        "combination": [0, 1],
        "r2": [0.5, 0.0],
    }
    write_json(student, sealed({**asdict(setting), **scores}))
    folder, unfinished = root / "runs" / finished.run_id, root / "runs" / killed.run_id
    readers: dict[Path, Callable[[], Any]] = {
        folder / name: lambda: of_run(root / "runs", finished)
        for name in ("config.json", "result.json", "learner.safetensors", "metrics.jsonl")
    }
    world = World(killed)
    for name in ("config.json", "checkpoint.safetensors"):
        readers[unfinished / name] = lambda: of_checkpoint(root / "runs", killed, world)
    compworld.evaluate(lambda seen: 0, "CompWorld-Preferences-Small-v0", tasks=2).save(root / "record.json")
    readers[root / "record.json"] = lambda: read_record(root / "record.json").record()
    readers[student] = lambda: read_student(student, asdict(setting))
    readers[root / "preferences-small.random.json"] = lambda: load_manifest("preferences-small", "random", root)
    with pytest.MonkeyPatch.context() as patch:  # for the others take long
        patch.setattr("compworld.manifests.frozen.manifest_names", lambda: [("preferences-small", "random")])
        write_manifests(root)
        yield {**readers, **shared_with_others(root)}


def shared_with_others(root: Path) -> dict[Path, Callable[[], Any]]:
    """The same of files beside those of runs: tables, entries, published agents, tuning, and why a run failed."""
    board, entry = root / "results" / "tiny", root / ENTRY.name
    write_board(board, *of_board(ENTRY.parents[1] / "benchmarks" / "results" / "teacher"))
    shutil.copytree(ENTRY, entry)
    write_index(published(), root)
    trial = {"run_id": "a", "settings": "--width 8", "world": 101, "steps": 2}
    found = {"validation_loss": 0.5, "best_step": 2, "processor_seconds": 1.5}
    write_json(root / "tuning.json", sealed({"family": "goals", "method": "maml", "trials": [{**trial, **found}]}))
    failed = tiny("random", seed=2)
    RunFolder(root / "failed", failed).write_failure("RuntimeError: out of luck", "Traceback")
    return {
        **dict.fromkeys((board / TABLE, board / RUNS), lambda: read_boards(root / "results")),
        **dict.fromkeys((entry / ABOUT, entry / VERIFIED), lambda: ranked_entry(entry)),
        root / INDEX: lambda: published(root),
        root / "tuning.json": lambda: read_trials(root / "tuning.json", {"family": "goals", "method": "maml"}),
        root / "failed" / failed.run_id / "failure.json": lambda: failed_in(root / "failed"),
    }


def of_board(folder: Path) -> tuple[dict[str, Any], str]:
    """The table and the lines of a leaderboard."""
    table = json.loads((folder / TABLE).read_text(encoding="utf-8"))
    return {name: table[name] for name in table if "sha256" not in name}, (folder / RUNS).read_text(encoding="utf-8")


def failed_in(root: Path) -> Any:
    """What is said of the runs of a folder that failed.

    Raises:
        ValueError: one cannot be read.
    """
    states = states_of(root)
    for state in states:
        if state.state == "unreadable":
            raise ValueError(state.said)
    return [state for state in states if state.state == "failed"]


def outcome(read: Callable[[], Any]) -> tuple[Any, str]:
    """What is read, or what is said instead."""
    try:
        return read(), ""
    except ValueError as error:
        return None, str(error)


def test_damaged_files_change_no_number_and_are_named(kinds_of_files: dict[Path, Callable[[], Any]]) -> None:
    before = {path: (path.read_bytes(), read()) for path, read in kinds_of_files.items()}
    refused = 0
    for number in range(NUMBER):
        rng = random.Random(number)
        path = rng.choice(list(kinds_of_files))
        content, expected = before[path]
        mutate(path, rng)
        found, said = outcome(kinds_of_files[path])
        if said:
            refused += 1
            assert path.name in said or any(words in said for words in MISSING), (number, said)
            assert len(said) < 1500, (number, path.name)
        else:
            assert found == expected or (not found and not path.exists()), (number, path.name)
        if path.is_dir():
            shutil.rmtree(path)
        path.write_bytes(content)
    assert refused > NUMBER / 2


def test_every_flipped_bit_of_a_checkpoint_is_found_or_harmless(kinds_of_files: dict[Path, Callable[[], Any]]) -> None:
    for path in kinds_of_files:
        if path.suffix != ".safetensors":
            continue
        content, expected = path.read_bytes(), kinds_of_files[path]()
        for number in range(20):
            rng = random.Random(number)
            damaged = bytearray(content)
            damaged[rng.randrange(len(content) // 2, len(content))] ^= 1 << rng.randrange(8)
            path.write_bytes(damaged)
            with pytest.raises(ValueError, match=rf"{path.name} is damaged"):
                kinds_of_files[path]()
        path.write_bytes(content)
        assert kinds_of_files[path]() == expected
