"""Records of runs: one folder each, every file written atomically, nothing read that is not ours."""

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

from compworld.benchmarks.recipes.config import CONFIG_VERSION, RunConfig
from compworld.benchmarks.runs.records import RESULT_VERSION, read_config, read_failure, read_result
from compworld.files import expanded, remove_parts, sealed, write_json, write_text

LISTED = 10
"""A message names so many runs at most."""


class RunFolder:
    """The folder of one run.

    ``config.json`` says what was run, ``metrics.jsonl`` how training goes (for people; the program does not read it),
    ``result.json`` (present once the run has finished) what came out, ``learner.safetensors`` holds the parameters that were
    evaluated. While a process works on the run, there is its claim (see :mod:`compworld.benchmarks.runs.claims`); after a
    failure ``failure.json`` says why.

    Args:
        root: folder of all runs.
        config: of this one.
    """

    def __init__(self, root: Path, config: RunConfig) -> None:
        self.path = root / config.run_id
        self.config = config
        self.checkpoint = self.path / "checkpoint.safetensors"
        self.learner = self.path / "learner.safetensors"
        self.claim = self.path / "claim"
        self._failure = self.path / "failure.json"
        self._metrics = self.path / "metrics.jsonl"
        self._result = self.path / "result.json"

    @classmethod
    def open(cls, root: Path, run: str) -> "RunFolder":
        """Open an existing run.

        Args:
            root: folder of all runs.
            run: its id, an unambiguous beginning of it, or the path of its folder, which may lie elsewhere.

        Raises:
            ValueError: no such run, several, or its config is not one of ours, or of another version.
        """
        path = _found(root, run)
        folder = cls(path.parent, read_config(path / "config.json"))
        if folder.path != path:
            raise ValueError(
                f"{path / 'config.json'} belongs to run {folder.path.name!r}; "
                "the folder was renamed, changed or is of another version"
            )
        return folder

    @classmethod
    def open_finished(cls, root: Path, run: str) -> tuple["RunFolder", dict[str, Any]]:
        """:meth:`open`, with the result.

        Raises:
            ValueError: also where the run has not finished.
        """
        folder = cls.open(root, run)
        result = folder.result()
        if result is None:
            raise ValueError(
                f"run {folder.path.name!r} has not finished; allowed: finished runs (run the same command to resume it)"
            )
        if not result["scores"]:
            raise ValueError(f"run {folder.path.name!r} {result['diverged']}; allowed: runs that learned something")
        return folder, result

    def create(self) -> None:
        """Make the folder with its config."""
        write_json(self.path / "config.json", {"config_version": CONFIG_VERSION, **self.config.as_dict()})

    def result(self) -> dict[str, Any] | None:
        """The finished result, or None.

        Raises:
            ValueError: the file is damaged, changed or of another schema.
        """
        return read_result(self._result, self.config) if self._result.exists() else None

    def write_result(self, result: dict[str, Any]) -> None:
        """Finish the run; its checkpoint is no longer needed."""
        write_json(self._result, sealed({"schema_version": RESULT_VERSION, "run_id": self.path.name, **result}))
        self.checkpoint.unlink(missing_ok=True)
        self._failure.unlink(missing_ok=True)
        remove_parts(self.path)

    def write_failure(self, problem: str, trace: str) -> None:
        """Say why the run has no result, if it has none."""
        if not self._result.exists():
            self.create()
            about = {"problem": problem, "host": socket.gethostname(), "time": time.time(), "trace": trace}
            write_json(self._failure, sealed(about))

    def failure(self) -> dict[str, Any] | None:
        """Why the last attempt failed (``problem``, ``host``, ``time`` in seconds since 1970, ``trace``), or None."""
        return read_failure(self._failure) if self._failure.exists() else None

    def write_metrics(self, records: list[dict[str, Any]]) -> None:
        """Replace the validation records."""
        write_text(self._metrics, "".join(json.dumps(record) + "\n" for record in records))


def _found(root: Path, run: str) -> Path:
    """The folder of a run that was given as path, id or beginning of an id."""
    given = expanded(run)
    if os.path.exists(given / "config.json"):  # False, too, for what no path can be
        return given.resolve()
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    exact = [path for path in folders if path.name == run]
    found = exact or [path for path in folders if run and path.name.startswith(run)]
    if len(found) != 1:
        names = [path.name for path in found or folders]
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        raise ValueError(
            f"run {run!r} matches {len(found)} folders in {root}; "
            f"allowed: one of {', '.join(names[:LISTED]) or 'none'}{more}, or the path of a run's folder"
        )
    return found[0]
