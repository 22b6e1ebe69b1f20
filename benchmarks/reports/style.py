"""One look for all pictures: a colour for each method everywhere, floors as thin lines, readable names, one way to save."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from compworld.benchmarks.recipes.methods import title_of
from compworld.benchmarks.scores.statistics import Estimate
from compworld.files import new_file

# Okabe and Ito's colours, which differ for colour-blind eyes too.
COLOURS = {
    "linear_hypernetwork": "#0072B2",
    "deep_hypernetwork": "#56B4E9",
    "anil": "#D55E00",
    "maml": "#E69F00",
    "shown_transformer": "#882255",
    "bottleneck_transformer": "#AA4499",
    "hyla": "#332288",
    "shown_gru": "#999933",
    "told_hypernetwork": "#009E73",
    "told_network_128": "#A6DBA0",
    "told_network_512": "#5AAE61",
    "told_network_2048": "#1B7837",
    "shown_bayes": "0.2",
    "shown_bayes_trained": "0.45",
    "no_adaptation": "0.45",
    "random": "0.45",
    "gru": "#D55E00",
    "recurrent_hypernetwork": "#0072B2",
    "transformer": "#E69F00",
    "rl2": "#882255",
    "adapting_hypernetwork": "#44AA99",
    "told_policy": "#009E73",
    "told_mixed_policy": "#56B4E9",
    "bayes": "#332288",
    "bayes_trained": "#999933",
    "memoryless": "0.2",
    "random_play": "0.45",
}
OWN_COLOURS = ("#CC79A7", "black", "#8C564B")
"""Of methods that are not ours, in the order in which a picture has them."""

MARKERS = {
    **dict.fromkeys(("told_hypernetwork", "told_network_128", "told_network_512", "told_network_2048"), "D"),
    **dict.fromkeys(("shown_transformer", "bottleneck_transformer", "hyla", "shown_gru"), "s"),
}
"""Dots but for these, which are of another kind: told the task, or reading demonstrations in context."""

LINES = {"random": ":", "shown_bayes": "-.", "shown_bayes_trained": "-."}
"""Of floors and references; dashed but for these."""

APART = 0.03
"""Between methods, on an axis of whole numbers: so that intervals do not hide each other."""

LINE_OF_TEXT = 0.045
"""Height of a label, as a share of a picture's."""

drawn = mpl.rc_context(
    {
        "font.size": 9,
        "axes.titlesize": 10,
        "legend.fontsize": 8,
        "figure.titlesize": 9.5,
        "savefig.dpi": 130,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "text.parse_math": False,  # names are not formulas
    }
)
"""Decorates what draws a picture; the caller's own settings and backend are left alone."""

PANEL = 4.4
"""Width of a panel in inches."""


def subplots(rows: int, columns: int, size: tuple[float, float], **options: Any) -> tuple[Any, Any]:
    """A figure of this size in inches and its axes; pyplot, which has one backend for everybody, does not know of it."""
    figure = Figure(size, layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


PANELS_IN_A_ROW = 3
"""At most: in a page's width more of them cannot be read."""


def panels(number: int, height: float = PANEL, share_y: bool = False) -> tuple[Any, Sequence[Any]]:
    """A figure with panels side by side, in rows; with a shared vertical axis where they show what is compared."""
    columns = min(number, PANELS_IN_A_ROW)
    rows = -(-number // columns)
    figure, axes = subplots(rows, columns, (PANEL * columns, height * rows), squeeze=False, sharey=share_y)
    for left_over in axes.flat[number:]:
        left_over.remove()
    return figure, axes.flat[:number]


def colours_of(methods: Sequence[str]) -> dict[str, str]:
    """A colour for each method."""
    own = iter(OWN_COLOURS * len(methods))
    return {method: COLOURS[method] if method in COLOURS else next(own) for method in dict.fromkeys(methods)}


def shades(names: Sequence[str]) -> dict[str, Any]:
    """A colour for each value of a setting, from dark to light in the order given."""
    return dict(zip(names, mpl.colormaps["viridis"](np.linspace(0, 0.85, len(names))), strict=True))


def support_title(support: str) -> str:
    """A support as people read it: ``"non-compositional"``, ``"connected, 20 combinations"``."""
    return support.replace("_", "-")


def in_order(names: Sequence[str]) -> list[str]:
    """Names sorted such that numbers in them count as numbers."""
    return sorted(
        dict.fromkeys(names),
        key=lambda name: [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name)],
    )


def reach(estimates: Sequence[Estimate]) -> np.ndarray:
    """How far intervals reach below and above their values, [2, estimates]."""
    found = [[e.value - e.low for e in estimates], [e.high - e.value for e in estimates]]
    return np.maximum(np.asarray(found), 0)


def limits_of(values: Sequence[float], margin: float = 0.08) -> tuple[float, float]:
    """Limits of an axis that shows these values, and not much else."""
    low, high = min(values), max(values)
    room = margin * (high - low) or 0.05
    return low - room, high + room


def floor_lines(axis: Any, floors: Mapping[str, float]) -> None:
    """Floors and references as thin labelled lines, without moving the axis: what lies below it is written there."""
    low, high = axis.get_ylim()
    look = {"fontsize": 7, "color": "0.35"}
    below: list[str] = []
    labels: list[tuple[float, str]] = []
    for method, value in sorted(floors.items(), key=lambda floor: floor[1]):
        label = f"{title_of(method).removesuffix(' (floor)')} {value:.2f}"
        if value < low:
            below.append(label)
            continue
        axis.axhline(value, color="0.45", linewidth=0.8, linestyle=LINES.get(method, "--"), zorder=0)
        room = LINE_OF_TEXT * (high - low) * (labels[-1][1].count("\n") + 1) if labels else 0.0
        if labels and value - labels[-1][0] < room:  # they would lie on each other
            label = f"{label}\n{labels.pop()[1]}"
        labels.append((value, label))
    for value, label in labels:
        axis.text(0.99, value, label, transform=axis.get_yaxis_transform(), ha="right", va="bottom", **look)
    if below:
        axis.set_xlabel(f"{axis.get_xlabel()}\n(below: {', '.join(below)})")
    axis.set_ylim(low, high)


def note_above(figure: Any, note: str) -> None:
    """A line about all panels, above them, on as many lines as their width asks for."""
    figure.suptitle(textwrap.fill(note, int(60 * figure.get_figwidth() / PANEL)))


def legend_below(figure: Any, axes: Sequence[Any]) -> None:
    """One legend for all panels, below them, each name once; as many beside each other as fit."""
    found: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    if found:
        longest = max(map(len, found)) + 8  # the handle, too, takes room
        columns = min(len(found), max(1, int(13 * figure.get_figwidth() / longest)))
        figure.legend(list(found.values()), list(found), loc="outside lower center", ncols=columns)


def save(figure: Any, path: Path) -> Path:
    """Write a picture: a PNG, unless the path has the suffix of another kind of picture.

    Returns:
        The path, with the suffix ``.png`` added where it has none that says what it is: dots are parts of names.
    """
    if path.is_dir() or path.suffix[1:].lower() not in figure.canvas.get_supported_filetypes():
        path = path.with_name(path.name + ".png")
    with new_file(path) as part:
        figure.savefig(part)
    return path
