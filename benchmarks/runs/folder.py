"""Records of runs: one folder each, every file written atomically, nothing read that is not ours."""

import json
import socket
import time
from pathlib import Path
from typing import Any

from benchmarks.recipes.config import CONFIG_VERSION, RunConfig
from benchmarks.runs.divergence import numbers
from benchmarks.runs.files import write_json, write_text

SCHEMA_VERSION = 1


class RunFolder:
    """The folder of one run.

    ``config.json`` says what was run, ``metrics.jsonl`` how training went, ``result.json`` (present once the run has finished)
    what came out, ``learner.safetensors`` holds the parameters that were evaluated. While a process works on the run, there is
    its claim (see :mod:`benchmarks.runs.claims`); after a failure ``failure.json`` says why.

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
    def open(cls, root: Path, run_id: str) -> "RunFolder":
        """Open an existing run by its id, or an unambiguous beginning of it.

        Raises:
            ValueError: no such run, several, or its config is not one of ours, or of another version.
        """
        found = sorted(path for path in root.glob(f"{run_id}*") if path.is_dir())
        exact = [path for path in found if path.name == run_id]
        if len(exact or found) != 1:
            known = ", ".join(sorted(path.name for path in root.glob("*") if path.is_dir())) or "none"
            raise ValueError(f"run {run_id!r} matches {len(found)} folders in {root}; allowed: one of {known}")
        path = (exact or found)[0] / "config.json"
        try:
            data = dict(json.loads(path.read_text()))
            version = data.pop("config_version", 3 if "method_options" in data else CONFIG_VERSION)
            folder = cls(root, RunConfig.from_dict(data)) if version == CONFIG_VERSION else None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is damaged or not one of ours ({error}); delete the folder to start again") from None
        if folder is None:
            raise ValueError(
                f"{path} was written by another version of CompWorld (config version {version}; allowed: {CONFIG_VERSION}): "
                "train the run again, which gives it a folder of its own, or read this one with the version that wrote it"
            )
        if folder.path.name != path.parent.name:
            raise ValueError(
                f"{path} belongs to run {folder.path.name!r}; the folder was renamed, changed or is of another version"
            )
        return folder

    @classmethod
    def open_finished(cls, root: Path, run_id: str) -> "RunFolder":
        """:meth:`open`, for what needs a result.

        Raises:
            ValueError: also where the run has not finished.
        """
        folder = cls.open(root, run_id)
        if folder.result() is None:
            raise ValueError(
                f"run {folder.path.name!r} has not finished; allowed: finished runs (run the same command to resume it)"
            )
        return folder

    def create(self) -> None:
        """Make the folder with its config."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.path / "config.json", {"config_version": CONFIG_VERSION, **self.config.as_dict()})

    def result(self) -> dict[str, Any] | None:
        """The finished result, or None.

        Raises:
            ValueError: the file is damaged or of another schema.
        """
        if not self._result.exists():
            return None
        try:
            result = json.loads(self._result.read_text())
            schema, run_id = result["schema_version"], result["run_id"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{self._result} is damaged ({error}); delete it to run again") from None
        if schema != SCHEMA_VERSION or run_id != self.path.name:
            raise ValueError(
                f"{self._result} has schema {schema} of run {run_id!r}; allowed: schema {SCHEMA_VERSION} of this run; "
                "delete it to run again"
            )
        scores = {
            which: {name: numbers(of_tasks) for name, of_tasks in of_set.items()} for which, of_set in result["scores"].items()
        }
        return {**result, "scores": scores}

    def write_result(self, result: dict[str, Any]) -> None:
        """Finish the run; its checkpoint is no longer needed."""
        write_json(self._result, {"schema_version": SCHEMA_VERSION, "run_id": self.path.name, **result})
        self.checkpoint.unlink(missing_ok=True)
        self._failure.unlink(missing_ok=True)

    def write_failure(self, problem: str, trace: str) -> None:
        """Say why the run has no result."""
        self.create()
        write_json(self._failure, {"problem": problem, "host": socket.gethostname(), "time": time.time(), "trace": trace})

    def failure(self) -> dict[str, Any] | None:
        """Why the last attempt failed (``problem``, ``host``, ``time`` in seconds since 1970, ``trace``), or None."""
        try:
            return dict(json.loads(self._failure.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def metrics(self) -> list[dict[str, Any]]:
        """Validation records so far, in order."""
        if not self._metrics.exists():
            return []
        try:
            return [json.loads(line) for line in self._metrics.read_text().splitlines()]
        except ValueError as error:
            raise ValueError(f"{self._metrics} is damaged ({error}); delete the folder to run again") from None

    def write_metrics(self, records: list[dict[str, Any]]) -> None:
        """Replace the validation records."""
        write_text(self._metrics, "".join(json.dumps(record) + "\n" for record in records))
