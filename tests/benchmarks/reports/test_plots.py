"""Pictures: same colours everywhere, numbers in order, floors that do not move the axes."""

from pathlib import Path

import imageio.v3 as iio
import matplotlib as mpl
import pytest

from compworld.agents import ACTORS, LEARNERS, Method
from compworld.benchmarks.recipes.methods import FLOORS
from compworld.benchmarks.reports import result_plots, style
from compworld.benchmarks.scores.statistics import Estimate


@pytest.mark.parametrize("together", [LEARNERS, ACTORS])
def test_every_method_has_a_colour_and_own_ones_get_others(together: dict[str, type[Method]]) -> None:
    colours = style.colours_of([*together, "my:Own", "my:Other"])
    assert set(together) <= set(style.COLOURS)
    of_methods = [colours[method] for method in colours if method not in FLOORS]
    assert len(set(of_methods)) == len(of_methods)


def test_names_are_sorted_by_their_numbers() -> None:
    names = ["128 wide", "16 wide", "M = 12", "M = 4", "32 wide", "16 wide"]
    assert style.in_order(names) == ["16 wide", "32 wide", "128 wide", "M = 4", "M = 12"]


@pytest.mark.parametrize(
    ("support", "title"),
    [("non_compositional", "non-compositional"), ("connected, 20 combinations", "connected, 20 combinations")],
)
def test_supports_are_readable(support: str, title: str) -> None:
    assert style.support_title(support) == title


def test_floors_do_not_move_the_axes() -> None:
    _, (axis,) = style.panels(1)
    axis.set(xlim=(0, 1), ylim=(0.8, 0.9))
    style.floor_lines(axis, {"no_adaptation": 0.82, "random": 0.0})
    assert axis.get_ylim() == (0.8, 0.9)
    assert [text.get_text() for text in axis.texts] == ["no adaptation 0.82"]
    assert axis.get_xlabel().endswith("(below: random actions 0.00)")


def test_labels_of_floors_do_not_lie_on_each_other() -> None:
    _, (axis,) = style.panels(1)
    axis.set(xlim=(0, 1), ylim=(0, 1))
    style.floor_lines(axis, {"random": 0.031, "no_adaptation": 0.02, "shown_bayes": 0.9})
    assert [text.get_text() for text in axis.texts] == [
        "random actions 0.03\nno adaptation 0.02",
        "Bayes, all combinations 0.90",
    ]


def test_exact_references_are_lines_within_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scale of what could be had stands beside what was reached, however far that is."""
    drawn = []
    monkeypatch.setattr(style, "save", lambda figure, path: drawn.append(figure))
    low, high = (Estimate(value, value - 0.05, value + 0.05) for value in (0.3, 0.98))
    panel = result_plots.Panel("goals, random support", "success rate", {"anil": (low, low), "shown_bayes": (high, high)})
    result_plots.held_out_against_fresh([panel], "a note", tmp_path / "a.png")
    (axis,) = drawn[0].axes
    assert axis.get_ylim()[1] > 0.98
    assert [text.get_text() for text in axis.texts] == ["Bayes, all combinations 0.98"]
    assert len(axis.containers) == 1


def test_results_are_drawn(tmp_path: Path) -> None:
    pair = Estimate(0.8, 0.7, 0.9), Estimate(0.6, 0.5, 0.65)
    curve = [{"tasks": step, "validation_action_accuracy": 0.1 * step} for step in range(1, 5)]
    methods = [*LEARNERS, "my:Own"]
    panel = result_plots.Panel("goals, random support", "success rate", dict.fromkeys(methods, pair))
    panel.curves.update({method: [curve, curve[:3]] for method in methods if method != "random"})
    result_plots.held_out_against_fresh([panel, panel], "a note", tmp_path / "a.png")
    result_plots.learning_curves([panel], tmp_path / "b.png")
    only_floors = result_plots.Panel("floors", "return", {"random": pair})
    result_plots.held_out_against_fresh([only_floors], "a note", tmp_path / "c.png")
    for name in "abc":
        assert iio.imread(tmp_path / f"{name}.png").std() > 0


def test_pictures_leave_the_settings_and_the_backend_of_others_alone(tmp_path: Path) -> None:
    with mpl.rc_context({"backend": "svg", "font.size": 7}):
        before = dict(mpl.rcParams)
        style.drawn(lambda: style.save(style.panels(2)[0], tmp_path / "picture.png"))()
        assert dict(mpl.rcParams) == before
    assert (tmp_path / "picture.png").stat().st_size > 0
