"""Does a larger student generalise worse (ICLR 2024, section 4.1)?"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from compworld.benchmarks.theory.sweep import SETS, Cell, Point, Sweep, config_of

WIDTHS, TEMPLATES = (16, 32, 128), (4, 8, 32)
DECAY = 0.1


class Overparameterisation(Sweep):
    """Templates and width of the linear hypernetwork, and weight decay."""

    name = "overparameterisation"
    title = "Does a larger student generalise worse? The teacher has 4 modules and is 16 wide"
    axis = "templates"

    def cells(self, seed: int) -> list[Cell]:
        cells = [
            Cell(f"{width} wide", config_of("linear_hypernetwork", seed, templates, width))
            for width in WIDTHS
            for templates in TEMPLATES
        ]
        for templates in TEMPLATES:
            config = config_of("linear_hypernetwork", seed, templates)
            assert config.outer is not None
            decayed = replace(config, outer=replace(config.outer, weight_decay=DECAY))
            cells.append(Cell(f"32 wide, weight decay {DECAY}", decayed))
        return cells

    def points(self, cell: Cell, result: dict[str, Any], runs: Path) -> Iterator[Point]:
        for which, panel in SETS.items():
            yield Point(panel, cell.config.options["templates"], self.of_result(result, which))
