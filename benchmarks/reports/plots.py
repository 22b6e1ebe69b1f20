"""Pictures of results and splits, as PNG files."""

import textwrap
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
from matplotlib.patches import Rectangle

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
    figure.suptitle(textwrap.fill(note, 80 * len(cells)), fontsize=9)
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
    split = diagnosis.split
    figure, (graph, bars) = plt.subplots(1, 2, figsize=(10, 5.4), width_ratios=[3, 2], layout="constrained")
    _co_occurrence(graph, diagnosis)
    values, counts = np.unique(diagnosis.distances, return_counts=True)
    bars.bar(values, counts, color="C0", width=0.6)
    bars.set(xticks=values, xlim=(min(values) - 1, max(values) + 1), ylabel="held-out combinations")
    bars.set_xlabel("modules that differ from\nthe nearest trained combination")
    compositional = "compositional" if diagnosis.compositional else "not compositional"
    connected = "connected" if diagnosis.connected else "not connected"
    figure.suptitle(
        f"support {split.support!r}, world {split.world}: trained {split.trained.sum()}, held out {split.held_out.sum()} "
        f"of {len(split.space)} combinations; {compositional}, {connected}"
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
    axis.set_title("blue: identifiable by the theory, red: not; dotted: 0.95", fontsize=10)
    _save(figure, path)


def combinations_picture(diagnosis: Diagnosis, score_C: np.ndarray, metric: str, note: str, path: Path) -> None:
    """Co-occurrence graph of a split beside the score on every combination: held-out ones have a frame.

    A combination's column is its last module, its row the modules before that one.

    Args:
        diagnosis: of the split.
        score_C: mean score of each combination, not a number where there is none.
        metric: its name.
        note: what was run.
        path: of the PNG.
    """
    split = diagnosis.split
    members = [split.space.decode(index) for index in range(len(split.space))]
    rows = sorted({modules[:-1] for modules in members}, key=lambda row: (len(row), row))
    columns = sorted({modules[-1] for modules in members})
    table = np.full((len(rows), len(columns)), np.nan)
    height = max(5.4, 0.22 * len(rows) + 1.5)
    figure, (graph, heat) = plt.subplots(1, 2, figsize=(12, height), width_ratios=[2, 3], layout="constrained")
    _co_occurrence(graph, diagnosis)
    for index, modules in enumerate(members):
        row, column = rows.index(modules[:-1]), columns.index(modules[-1])
        table[row, column] = score_C[index]
        if split.held_out[index]:
            frame = Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, fill=False, edgecolor="C3", linewidth=2)
            heat.add_patch(frame)
    image = heat.imshow(table, aspect="auto", cmap="viridis")
    names = split.space.module_names
    heat.set_xticks(range(len(columns)), [names[module] for module in columns], rotation=45, ha="right", fontsize=8)
    heat.set_yticks(range(len(rows)), [" + ".join(names[m] for m in row) or "alone" for row in rows], fontsize=7)
    heat.set_title("every combination; red frame: held out", fontsize=9)
    figure.colorbar(image, ax=heat, label=metric)
    figure.suptitle(note, fontsize=9)
    _save(figure, path)


def adapted_picture(
    points_T2: np.ndarray, weights_TM: np.ndarray, held_out_T: np.ndarray, names: Sequence[str], note: str, path: Path
) -> None:
    """What adapted, in two dimensions: a panel for each module, coloured by the module's weight in the task.

    Args:
        points_T2: a point for each task.
        weights_TM: the modules' weights.
        held_out_T: whether the task's combination is held out: drawn as triangles.
        names: of the modules.
        note: how the points were made.
        path: of the PNG.
    """
    columns = min(4, len(names))
    lines = -(-len(names) // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(3 * columns, 2.8 * lines + 0.6), squeeze=False, sharex=True, sharey=True, layout="constrained"
    )
    for axis in axes.flat[len(names) :]:
        axis.axis("off")
    most = float(weights_TM.max())
    for module, name in enumerate(names):
        axis = axes.flat[module]
        for marker, chosen in (("o", ~held_out_T), ("^", held_out_T)):
            image = axis.scatter(
                *points_T2[chosen].T, c=weights_TM[chosen, module], marker=marker, s=14, vmin=0, vmax=most, cmap="viridis"
            )
        axis.set_title(name, fontsize=9)
    figure.colorbar(image, ax=axes, label="weight of the module in the task", shrink=0.8)
    figure.suptitle(note, fontsize=9)
    _save(figure, path)


