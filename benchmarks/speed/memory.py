"""Resident memory over many outer steps: ``python -m benchmarks.speed.memory --steps 10000 --json FILE``.

A leak shows as growth after the first steps, in which allocators fill up.
"""

import os
import resource
from pathlib import Path
from typing import Annotated, Any

import torch
import tyro

from compworld import few_shot_tasks
from compworld.agents.training import MetaTrainer
from compworld.benchmarks.recipes.ending import in_one_line
from compworld.benchmarks.recipes.methods import ADAPTIVE
from compworld.benchmarks.recipes.names import FamilyName, MethodName
from compworld.benchmarks.recipes.numbers import Count
from compworld.benchmarks.recipes.parsing import parsed_one
from compworld.benchmarks.recipes.presets import preset
from compworld.benchmarks.runs.allocation import keep_freed_memory
from compworld.benchmarks.runs.provenance import provenance
from compworld.benchmarks.runs.run import new_learner
from compworld.benchmarks.worlds.problems import meta_batch
from compworld.benchmarks.worlds.world import World
from compworld.files import write_json


def resident_mib() -> float:
    """Resident memory of this process, in MiB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def resident_over_steps(family: str, method: str, steps: int, readings: int = 10) -> list[tuple[int, float]]:
    """Outer steps done and resident memory in MiB, at equal distances, of the quick preset's settings."""
    config = preset("quick").config(family, method, 0)
    assert config.outer is not None
    world = World(config)
    trainer = MetaTrainer(new_learner(config, world), config.outer)
    batches = few_shot_tasks(
        world.family,
        world.split,
        tasks=config.meta_batch,
        support_episodes=config.support_episodes,
        query_episodes=config.query_episodes,
        prefetch=True,
    )
    found = []
    for step in range(1, steps + 1):
        trainer.step(meta_batch(next(batches), config.imitation))
        if step % max(1, steps // readings) == 0:
            found.append((step, round(resident_mib(), 1)))
            print(f"{family} {method}: {resident_mib():.1f} MiB after {step} steps", flush=True)
    return found


def main(
    steps: Count = 10_000,
    family: FamilyName = "goals-small",
    method: tuple[MethodName, ...] = ADAPTIVE,  # type: ignore[assignment]
    json_file: Annotated[Path | None, tyro.conf.arg(name="json")] = None,
) -> None:
    """Train with the quick preset's settings and read the resident memory.

    Args:
        steps: Outer steps of each method.
        family: A family of the quick preset.
        method: Which methods.
        json_file: Also write the readings to this file.
    """
    torch.set_num_threads(1)
    keep_freed_memory()
    found: dict[str, Any] = {name: resident_over_steps(family, name, steps) for name in method}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if json_file is not None:
        write_json(json_file, {"family": family, "resident_mib": found, "peak_mib": round(peak, 1), **provenance()})


if __name__ == "__main__":
    with in_one_line():
        parsed_one(main, "python -m benchmarks.speed.memory")()
