"""Documentation says what is true: every code block runs, every command is one, every link leads somewhere."""

import functools
import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from compworld.benchmarks import cli
from compworld.benchmarks.recipes.methods import title_of

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(path for path in sorted((ROOT / "docs").rglob("*.md")) if "generated" not in path.parts),
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SCORES = re.compile(r"^\| held out \(trained combinations, fresh episodes\) \|.*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)
"""A table of headline scores; its rows."""
LINK = re.compile(r"\]\(([^)#\s]+)")


def blocks(language: str) -> list[tuple[str, str]]:
    """Page and code of every block in a language."""
    return [
        (str(page.relative_to(ROOT)), code)
        for page in PAGES
        for found, code in BLOCK.findall(page.read_text(encoding="utf-8"))
        if found == language
    ]


PYTHON = blocks("python")
COMMANDS = [(page, line) for page, code in blocks("bash") for line in code.splitlines() if line.strip()]


def test_the_readme_has_blocks_and_is_short() -> None:
    assert len([page for page, _ in PYTHON if page == "README.md"]) >= 2
    assert len([page for page, _ in COMMANDS if page == "README.md"]) >= 6
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_every_block_is_run() -> None:
    assert {language for page in PAGES for language, _ in BLOCK.findall(page.read_text(encoding="utf-8"))} <= {"python", "bash"}


@pytest.mark.parametrize(("page", "code"), PYTHON, ids=[f"{page}-{number}" for number, (page, _) in enumerate(PYTHON)])
def test_python_blocks_run(page: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, page, "exec"), {"__name__": page})
    assert "import" in code


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_commands_are_accepted(page: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line takes them as they stand: what it would do is run elsewhere in the tests, for it may take hours."""
    program, *arguments = shlex.split(line, comments=True)
    if program == "make":
        done = subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return
    assert program == "compworld", f"{page}: {line}"
    called: list[str] = []
    for name, command in dict(cli.COMMANDS).items():
        noted = recorder(command, name, called)
        monkeypatch.setitem(cli.COMMANDS, name, noted)
        monkeypatch.setattr(cli, name, noted)
    cli.main(arguments)
    assert called == arguments[:1]


def recorder(command: Callable[..., None], name: str, called: list[str]) -> Callable[..., None]:
    """A function with the same arguments that notes its call."""

    @functools.wraps(command)
    def noted(*_: object, **__: object) -> None:
        called.append(name)

    return noted


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page}: {target}"


@pytest.mark.parametrize(
    ("page", "presets"), [("README.md", ["hour"]), ("docs/results.md", ["hour", "quick", "quick/baselines/*", "standard"])]
)
def test_tables_of_scores_are_the_committed_ones(page: str, presets: list[str]) -> None:
    tables = SCORES.findall((ROOT / page).read_text(encoding="utf-8"))
    assert len(tables) == len(presets)
    for preset, table in zip(presets, tables, strict=True):
        committed = lines_of_scores(preset)
        assert [line for line in table.splitlines() if line not in committed] == []


def lines_of_scores(preset: str) -> list[str]:
    """A line for each method that is shown demonstrations: held-out score with its interval, that on trained combinations."""
    files = sorted((ROOT / "benchmarks" / "results").glob(f"{preset}/leaderboard.json"))
    tables = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    sections = [section for table in tables for section in table["sections"]]
    headlines = {section["title"]: section["headline"] for section in sections if section["track"] == "shown"}
    found: dict[str, dict[str, str]] = {}
    for row in (row for table in tables for row in table["rows"]):
        if row["section"] in headlines:
            held_out, fresh = (
                row["estimates"][f"{which}/{headlines[row['section']]}"] for which in ("held_out", "fresh_episodes")
            )
            value, low, high, trained = (
                round(one, 2) + 0.0 for one in (*map(held_out.get, ("value", "low", "high")), fresh["value"])
            )
            found.setdefault(row["method"], {})[row["family"]] = f"{value:.2f} [{low:.2f}, {high:.2f}] ({trained:.2f})"
    families = sorted({name for cells in found.values() for name in cells})
    return [
        f"| {title_of(method)} | {' | '.join(cells.get(name, '') for name in families)} |" for method, cells in found.items()
    ]