def _co_occurrence(graph: Any, diagnosis: Diagnosis) -> None:
    """Modules on a ring, with lines between those that are trained together."""
    space = diagnosis.split.space
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
    graph.set_title("modules trained together\n(colour: component, white: never trained)", fontsize=9)


def sweep_picture(rows: Sequence[dict[str, Any]], title: str, axis_label: str, path: Path) -> None:
    """R² against a setting, with intervals: a panel and lines as the rows name them.

    Args:
        rows: of :func:`benchmarks.sweeps.sweep`.
        title: what was asked.
        axis_label: of the horizontal axis.
        path: of the PNG.
    """
    panels = list(dict.fromkeys(row["panel"] for row in rows))
    figure, axes = plt.subplots(1, len(panels), figsize=(5.6 * len(panels), 4.4), squeeze=False, layout="constrained")
    for axis, panel in zip(axes[0], panels, strict=True):
        for line in dict.fromkeys(row["line"] for row in rows):
            found = [row for row in rows if (row["panel"], row["line"]) == (panel, line)]
            x, y = [row["x"] for row in found], [row["value"] for row in found]
            reach = [[row["value"] - row["low"] for row in found], [row["high"] - row["value"] for row in found]]
            axis.errorbar(x, y, np.maximum(reach, 0), marker="o", capsize=3, label=line)
        axis.set(title=panel, xlabel=axis_label, ylabel="R²", ylim=(max(-1.0, axis.get_ylim()[0]), 1.02))
        ticks = sorted({row["x"] for row in rows if row["panel"] == panel})
        if ticks[-1] >= 16 * max(ticks[0], 1):
            axis.set_xscale("symlog", base=2, linthresh=1)  # with room for 0 steps
            axis.set(xlim=(0.8 * ticks[0] - 0.2, 1.2 * ticks[-1]))
            axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            axis.minorticks_off()
    figure.legend(*axes[0][0].get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=len(panels))
    figure.suptitle(title, fontsize=9)
    _save(figure, path)


def conditions_picture(found: dict[str, Any], names: Mapping[str, str], path: Path) -> None:
    """Held-out score of every method on each support, with intervals; a panel for each family, the last for students.

    Args:
        found: of :func:`benchmarks.conditions.compare`.
        names: of the metrics, for the axes; a family's first one is drawn.
        path: of the PNG.
    """
    students = found["theory_setting"]
    panels = [
        (
            f"{family['family']}, {family['seeds']} seeds",
            names[family["metrics"][0]],
            [(row["method"], row["support"], row["scores"][family["metrics"][0]]["held_out"]) for row in family["rows"]],
        )
        for family in found["families"]
    ]
    scores = [("student", row["support"], row["held_out"]) for row in students["rows"]]
    panels.append((f"theory's setting, {students['seeds']} seeds", names["r2"], scores))
    figure, axes = plt.subplots(1, len(panels), figsize=(4.2 * len(panels), 4.4), squeeze=False, layout="constrained")
    for axis, (title, metric, cells) in zip(axes[0], panels, strict=True):
        methods = list(dict.fromkeys(method for method, _, _ in cells))
        places = {support: place for place, support in enumerate(dict.fromkeys(support for _, support, _ in cells))}
        for number, method in enumerate(methods):
            own = [(places[support], estimate) for name, support, estimate in cells if name == method]
            value = np.asarray([estimate["value"] for _, estimate in own])
            reach = np.abs([[estimate["low"] for _, estimate in own], [estimate["high"] for _, estimate in own]] - value)
            x = np.asarray([place for place, _ in own]) + 0.12 * (number - (len(methods) - 1) / 2)
            color = PALETTE.get(method, "black")
            axis.errorbar(x, value, reach, fmt="o", capsize=3, color=color, label=title_of(method))
        axis.set_xticks(range(len(places)), [textwrap.fill(place.replace("_", "-"), 16) for place in places], fontsize=8)
        axis.set(title=title, ylabel=f"{metric}, held out", xlim=(-0.6, len(places) - 0.4))
        axis.legend(fontsize=8)
    figure.suptitle(f"{found['title']}: 95 % intervals over seeds and tasks", fontsize=9)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)
