"""An entry from finished runs, or from records of anyone's agent."""

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from compworld.agents import METHODS
from compworld.benchmarks.leaderboard.records import read_record
from compworld.benchmarks.leaderboard.sections import kinds_of
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.methods import method_class
from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.runs.provenance import provenance
from compworld.benchmarks.submissions.entry import Entry, common_config, common_settings, module_file, read_entry
from compworld.benchmarks.submissions.submission import ABOUT, FORMAT, RECORDS, RUNS, check_name
from compworld.files import check_writable, json_of, read_bytes, write_json, write_text


def submit(
    out: Path,
    by: str,
    what: str,
    link: str = "",
    runs: Sequence[str] = (),
    records: Sequence[Path] = (),
    root: Path = Path("runs"),
    checkpoints: bool = False,
    trust: bool = False,
) -> Entry:
    """Make the folder of an entry.

    Args:
        out: the folder, which must not be there; its name is that of the entry.
        by: who submits it.
        what: it is, in a line.
        link: to a paper or to code.
        runs: finished ones of one config in several worlds; ids, beginnings of them, or paths of folders.
        records: instead: files of :meth:`compworld.evaluation.Evaluation.save`, two of each world.
        root: folder of all runs.
        checkpoints: submit what was trained, for runs that are too long to be trained again.
        trust: import the code of a method ``module:Class``, which is submitted too.

    Raises:
        ValueError: something of this cannot be submitted.
        OSError: naming ``out``, which cannot be written.
    """
    check_name(out.name)
    if out.exists():
        raise ValueError(f"{out} is there already; allowed: a new folder")
    if bool(runs) == bool(records):
        raise ValueError("allowed: either runs or records, one of the two")
    check_writable(out)
    with TemporaryDirectory(prefix=".", dir=out.parent) as place:
        folder = Path(place).resolve() / out.name
        about = _runs_into(folder, runs, root, checkpoints, trust) if runs else _records_into(folder, records)
        made = provenance()
        versions = {"compworld": made["packages"]["compworld"], "python": made["python"], "packages": made["packages"]}
        said = {"format": FORMAT, "name": out.name, "by": by, "what": what, "link": link}
        write_json(folder / ABOUT, {**said, **about, "versions": versions})
        try:
            read_entry(folder)
        except ValueError as error:  # said of the place where it would be: this one is gone by then
            raise ValueError(str(error).replace(str(folder), str(out))) from None
        folder.rename(out)
    return read_entry(out)


def _runs_into(folder: Path, runs: Sequence[str], root: Path, checkpoints: bool, trust: bool) -> dict[str, Any]:
    found = [RunFolder.open_finished(root, run)[0] for run in runs]
    for run in found:
        into = folder / RUNS / run.path.name
        into.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run.path / "config.json", into / "config.json")
        # Its hash is that of the data, however it is laid out.
        result = json_of(read_bytes(run.path / "result.json"), run.path / "result.json")
        write_text(into / "result.json", json.dumps(result, separators=(",", ":")) + "\n")
        if checkpoints:
            if not run.learner.exists():
                raise ValueError(f"run {run.path.name!r} has nothing that was trained; allowed: without checkpoints")
            shutil.copyfile(run.learner, into / run.learner.name)
    first = found[0].config
    tables = _tables(first, trust)
    if first.method not in METHODS:
        _code_into(folder, first.method)
    return {
        "how": "re-evaluated" if checkpoints else "retrained",
        "track": first.track,
        "tables": tables,
        "config": common_config([run.config for run in found]),
        "worlds": [run.config.world for run in found],
    }


def _tables(config: RunConfig, trust: bool) -> list[str]:
    if config.method not in METHODS and not trust:
        raise ValueError(f"the code of method {config.method!r} would be imported and submitted; say --trust if it is yours")
    method_class(config.method)
    return ["shown"] if config.trials is None else kinds_of(config.method)


def _code_into(folder: Path, method: str) -> None:
    """The file that a method's class is defined in."""
    module = sys.modules[method.partition(":")[0]]
    source, into = Path(module.__file__ or ""), folder / module_file(method)
    if source.suffix != ".py" or source.name == "__init__.py":
        raise ValueError(f"method {method!r} is in {source}; allowed: one file with its code")
    into.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, into)


def _records_into(folder: Path, paths: Sequence[Path]) -> dict[str, Any]:
    records = [read_record(path) for path in paths]
    settings = common_settings(records)
    for record in records:
        name = f"world-{record.settings['world']}-{record.settings['split']}.json"
        into = folder / RECORDS / name
        if into.exists():
            raise ValueError(f"two records are of world {record.settings['world']}, split {record.settings['split']!r}")
        record.save(into)
    return {
        "how": "replayed",
        "track": settings["track"],
        "tables": ["told"] if settings["track"] == "told" else ["labels", "rewards"],
        "config": settings,
        "worlds": list(dict.fromkeys(record.settings["world"] for record in records)),
    }
