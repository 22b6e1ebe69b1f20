"""What is measured, and how."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
from torch.utils.flop_counter import FlopCounterMode

from compworld import ENV_IDS, few_shot_tasks, make_family, make_split
from compworld.agents.reward.stage import Visited
from compworld.agents.training import MetaTrainer
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.methods import ADAPTIVE
from compworld.benchmarks.recipes.presets import preset
from compworld.benchmarks.runs.run import new_learner
from compworld.benchmarks.worlds.problems import meta_batch
from compworld.benchmarks.worlds.world import World
from compworld.envs.lockstep import Lockstep
from compworld.envs.trials import TrialEngine
from compworld.families import grid_family, trial_sizes

FAMILIES = ("goals", "preferences")

FOR_SECONDS = 1.0
"""Short calls are repeated for so long: the first few of 20 ms took up to half as long again as those that follow."""

TRIAL = {"episodes_per_trial": 4}
"""What a trial is in measurements: options of an environment."""

COUNTED_TASKS = 8
"""Operations are counted on as many tasks; those of a meta-batch are in proportion."""


@dataclass(frozen=True)
class Measured:
    """Seconds for one unit of what was done; floating-point operations of its matrix products, 0 if they were not counted."""

    seconds: float
    unit: str
    note: str
    operations: float = 0.0


def median_seconds(call: Callable[[], Any], repeats: int) -> float:
    """Median duration of at least so many calls, after one call that does not count."""
    call()
    times: list[float] = []
    while len(times) < repeats or sum(times) < FOR_SECONDS:
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def measurements(repeats: int) -> dict[str, Callable[[], Measured]]:
    """Every measurement by name."""
    found: dict[str, Callable[[], Measured]] = {}
    for family in FAMILIES:
        for method in ADAPTIVE:
            config = preset("iclr2024").config(family, method, 0)
            found[f"{family}/{method}"] = lambda config=config: _outer_step(config, repeats)  # type: ignore[misc]
    for family in FAMILIES:
        found[f"{family}/demonstrations"] = lambda family=family: _demonstrations(family, repeats)  # type: ignore[misc]
    for family in (f"{family}-small" for family in FAMILIES):
        found[f"{family}/labels"] = lambda family=family: _labels(family, repeats)  # type: ignore[misc]
    for env_id in ENV_IDS:
        for suffix, options in {"": {}, "/trials": TRIAL}.items():
            found[f"single/{env_id}{suffix}"] = partial(_single, env_id, repeats, **options)
            found[f"vector/{env_id}{suffix}"] = partial(_vector, env_id, repeats, **options)
    import minigrid  # noqa: F401 (registers its ids)

    found["single/MiniGrid-Empty-8x8-v0"] = partial(_single, "MiniGrid-Empty-8x8-v0", repeats)
    found["vector/MiniGrid-Empty-8x8-v0"] = partial(_vector, "MiniGrid-Empty-8x8-v0", max(1, repeats // 2), 64)
    return found


def _outer_step(config: RunConfig, repeats: int) -> Measured:
    world = World(config)
    learner = new_learner(config, world)
    assert config.outer is not None
    trainer = MetaTrainer(learner, config.outer)
    batches = few_shot_tasks(
        world.family,
        world.split,
        tasks=config.meta_batch,
        support_episodes=config.support_episodes,
        query_episodes=config.query_episodes,
        prefetch=True,
    )
    seconds = median_seconds(lambda: trainer.step(meta_batch(next(batches), config.imitation)), repeats)
    few = meta_batch(next(batches)[:COUNTED_TASKS], config.imitation)
    # The counter sees torch's operations only.
    plain = MetaTrainer(learner, replace(config.outer, tasks_at_once=None), compiled=False)
    with FlopCounterMode(display=False) as counter:
        plain.step(few)
    operations = counter.get_total_flops() * config.meta_batch / COUNTED_TASKS
    return Measured(seconds, "outer step", f"{config.meta_batch} tasks and their demonstrations", operations)


def _demonstrations(family_name: str, repeats: int) -> Measured:
    family = make_family(family_name)
    tasks, episodes = 128, family.shots
    batches = few_shot_tasks(family, make_split(family.space), tasks=tasks)
    seconds = median_seconds(lambda: next(batches), repeats) / (2 * tasks * episodes)
    return Measured(seconds, "episode", f"{2 * tasks * episodes} at a time, planned and packed")


def _labels(family_name: str, repeats: int, trials: int = 128) -> Measured:
    sizes = trial_sizes(family_name)
    family = grid_family(make_family(family_name, horizon=sizes["horizon"]))
    engine = TrialEngine(trials, sizes["episodes"], family, None, make_split(family.space), None, "train")
    engine.reset(np.arange(trials))
    lockstep, visited, rng, labels = Lockstep(engine), Visited(engine), np.random.default_rng(0), 0
    while not lockstep.over_B.all():
        running = np.flatnonzero(~lockstep.over_B)
        visited.note(running, int(engine.steps_B.max()))
        labels += len(running)
        lockstep.step(rng.integers(family.actions, size=trials))
    note = f"best actions of {labels} states that random play visited in {trials} trials, planned at once"
    return Measured(median_seconds(visited.labels, repeats) / labels, "label", note)


def _single(env_id: str, repeats: int, steps: int = 2000, **options: Any) -> Measured:
    environment = gym.make(env_id, disable_env_checker=True, **options)
    environment.reset(seed=0)
    environment.action_space.seed(0)
    actions = [environment.action_space.sample() for _ in range(steps)]

    def play() -> None:
        for action in actions:
            _, _, terminated, truncated, _ = environment.step(action)
            if terminated or truncated:
                environment.reset()

    return Measured(median_seconds(play, repeats) / steps, "step", f"{_described(options)}with resets")


def _vector(env_id: str, repeats: int, environments: int = 1024, steps: int = 100, **options: Any) -> Measured:
    envs = gym.make_vec(env_id, num_envs=environments, **options)
    envs.reset(seed=0)
    actions = np.random.default_rng(0).integers(envs.single_action_space.n, size=(steps, environments))  # type: ignore[attr-defined]

    def play() -> None:
        for row in actions:
            envs.step(row)

    seconds = median_seconds(play, repeats) / (steps * environments)
    return Measured(seconds, "step", f"{environments} environments, {_described(options)}with resets")


def _described(options: dict[str, Any]) -> str:
    return f"trials of {options['episodes_per_trial']} episodes, " if options else ""
