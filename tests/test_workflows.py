"""What is run for a pull request can be run here: every step is a target of the Makefile; what holds rights runs no entry."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TRUSTED = ("make comment", "make record-verified")
"""Steps that need rights: they handle text, and run no code of an entry."""


def read(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))  # where "on" is a truth value


def steps_of(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


STEPS = [(path.name, step["run"]) for path in WORKFLOWS for step in steps_of(path) if "run" in step]


def test_there_is_one_for_each_purpose() -> None:
    assert [path.stem for path in WORKFLOWS] == ["comment", "publish", "submissions", "tests", "verified"]
    matrix = read(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]["test"]["strategy"]["matrix"]
    assert matrix == {"python": ["3.11", "3.12", "3.13"]}


@pytest.mark.parametrize(("name", "command"), STEPS)
def test_every_step_is_a_target(name: str, command: str) -> None:
    words = re.sub(r"\$\{\{[^}]*\}\}", "7", command).split()
    assert words[0] == "make"
    done = subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_rights_are_where_no_entry_runs(path: Path) -> None:
    workflow, text = read(path), path.read_text(encoding="utf-8")
    assert "pull_request_target" not in workflow[True]
    assert "secrets." not in text
    for job in workflow["jobs"].values():
        rights = job.get("permissions", workflow["permissions"])
        commands = [step["run"] for step in job["steps"] if "run" in step]
        if any(command.startswith("make verify") for command in commands):
            assert set(rights.values()) == {"read"}
            kept = [step["with"]["persist-credentials"] for step in job["steps"] if "checkout" in step.get("uses", "")]
            assert kept == [False]
            assert "GH_TOKEN" not in str(job)
        if "write" in (rights.get("contents"), rights.get("pull-requests")):
            assert all(command.startswith(TRUSTED) for command in commands)


@pytest.mark.extras
@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_are_what_github_takes(path: Path) -> None:
    pytest.importorskip("check_jsonschema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


class Project:
    """A clone with the Makefile alone, and where it was cloned from, which has pull requests."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.origin = folder / "here", folder / "origin"
        for name in ("AUTHOR", "COMMITTER"):
            monkeypatch.setenv(f"GIT_{name}_NAME", "tests")
            monkeypatch.setenv(f"GIT_{name}_EMAIL", "tests@localhost")
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        self.git("init", "--quiet", "--initial-branch=main", str(self.origin), at=folder)
        shutil.copy(ROOT / "Makefile", self.origin)
        self.commit()
        self.git("clone", "--quiet", str(self.origin), str(self.folder), at=folder)

    def git(self, *arguments: str, at: Path | None = None) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=at or self.origin, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "x")

    def request(self, files: dict[str, Path | str]) -> str:
        """A pull request, number 7, that adds files."""
        self.git("checkout", "--quiet", "-B", "theirs", "main")
        for name, content in files.items():
            path = self.origin / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copytree(content, path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("verified.json"))
            else:
                path.write_text(content, encoding="utf-8")
        self.commit()
        head = self.git("rev-parse", "HEAD")
        self.git("update-ref", "refs/pull/7/head", head)
        self.git("checkout", "--quiet", "main")
        return head

    def make(self, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
        """Run a target with the Python of the tests, as if its environment were ready."""
        (self.folder / ".venv").mkdir(exist_ok=True)
        (self.folder / ".venv" / "ready").touch()
        settings = [f"BIN={Path(sys.executable).parent}", "--assume-old=.venv/ready"]
        env = {**os.environ, "PATH": path + os.environ["PATH"]}
        return subprocess.run(
            ["make", *settings, *arguments], cwd=self.folder, capture_output=True, text=True, check=False, env=env
        )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    (folder := tmp_path / "project").mkdir()
    return Project(folder, monkeypatch)


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    """Of records: nothing is trained."""
    import compworld
    from compworld.benchmarks.submissions.submit import submit

    paths = []
    for world in range(3):
        for split in ("train", "held_out"):
            paths.append(tmp_path / f"{world}-{split}.json")
            compworld.evaluate(lambda seen: 0, "CompWorld-Goals-Small-v0", world=world, split=split, tasks=4).save(paths[-1])
    return submit(tmp_path / "still", "tests", "it stands still", records=paths).folder


REQUEST = ("verify-pull-request", "NUMBER=7", "BASE=HEAD", "SALT=12")


def test_a_pull_request_is_verified_commented_merged_and_recorded(project: Project, entry: Path, tmp_path: Path) -> None:
    head = project.request({"submissions/still": entry, "submissions/other": entry})
    done = project.make(*REQUEST)
    assert done.returncode != 0
    found = project.folder / "build" / "verified"
    assert "still (replayed) is confirmed in 3 worlds" in (found / "still.md").read_text(encoding="utf-8")
    assert "Not verified: " in (found / "other.md").read_text(encoding="utf-8"), "its folder is not called as it is"
    (tools := tmp_path / "tools").mkdir()
    script = f'echo "$@" >> {tmp_path}/said\nif [ "$2" = view ]; then echo {head}; else cat "$5" >> {tmp_path}/said; fi\n'
    (tools / "gh").write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
    (tools / "gh").chmod(0o755)
    assert project.make("comment", f"HEAD={head}", path=f"{tools}:").returncode == 0
    said = (tmp_path / "said").read_text(encoding="utf-8")
    assert "pr comment 7 --body-file" in said
    assert "is confirmed in 3 worlds" in said
    assert project.make("comment", "HEAD=another", path=f"{tools}:").returncode != 0
    (found / "number.txt").write_text("7; x\n", encoding="utf-8")
    assert project.make("comment", f"HEAD={head}", path=f"{tools}:").returncode != 0

    project.request({"submissions/still": entry})
    project.git("checkout", "--quiet", "-b", "merged", "refs/pull/7/head")
    project.git("checkout", "--quiet", "--force", "main", at=project.folder)
    project.git("clean", "--quiet", "-fdx", "submissions", at=project.folder)  # another machine's clone
    project.git("pull", "--quiet", "origin", "merged", at=project.folder)
    for line in ("still\n", ""):  # once
        assert project.make("verify-unverified", "SALT=13").returncode == 0
        assert (found / "entries.txt").read_text(encoding="utf-8") == line.replace("still", "submissions/still")
    project.git("checkout", "--quiet", "--detach")
    assert project.make("record-verified").returncode == 0
    assert '"salt":"13"' in project.git("show", "main:submissions/still/verified.json")


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            {"submissions/still/verified.json": "{}"},
            "it brings 'submissions/still/verified.json'; allowed: all files of an entry",
        ),
        (
            {"Makefile": "verify:\n\ttrue\n", "submissions/still/submission.json": "{}"},
            "it changes 'Makefile'; allowed: files in",
        ),
        ({"submissions/still": "a file"}, "it changes 'submissions/still'; allowed: files in submissions/NAME"),
        ({"submissions/$(touch x)/submission.json": "{}"}, "name is '$(touch x)'; allowed"),
    ],
)
def test_other_changes_are_refused(files: dict[str, Path | str], problem: str, project: Project) -> None:
    project.request(files)
    done = project.make(*REQUEST)
    assert done.returncode != 0
    assert problem in done.stderr
    assert problem in (project.folder / "build" / "verified" / "refused.md").read_text(encoding="utf-8")
    assert not list((project.folder / "build" / "verified").glob("[!r]*.md"))
