"""Pictures of results and splits, as PNG files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from benchmarks.methods import TITLES, title_of
from benchmarks.statistics import Estimate
from compworld.tasks.support import Diagnosis

mpl.use("Agg")
from matplotlib import pyplot as plt

PALETTE = {name: f"C{number}" for number, name in enumerate(TITLES)}


def held_out_against_fresh(cells: dict[str, dict[str, tuple[Estimate, Estimate]]], metric: str, note: str, path: Path) -> None:
    """One panel per family: score on fresh episodes of trained combinations (x) against held-out combinations (y).

    Args:
        cells: {family: {method: (fresh, held out)}}.
        metric: name of the score, for the axes.
        note: what the intervals are.
        path: of the PNG.
    """
    figure, axes = plt.subplots(1, len(cells), figsize=(5.6 * len(cells), 5.4), squeeze=False, layout="constrained")
    for axis, (family, methods) in zip(axes[0], cells.items(), strict=True):
        everything = [bound for pair in methods.values() for e in pair for bound in (e.low, e.high)]
        low, high = min(everything), max(everything)
        margin = 0.05 * (high - low)
        axis.plot([low - margin, high + margin], [low - margin, high + margin], color="0.8", zorder=0)
        for method, (fresh, held_out) in methods.items():
            axis.errorbar(
                fresh.value,
                held_out.value,
                xerr=[[max(0.0, fresh.value - fresh.low)], [max(0.0, fresh.high - fresh.value)]],
                yerr=[[max(0.0, held_out.value - held_out.low)], [max(0.0, held_out.high - held_out.value)]],
                fmt="o",
                capsize=3,
                color=PALETTE.get(method, "black"),
                label=title_of(method),
            )
        axis.set(title=family, xlabel=f"{metric}, trained combinations", ylabel=f"{metric}, held-out combinations")
    axes[0][0].legend(fontsize=8)
    figure.suptitle(note, fontsize=9)
    _save(figure, path)


def learning_curves(curves: Mapping[str, Mapping[str, Sequence[Sequence[dict[str, Any]]]]], path: Path) -> None:
    """One panel per family: validation accuracy against tasks seen, mean over seeds with their range.

    Args:
        curves: {family: {method: one list of validation records per seed}}.
        path: of the PNG.
    """
    figure, axes = plt.subplots(1, len(curves), figsize=(5.6 * len(curves), 4.2), squeeze=False, layout="constrained")
    for axis, (family, methods) in zip(axes[0], curves.items(), strict=True):
        for method, seeds in methods.items():
            shortest = min(len(records) for records in seeds)
            if not shortest:
                continue
            seen = [record["tasks"] for record in seeds[0][:shortest]]
            accuracy = np.asarray(
                [[record["validation_action_accuracy"] for record in records[:shortest]] for records in seeds]
            )
            color = PALETTE.get(method, "black")
            axis.plot(seen, accuracy.mean(0), color=color, label=title_of(method))
            axis.fill_between(seen, accuracy.min(0), accuracy.max(0), color=color, alpha=0.15, linewidth=0)
        axis.set(title=family, xlabel="tasks seen in meta-training", ylabel="action accuracy on validation tasks")
    axes[0][0].legend(fontsize=8)
    figure.suptitle("Validation: trained combinations, fresh episodes; mean and range over seeds", fontsize=9)
    _save(figure, path)


def split_picture(diagnosis: Diagnosis, path: Path) -> None:
    """Module co-occurrence graph of a split, beside how far its held-out combinations are from the trained ones."""
    space, split = diagnosis.split.space, diagnosis.split
    figure, (graph, bars) = plt.subplots(1, 2, figsize=(10, 5.4), width_ratios=[3, 2], layout="constrained")
    modules = space.modules
    angle = np.pi / 2 - 2 * np.pi * np.arange(modules) / modules
    place = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    most = max(1, int((diagnosis.co_occurrence - np.diag(diagnosis.co_occurrence.diagonal())).max()))
    for i in range(modules):
        for j in range(i):
            together = int(diagnosis.co_occurrence[i, j])
            if together:
                graph.plot(*place[[i, j]].T, color="C0", alpha=0.75, linewidth=0.5 + 3 * together / most, zorder=1)
    component = {module: number for number, group in enumerate(diagnosis.components) for module in group}
    for module in range(modules):
        color = f"C{component[module] + 1}" if module in component else "white"
        graph.scatter(*place[module], s=340, color=color, edgecolor="black", zorder=2)
        graph.annotate(
            space.module_names[module], place[module] * np.asarray([1.35, 1.2]), ha="center", va="center", fontsize=8
        )
    graph.set(xlim=(-1.7, 1.7), ylim=(-1.4, 1.4), aspect="equal")
    graph.axis("off")
    graph.set_title("modules trained together (colour: component, white: never trained)", fontsize=9)
    values, counts = np.unique(diagnosis.distances, return_counts=True)
    bars.bar(values, counts, color="C0", width=0.6)
    bars.set(xticks=values, xlim=(min(values) - 1, max(values) + 1), ylabel="held-out combinations")
    bars.set_xlabel("modules that differ from\nthe nearest trained combination")
    compositional = "compositional" if diagnosis.compositional else "not compositional"
    connected = "connected" if diagnosis.connected else "not connected"
    figure.suptitle(
        f"support {split.support!r}, world {split.world}: trained {split.trained.sum()}, held out {split.held_out.sum()} "
        f"of {len(space)} combinations; {compositional}, {connected}"
    )
    _save(figure, path)


def identification_picture(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Module alignment of every seed for each support; colour: the theory's prediction.

    Args:
        rows: of :func:`benchmarks.identification.identification`.
        path: of the PNG.
    """
    figure, axis = plt.subplots(figsize=(8, 1 + 0.45 * len(rows)), layout="constrained")
    for place, row in enumerate(rows):
        color = "C0" if row["identifiable"] else "C3"
        axis.plot(row["alignments"], [place] * len(row["alignments"]), "o", color=color, alpha=0.6)
        axis.plot([row["alignment"]] * 2, [place - 0.3, place + 0.3], color=color, linewidth=2)
    axis.axvline(0.95, color="0.7", linestyle=":")
    axis.set(xlabel="module alignment (dots: seeds, bars: mean)", xlim=(0, 1.02))
    axis.set_yticks(range(len(rows)), [f"{row['support']}\n{row['weights']}" for row in rows], fontsize=8)
    axis.invert_yaxis()
    axis.set_title("blue: identifiable by the theory, red: not", fontsize=9)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)
