"""Pictures of the theory's experiments."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from compworld.benchmarks.recipes.methods import title_of
from compworld.benchmarks.reports import style
from compworld.benchmarks.scores.names import title_of_score
from compworld.benchmarks.scores.statistics import INTERVALS, Estimate
from compworld.evaluation.interval import CONFIDENCE

LINE_STYLES = ("-", "--", ":", "-.")
YES, NO = "#0072B2", "#D55E00"
"""What the theory says."""


@style.drawn
def identification_picture(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Module alignment of every seed for each support; colour: the theory's prediction.

    Args:
        rows: of :meth:`compworld.benchmarks.theory.identification.Identification.found`.
        path: of the PNG.
    """
    figure, axis = style.subplots(1, 1, (8, 1.4 + 0.45 * len(rows)))
    for place, row in enumerate(rows):
        color, label = (YES, "identifiable by the theory") if row["identifiable"] else (NO, "not identifiable")
        axis.plot(row["alignments"], [place] * len(row["alignments"]), "o", color=color, alpha=0.6, label=label)
        axis.plot([row["alignment"]] * 2, [place - 0.3, place + 0.3], color=color, linewidth=2)
    axis.set(xlabel="module alignment (dots: seeds, bars: mean)", xlim=(0, 1.02))
    kinds = {row["weights"] for row in rows}
    names = [sets_title(row["support"]) + (f"\n{row['weights']}" if len(kinds) > 1 else "") for row in rows]
    axis.set_yticks(range(len(rows)), names)
    axis.set_ylabel("modules trained together")
    axis.invert_yaxis()
    style.legend_below(figure, [axis])
    style.save(figure, path)


def sets_title(sets: str) -> str:
    """Sets of modules as people read them: ``"01 12 20"`` for ``"0,1;1,2;2,0"``."""
    return " ".join("".join(group.split(",")) for group in sets.split(";"))


@style.drawn
def sweep_picture(rows: Sequence[dict[str, Any]], title: str, axis_label: str, score: str, path: Path) -> None:
    """A score against a setting, with intervals: a panel and lines as the rows name them.

    Lines of several methods have the methods' colours, those of one method shades in the order of the setting.

    Args:
        rows: of :meth:`compworld.benchmarks.theory.sweep.Sweep.found`.
        title: what was asked.
        axis_label: of the horizontal axis.
        score: the score, as words.
        path: of the PNG.
    """
    panels = list(dict.fromkeys(row["panel"] for row in rows))
    looks = _looks(rows)
    figure, axes = style.panels(len(panels), share_y=True)
    for axis, panel in zip(axes, panels, strict=True):
        for line, look in looks.items():
            found = [row for row in rows if (row["panel"], row["line"]) == (panel, line)]
            x, estimates = [row["x"] for row in found], [Estimate.from_dict(row) for row in found]
            axis.errorbar(x, [e.value for e in estimates], style.reach(estimates), marker="o", capsize=3, label=line, **look)
        ticks = sorted({row["x"] for row in rows if row["panel"] == panel})
        if ticks[-1] >= 16 * max(ticks[0], 1):
            axis.set_xscale("symlog", base=2, linthresh=1)  # with room for 0 steps
            axis.set(xlim=(0.8 * ticks[0] - 0.2, 1.2 * ticks[-1]))
            axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            axis.minorticks_off()
        axis.set(title=panel, xlabel=axis_label)
    low = min(row["low"] for row in rows)
    axes[0].set(ylabel=score, ylim=(max(-1.0, low - 0.04), 1.02))
    style.legend_below(figure, axes)
    style.note_above(figure, title)
    style.save(figure, path)


