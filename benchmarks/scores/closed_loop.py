"""Scores of playing: the adapted policy acts in the environment itself. Axes: T tasks, E episodes, M modules."""

import numpy as np
import torch

from compworld.agents import Adapted
from compworld.benchmarks.worlds.world import World


def closed_loop(
    adapted: Adapted, world: World, weights_TM: np.ndarray, episodes: int, seed: int, device: str = "cpu"
) -> dict[str, np.ndarray]:
    """Let an adapted learner play; success rate, and return normalised to random = 0 and exact optimum = 1, each [T].

    Returns are normalised on sums over a task's episodes, since the optimum of a single episode may be 0.

    Args:
        adapted: to the tasks.
        world: where it plays.
        weights_TM: the tasks.
        episodes: of each task.
        seed: of the environments.
        device: that the learner's tensors are on.
    """
    tasks = len(weights_TM)
    environment = world.environments(tasks * episodes, autoreset_mode="Disabled")
    wanted = [world.family.task_of(weights) for weights in weights_TM for _ in range(episodes)]
    observation, _ = environment.reset(seed=seed, options={"task": wanted})
    best, random = environment.optimal_return(), environment.random_return()
    returns, success = np.zeros(tasks * episodes), np.zeros(tasks * episodes, dtype=bool)
    ended = np.zeros(tasks * episodes, dtype=bool)
    while not ended.all():
        rows = torch.as_tensor(observation, device=device).view(tasks, episodes, -1)
        observation, reward, terminated, truncated, info = environment.step(adapted.act(rows).flatten().cpu().numpy())
        returns += reward
        newly = (terminated | truncated) & ~ended
        success[newly] = info["success"][newly]
        ended |= newly
    environment.close()

    def of_tasks(values: np.ndarray) -> np.ndarray:
        return values.reshape(tasks, episodes).sum(1)

    gained, possible = of_tasks(returns) - of_tasks(random), of_tasks(best) - of_tasks(random)
    return {
        "success_rate": success.reshape(tasks, episodes).mean(1),
        "normalised_return": gained / np.maximum(possible, 1e-9),
    }
