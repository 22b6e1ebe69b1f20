"""Scores against budget: the numbers that committed tables print, each at the tasks that its runs saw."""

import shutil
from pathlib import Path

import imageio.v3 as iio
import pytest

from compworld.benchmarks.leaderboard.published import RESULTS, read_boards
from compworld.benchmarks.recipes.methods import title_of
from compworld.benchmarks.recipes.presets import preset
from compworld.benchmarks.reports import budgets
from compworld.benchmarks.reports.budgets import budgets_of
from compworld.benchmarks.reports.table import text_of


def copied(tmp_path: Path, *tables: str) -> Path:
    for name in tables:
        shutil.copytree(RESULTS / name, tmp_path / name, ignore=shutil.ignore_patterns("*.mp4", "*.png"))
    return tmp_path


def test_points_are_as_printed_and_at_the_tasks_of_the_preset(tmp_path: Path) -> None:
    families = {one.family: one for one in budgets_of(read_boards(copied(tmp_path, "quick", "teacher")))}
    assert list(families) == ["preferences-small", "goals-small", "teacher-small"]
    assert [(point.table, point.tasks) for point in families["teacher-small"].points["anil"]] == [
        ("quick", 16_000),
        ("teacher", 96_000),
    ]
    for family in families.values():
        for method, points in family.points.items():
            for point in points:
                outer = preset(point.table).config(family.family, method, 0).outer
                assert point.tasks == (outer.steps * preset(point.table).protocol(family.family).meta_batch if outer else 0)
                page = (RESULTS / point.table / "leaderboard.md").read_text(encoding="utf-8")
                table = page.partition(f"## {family.family}, random support\n")[2].partition("\n## ")[0]
                row = next(line for line in table.splitlines() if line.startswith(f"| {title_of(method)} |"))
                assert f"| {text_of(point.estimate)} |" in row


def test_floors_and_references_are_lines_at_their_best() -> None:
    (family,) = (one for one in budgets_of(read_boards(RESULTS)) if one.family == "teacher-small")
    assert not {"no_adaptation", "random"} & family.compared.keys()
    assert family.lines["no_adaptation"] == max(point.estimate.value for point in family.points["no_adaptation"])


def test_tables_that_are_missing_or_of_another_track_are_left_out(tmp_path: Path) -> None:
    (family,) = budgets_of(read_boards(copied(tmp_path, "teacher", "rewarded-quick")))
    assert {point.table for points in family.points.values() for point in points} == {"teacher"}


def test_nothing_to_compare_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no table compares methods on the track shown"):
        budgets_of(read_boards(copied(tmp_path, "rewarded-quick")))


def test_the_picture_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    budgets.main(tmp_path / "budgets.png")
    assert iio.imread(tmp_path / "budgets.png").std() > 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "budgets.png")
