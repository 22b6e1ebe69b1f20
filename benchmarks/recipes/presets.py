"""Presets by name."""

from collections.abc import Callable

from compworld.benchmarks.recipes import hour, iclr2024, quick, rewarded, standard, teacher
from compworld.benchmarks.recipes.preset import Preset

PRESETS: dict[str, Callable[[], Preset]] = {
    "quick": quick.preset,
    "hour": hour.preset,
    "rewarded-quick": rewarded.preset,
    "teacher": teacher.preset,
    "standard": standard.preset,
    "iclr2024": iclr2024.preset,
}


def preset(name: str) -> Preset:
    """A preset by name.

    Raises:
        ValueError: unknown name.
    """
    if name not in PRESETS:
        raise ValueError(f"unknown preset {name!r}; allowed: {', '.join(map(repr, PRESETS))}")
    return PRESETS[name]()
