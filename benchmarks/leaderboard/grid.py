"""Which runs a leaderboard is made of."""

from collections.abc import Sequence
from dataclasses import replace

from compworld import make_family
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.methods import method_class
from compworld.benchmarks.recipes.presets import preset
from compworld.benchmarks.runs.run import check_device


def grid(
    preset_name: str,
    methods: Sequence[str] | None,
    families: Sequence[str] | None,
    seeds: int | None,
    device: str = "cpu",
    supports: Sequence[str] | None = None,
) -> list[RunConfig]:
    """The configs of a preset; arguments as of :func:`compworld.benchmarks.leaderboard.board.leaderboard`.

    Raises:
        ValueError: something of this does not exist, or nothing is left: refused before any run starts.
    """
    chosen = preset(preset_name)
    configs = [replace(config, device=device) for config in chosen.configs(methods, families, seeds, supports)]
    if not configs:
        asked = {"families": families, "supports": supports, "methods": methods}
        said = ", ".join(f"{name} {', '.join(map(repr, values))}" for name, values in asked.items() if values) or "no seeds"
        raise ValueError(f"preset {preset_name!r} has nothing to run with {said}; allowed: such as it has together")
    check_device(device)
    for config in configs:
        method_class(config.method)
        make_family(config.family, config.world, **config.sizes)
    return configs
