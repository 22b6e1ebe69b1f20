"""Pictures of the leaderboard: held-out against trained combinations, and learning curves."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from compworld.benchmarks.recipes.methods import FLOORS, REFERENCES, title_of
from compworld.benchmarks.reports import style
from compworld.benchmarks.runs.divergence import numbers
from compworld.benchmarks.scores.statistics import INTERVALS, Estimate


@dataclass(frozen=True)
class Panel:
    """Methods on one family and support.

    Attributes:
        title: of the panel.
        score: that is drawn, as words.
        estimates: of each method, on fresh episodes of trained combinations and on held-out combinations.
        curves: validation records of each method, one list for each seed.
    """

    title: str
    score: str
    estimates: dict[str, tuple[Estimate, Estimate]] = field(default_factory=dict)
    curves: dict[str, list[list[dict[str, Any]]]] = field(default_factory=dict)


@style.drawn
def held_out_against_fresh(panels: Sequence[Panel], note: str, path: Path) -> None:
    """Each method's score on fresh episodes of trained combinations (x) against held-out combinations (y).

    Floors and exact references are lines at their held-out score; the panel reaches up to the references.

    Args:
        panels: one for each family and support.
        note: what the intervals are.
        path: of the PNG.
    """
    figure, axes = style.panels(len(panels), style.PANEL + 0.8)
    for axis, panel in zip(axes, panels, strict=True):
        lines = {method: pair[1].value for method, pair in panel.estimates.items() if method in FLOORS + REFERENCES}
        shown = {method: pair for method, pair in panel.estimates.items() if method not in lines} or panel.estimates
        reached = [value for method, value in lines.items() if method in REFERENCES]
        limits = style.limits_of([*reached, *(bound for pair in shown.values() for e in pair for bound in (e.low, e.high))])
        axis.plot(limits, limits, color="0.85", zorder=0)
        colours = style.colours_of(list(shown))
        for method, (fresh, held_out) in shown.items():
            axis.errorbar(
                fresh.value,
                held_out.value,
                xerr=style.reach([fresh]),
                yerr=style.reach([held_out]),
                fmt=style.MARKERS.get(method, "o"),
                capsize=3,
                color=colours[method],
                label=title_of(method),
            )
        axis.set(title=textwrap.fill(panel.title, 44), xlim=limits, ylim=limits, aspect="equal")
        axis.set(xlabel=f"{panel.score}, trained combinations", ylabel=f"{panel.score}, held-out combinations")
        style.floor_lines(axis, {method: value for method, value in lines.items() if method not in shown})
    style.legend_below(figure, axes)
    style.note_above(figure, note)
    style.save(figure, path)


OF_TRIALS = ("validation_return", "normalised return on validation trials, mean over episodes", "trials played in training")
"""What :func:`learning_curves` draws of methods that act."""


@style.drawn
def learning_curves(
    panels: Sequence[Panel],
    path: Path,
    score: str = "validation_action_accuracy",
    title: str = "action accuracy on validation tasks",
    seen: str = "tasks seen in meta-training",
) -> None:
    """A score of validation against tasks seen, mean over seeds with their range; floors are lines at their best.

    Args:
        panels: one for each family and support.
        path: of the PNG.
        score: of validation records.
        title, seen: what the axes are called.
    """
    figure, axes = style.panels(len(panels), style.PANEL)
    for axis, panel in zip(axes, panels, strict=True):
        curves = {method: found for method, seeds in panel.curves.items() if (found := _of_seeds(seeds, score)) is not None}
        shown = {method: found for method, found in curves.items() if method not in FLOORS} or curves
        colours = style.colours_of(list(shown))
        for method, (tasks, values) in shown.items():
            axis.plot(tasks, values.mean(0), color=colours[method], label=title_of(method))
            axis.fill_between(tasks, values.min(0), values.max(0), color=colours[method], alpha=0.15, linewidth=0)
        axis.set(title=textwrap.fill(panel.title, 44), xlabel=seen, ylabel=title)
        drawn = [value for _, values in shown.values() for value in values.flat if np.isfinite(value)]
        if drawn:
            axis.set_ylim(style.limits_of(drawn))
        style.floor_lines(axis, {m: float(a.mean(0).max()) for m, (_, a) in curves.items() if m not in shown})
    style.legend_below(figure, axes)
    note = "Validation: trained combinations, fresh episodes; mean and range over seeds"
    style.note_above(figure, note)
    style.save(figure, path)


@style.drawn
def adaptation_curves(curves: Sequence[Mapping[str, Sequence[Sequence[Estimate]]]], titles: Sequence[str], path: Path) -> None:
    """Score by episode of a trial: solid on held-out combinations, dotted on trained ones; references are dashed.

    Args:
        curves: for each panel and method, estimates of each episode on trained and on held-out combinations.
        titles: of the panels.
        path: of the PNG.
    """
    figure, axes = style.panels(len(curves), style.PANEL, share_y=True)
    for axis, panel, title in zip(axes, curves, titles, strict=True):
        colours = style.colours_of(list(panel))
        for number, (method, pair) in enumerate(panel.items()):
            for estimates, line in zip(pair, (":", "--" if method.startswith("bayes") else "-"), strict=True):
                episodes = np.arange(1, len(estimates) + 1)
                label = title_of(method) if line != ":" else None
                values = [estimate.value for estimate in estimates]
                axis.errorbar(
                    episodes + style.APART * (number - (len(panel) - 1) / 2),
                    values,
                    yerr=style.reach(estimates) if line == "-" else None,
                    linestyle=line,
                    marker=style.MARKERS.get(method, "o") if line == "-" else None,
                    capsize=3,
                    color=colours[method],
                    label=label,
                )
        axis.set(title=textwrap.fill(title, 44), xlabel="episode of the trial", ylabel="normalised return", xticks=episodes)
    style.legend_below(figure, axes)
    note = f"Held-out combinations with {INTERVALS}; dotted: trained combinations"
    style.note_above(figure, note)
    style.save(figure, path)


def _of_seeds(seeds: Sequence[Sequence[Mapping[str, Any]]], score: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Tasks seen [records], and a score [seeds, records], not a number where one diverged, as far as all seeds have come."""
    shortest = min((len(records) for records in seeds), default=0)
    if not shortest:
        return None
    seen = np.asarray([record["tasks"] for record in seeds[0][:shortest]])
    return seen, np.asarray([numbers([record[score] for record in records[:shortest]]) for records in seeds])
