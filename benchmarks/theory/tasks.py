"""How many combinations must be trained (ICLR 2024, section 4.1)?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from compworld.benchmarks.theory.sweep import SETS, Cell, Point, Sweep, config_of
from compworld.benchmarks.worlds.world import World

HELD_OUT_FRACTIONS = {4: (0.1, 0.25, 0.5), 6: (0.1, 0.25, 0.5, 0.7), 8: (0.1, 0.25, 0.5, 0.7), 12: (0.5, 0.7, 0.8)}
"""For each number M of modules; at least M combinations are trained."""

ENOUGH = 0.95
"""Of the score on trained combinations that held-out ones should reach."""


class Tasks(Sweep):
    """Number of modules, and how many of their combinations are trained."""

    name = "tasks"
    title = "How many combinations must be trained?"
    axis = "trained combinations"

    def cells(self, seed: int) -> list[Cell]:
        return [
            Cell(
                f"M = {modules}",
                config_of(
                    "linear_hypernetwork",
                    seed,
                    templates=2 * modules,
                    sizes={"modules": modules},
                    support_options={"held_out_fraction": fraction},
                ),
            )
            for modules, fractions in HELD_OUT_FRACTIONS.items()
            for fraction in fractions
        ]

    def points(self, cell: Cell, result: dict[str, Any], runs: Path) -> Iterator[Point]:
        trained = int(World(cell.config).split.trained.sum())
        for which, panel in SETS.items():
            yield Point(panel, trained, self.of_result(result, which))

    def conclusions(self, rows: list[dict[str, Any]]) -> list[str]:
        return needed(rows)


def needed(rows: list[dict[str, Any]]) -> list[str]:
    """How many combinations each number of modules needs, and the straight line through those numbers."""
    panels: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for row in rows:
        panels.setdefault(row["line"], {}).setdefault(row["panel"], []).append((row["x"], row["value"]))
    found = {}
    for modules in HELD_OUT_FRACTIONS:
        if f"M = {modules}" not in panels:
            continue
        trained, held_out = np.transpose(sorted(panels[f"M = {modules}"][SETS["held_out"]]))
        fresh = np.mean([value for _, value in panels[f"M = {modules}"][SETS["fresh_episodes"]]])
        enough = np.flatnonzero(held_out >= ENOUGH * fresh)
        if not len(enough) or enough[0] == 0:
            continue  # never reached, or already with the fewest
        (x0, x1), (y0, y1) = (values[enough[0] - 1 : enough[0] + 1] for values in (trained, held_out))
        found[modules] = x0 + (x1 - x0) * (ENOUGH * fresh - y0) / (y1 - y0)
    numbers = ", ".join(f"{count:.1f} (M = {modules})" for modules, count in found.items()) or "none"
    lines = [
        f"Combinations needed for held-out R² to be {100 * ENOUGH:.0f} % of that on fresh episodes (mean of a line), "
        f"interpolated linearly: {numbers}."
    ]
    if len(found) > 2:
        numbers_M, counts_M = np.asarray(list(found)), np.asarray(list(found.values()))
        slope, start = np.polyfit(numbers_M, counts_M, 1)
        exponent, _ = np.polyfit(np.log(numbers_M), np.log(counts_M), 1)
        error = np.abs(slope * numbers_M + start - counts_M).max()
        lines.append(
            f"Straight line: {slope:.2f} M {start:+.1f}, off by at most {error:.1f}; as a power of M: exponent {exponent:.2f} "
            f"(all pairs grow with exponent 2)."
        )
    return lines
