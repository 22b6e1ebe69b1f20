"""The formats of data sets by name."""

from collections.abc import Callable
from pathlib import Path

from compworld.benchmarks.data.few_shot import write_few_shot
from compworld.benchmarks.data.minari_dataset import write_minari
from compworld.benchmarks.data.request import Request

FORMATS: dict[str, Callable[[Request, Path], list[Path]]] = {"minari": write_minari, "parquet": write_few_shot}
"""What writes each format; the packages that it needs are loaded when it is called."""