def _looks(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Colour and kind of every line."""
    method_of = {
        line: next(row["method"] for row in rows if row["line"] == line)
        for line in style.in_order([row["line"] for row in rows])
    }
    if len(set(method_of.values())) == 1:
        return {line: {"color": shade} for line, shade in style.shades(list(method_of)).items()}
    colours = style.colours_of(sorted(method_of.values(), key=[*style.COLOURS, *method_of.values()].index))
    looks: dict[str, dict[str, Any]] = {}
    for line, method in method_of.items():
        number = sum(method_of[other] == method for other in looks)
        looks[line] = {"color": colours[method], "linestyle": LINE_STYLES[number % len(LINE_STYLES)]}
    # A method's lines beside each other.
    return dict(sorted(looks.items(), key=lambda item: list(colours).index(method_of[item[0]])))


@style.drawn
def conditions_picture(found: dict[str, Any], met: str, missed: str, path: Path) -> None:
    """Held-out score of every method on each support, with intervals; a panel for each family, the last for students.

    Args:
        found: of :meth:`compworld.benchmarks.theory.conditions.Condition.found`; a family's first score is drawn.
        met, missed: the support that meets the condition, and the other; students have one of each.
        path: of the PNG.
    """
    panels: list[tuple[str, str, list[tuple[str, str, Estimate]]]] = []
    for family in found["families"]:
        score = family["metrics"][0]
        cells = [
            (row["method"], style.support_title(row["support"]), Estimate.from_dict(row["scores"][score]["held_out"]))
            for row in family["rows"]
        ]
        panels.append((f"{family['family']}, {family['seeds']} seeds", title_of_score(score), cells))
    students = found["theory_setting"]
    cells = [
        ("student", f"{style.support_title(name)}, {sets_title(row['support'])}", Estimate.from_dict(row["held_out"]))
        for name, row in zip((met, missed), students["rows"], strict=True)
    ]
    panels.append((f"theory's setting, {students['seeds']} seeds", title_of_score("r2"), cells))
    figure, axes = style.panels(len(panels))
    for axis, (title, score, cells) in zip(axes, panels, strict=True):
        methods = list(dict.fromkeys(method for method, _, _ in cells))
        supports = list(dict.fromkeys(support for _, support, _ in cells))
        colours = {**style.colours_of(methods), "student": "black"}
        for number, method in enumerate(methods):
            own = [(supports.index(support), estimate) for name, support, estimate in cells if name == method]
            x = np.asarray([place for place, _ in own]) + 0.14 * (number - (len(methods) - 1) / 2)
            estimates = [estimate for _, estimate in own]
            values = [e.value for e in estimates]
            axis.errorbar(x, values, style.reach(estimates), fmt="o", capsize=3, color=colours[method], label=title_of(method))
        axis.set_xticks(range(len(supports)), [support.replace(", ", ",\n") for support in supports])
        axis.set(title=title, ylabel=f"{score}, held out", xlim=(-0.6, len(supports) - 0.4))
    style.legend_below(figure, axes)
    style.note_above(figure, f"{found['title']}: {INTERVALS}")
    style.save(figure, path)


@style.drawn
def coverage_picture(rows: Sequence[dict[str, Any]], title: str, path: Path) -> None:
    """How often intervals hold the truth against the number of worlds; a panel for each thing that has an interval.

    Args:
        rows: ``over_worlds`` of :meth:`compworld.benchmarks.theory.coverage.Coverage.found`.
        title: what was asked.
        path: of the PNG.
    """
    kinds = list(dict.fromkeys(row["of"] for row in rows))
    figure, axes = style.panels(len(kinds), share_y=True)
    for axis, kind in zip(axes, kinds, strict=True):
        found = [row for row in rows if row["of"] == kind]
        worlds = [row["worlds"] for row in found]
        for name, shade in style.shades(list(found[0]["coverage"])).items():
            axis.plot(worlds, [row["coverage"][name] for row in found], marker="o", color=shade, label=name)
        axis.axhline(CONFIDENCE, color="0.45", linewidth=0.8, linestyle=":")
        axis.set(title=kind, xlabel="worlds", xticks=worlds)
    axes[0].set(ylabel=f"intervals at {100 * CONFIDENCE:.0f} % that hold the truth, lowest over spreads")
    style.legend_below(figure, axes)
    figure.suptitle(title)
    style.save(figure, path)
