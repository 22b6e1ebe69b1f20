"""Pictures of splits and of what a learner does on their combinations."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from compworld import Diagnosis
from compworld.benchmarks.reports import style


@style.drawn
def split_picture(diagnosis: Diagnosis, path: Path) -> Path:
    """Module co-occurrence graph of a split, beside how far its held-out combinations are from the trained ones."""
    split = diagnosis.split
    figure, (graph, bars) = style.subplots(1, 2, (10, 5.4), width_ratios=[3, 2])
    _co_occurrence(graph, diagnosis)
    values, counts = np.unique(diagnosis.distances, return_counts=True)
    bars.bar(values, counts, color="C0", width=0.6)
    bars.set(xticks=values, xlim=(min(values) - 1, max(values) + 1), ylabel="held-out combinations")
    bars.yaxis.get_major_locator().set_params(integer=True)
    bars.set_xlabel("modules that differ from\nthe nearest trained combination")
    compositional = "compositional" if diagnosis.compositional else "not compositional"
    connected = "connected" if diagnosis.connected else "not connected"
    figure.suptitle(
        f"{style.support_title(split.support)} support, world {split.world}: trained {split.trained.sum()}, held out "
        f"{split.held_out.sum()} of {len(split.space)} combinations; {compositional}, {connected}"
    )
    return style.save(figure, path)


@style.drawn
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
    figure, (graph, heat) = style.subplots(1, 2, (12, height), width_ratios=[2, 3])
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
    figure.suptitle(note)
    style.save(figure, path)


@style.drawn
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
    figure, axes = style.subplots(lines, columns, (3 * columns, 2.8 * lines + 0.6), squeeze=False, sharex=True, sharey=True)
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
    figure.suptitle(note)
    style.save(figure, path)


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
        graph.scatter(*place[module], s=220, color=color, edgecolor="black", zorder=2)
        across = place[module, 0]
        side = "center" if abs(across) < 0.2 else "left" if across > 0 else "right"
        graph.annotate(space.module_names[module], 1.18 * place[module], ha=side, va="center", fontsize=8)
    graph.set(xlim=(-2, 2), ylim=(-1.35, 1.35), aspect="equal")
    graph.axis("off")
    graph.set_title("modules trained together\n(colour: component, white: never trained)", fontsize=9)
