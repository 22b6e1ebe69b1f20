"""Episodes of the expert, of random play, and of all between, each of which can be played again from its seed."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from compworld import randomness
from compworld.envs.single import CompWorldEnv

BEHAVIOURS = {"expert": (0.0, 0.0), "random": (1.0, 1.0), "mixed": (0.0, 1.0)}
"""How many of an episode's actions are random: a share that is drawn for each episode uniformly between two numbers."""

FINE = 1 << 30
"""Numbers between 0 and 1 are drawn in so many steps."""


@dataclass(frozen=True)
class Episode:
    """An episode of an environment, with S steps.

    Attributes:
        seed: with which ``reset`` begins it.
        observations: S + 1, from the first to that after the last step.
        actions, rewards, terminations, truncations: of each step.
        facts: plain data: ``task``, ``split``, ``success``, ``return``, the exact ``optimal_return`` and ``random_return`` from
            its start, and the share of ``random_actions``.
    """

    seed: int
    observations: list[Any]
    actions: list[int]
    rewards: list[float]
    terminations: list[bool]
    truncations: list[bool]
    facts: dict[str, Any]


def play(environment: CompWorldEnv, behaviour: str, seed: int, number: int) -> Episode:
    """Episode ``number`` of a seed.

    Args:
        environment: to play in.
        behaviour: a key of :data:`BEHAVIOURS`; what is not random is what the expert does, who maximises the sum of rewards.
        seed: of all episodes.
        number: of this one; it does not depend on how many there are.
    """
    own = randomness.key_of("episode", seed, number) % 2**53  # any reader of JSON has it exactly
    bits = randomness.draws(np.asarray([randomness.key_of("actions", own)]), 0, 1 + 2 * environment.horizon)[0]
    least, most = BEHAVIOURS[behaviour]
    share = least + (most - least) * int(randomness.integers(bits[:1], FINE)[0]) / FINE
    chance = randomness.integers(bits[1::2], FINE) / FINE
    dice = randomness.integers(bits[2::2], environment.family.actions)
    observation, info = environment.reset(seed=own)
    facts = {
        "task": {name: np.asarray(value).tolist() for name, value in info["task"].items()},
        "split": info["split"],
        "optimal_return": environment.optimal_return(),
        "random_return": environment.random_return(),
        "random_actions": share,
    }
    episode = Episode(own, [observation], [], [], [], [], facts)
    over = False
    while not over:
        step = len(episode.actions)
        action = int(dice[step]) if chance[step] < share else environment.expert_action()
        observation, reward, terminated, truncated, info = environment.step(action)
        episode.observations.append(observation)
        episode.actions.append(action)
        episode.rewards.append(reward)
        episode.terminations.append(terminated)
        episode.truncations.append(truncated)
        over = terminated or truncated
    facts.update({"success": info["success"], "return": sum(episode.rewards)})
    return episode
