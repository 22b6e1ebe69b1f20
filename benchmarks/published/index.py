"""The published agents by name: a sealed list of runs, each in a folder of its own beside it."""

import os
import re
from pathlib import Path

import msgspec

from compworld.agents import Code, Learner
from compworld.arguments import shown
from compworld.benchmarks.published.acting import ActingAgent
from compworld.benchmarks.published.knowing import ShownAgent, ToldAgent
from compworld.benchmarks.published.trained import TrainedAgent
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.runs.run import TrainedRun, trained_run
from compworld.files import HASH, expanded, json_of, read_bytes, sealed, unsealed, write_json

FOLDER = Path(__file__).parent
"""Of those that are shipped."""

INDEX = "index.json"

NAME_OF_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    """A published run."""

    run: str
    """Its id, the name of its folder."""
    result_sha256: str
    """That its record names."""
    learner_sha256: str
    """Of its parameters' file."""


def published(folder: Path = FOLDER) -> dict[str, Entry]:
    """Every published agent by its name, such as ``"goals-small/linear_hypernetwork"``.

    Raises:
        ValueError: the index is damaged.
    """
    path = folder / INDEX
    if not os.path.exists(path):
        return {}
    body = unsealed(json_of(read_bytes(path), path), path)
    try:
        entries = msgspec.convert(body["agents"], dict[str, Entry])
    except (ValueError, KeyError) as error:
        raise ValueError(f"{path} is no index of published agents ({error})") from None
    for name, entry in entries.items():
        if not NAME_OF_FOLDER.fullmatch(entry.run):  # runs are read there, and replaced ones removed
            raise ValueError(f"{path} has run {entry.run!r:.100} for {name!r:.100}; allowed: the name of a folder beside it")
    return entries


def write_index(entries: dict[str, Entry], folder: Path) -> None:
    """Replace the index of a folder."""
    write_json(folder / INDEX, sealed({"agents": msgspec.to_builtins(dict(sorted(entries.items())))}))


def load_agent(name: str, folder: str | Path | None = None, trust: bool = False) -> TrainedAgent:
    """See :func:`compworld.load_agent`."""
    if not isinstance(name, str | Path):
        raise ValueError(f"name is {shown(name)}; allowed: that of a published agent, or the path of a finished run's folder")
    given = expanded(name)
    if os.path.exists(given / "config.json"):  # False, too, for what no path can be
        return agent_of(trained_run(given.parent, str(given), trust))
    place = FOLDER if folder is None else expanded(folder)
    entries = published(place)
    if name not in entries:
        allowed = ", ".join(map(repr, entries)) or "none"
        raise ValueError(f"no agent {name!r:.100} in {place}; allowed: {allowed}, or the path of a finished run's folder")
    path = place / entries[name].run
    run = trained_run(place, str(path), trust)
    if entry_of(path) != entries[name]:
        raise ValueError(f"{path} is another run than the index names: its SHA-256 is {entry_of(path).result_sha256}")
    return agent_of(run)


def entry_of(path: Path) -> Entry:
    """The entry of the finished run in a folder."""
    record = json_of(read_bytes(path / "result.json"), path / "result.json")
    return Entry(path.name, record[HASH], record["learner_sha256"])


def agent_of(run: TrainedRun) -> TrainedAgent:
    """A finished run as an agent.

    Raises:
        ValueError: its family has nothing to act in.
    """
    if not isinstance(run.method, Learner):
        return ActingAgent(run)
    return ToldAgent(run) if run.method.evidence is Code else ShownAgent(run)


def name_of(config: RunConfig) -> str:
    """The name that a run's agent is published by."""
    return f"{config.family}/{config.method}"
