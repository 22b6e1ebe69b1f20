"""Small acting learners on small worlds, for every one in one list."""

from typing import Any

import torch

from compworld import make_family, make_split
from compworld.agents import ACTORS, ActingLearner, Updates
from compworld.agents.reward.stage import Stage
from compworld.agents.reward.trainer import ActingTrainer
from compworld.agents.training import OuterLoop
from compworld.benchmarks.worlds.problems import acting_problem_of
from compworld.families import GridFamily, grid_family, trial_sizes

ACTING = tuple(name for name, method in ACTORS.items() if issubclass(method, ActingLearner))

OPTIONS: dict[str, dict[str, Any]] = {
    "gru": {"width": 9, "inputs": 7, "policy_width": 8},
    "recurrent_hypernetwork": {"width": 9, "inputs": 7, "policy_width": 6, "templates": 3},
    "transformer": {"width": 8, "layers": 2, "heads": 2, "steps": 64, "policy_width": 8},
    "adapting_hypernetwork": {"width": 6, "hidden": 7, "policy_width": 6, "templates": 3, "reading": 0.5},
    "rl2": {"width": 9, "inputs": 7, "policy_width": 8},
    "memoryless": {"policy_width": 8},
    "told_policy": {"width": 9, "policy_width": 8},
    "told_mixed_policy": {"width": 9, "policy_width": 6, "templates": 3},
}


def family_of(name: str) -> GridFamily:
    return grid_family(make_family(name, horizon=min(12, trial_sizes(name)["horizon"])))


def actor(name: str, family: GridFamily, imitation: str = "optimal_action") -> ActingLearner:
    """A small learner in float64, moved off its start, where a hypernetwork makes the same of all contexts."""
    torch.manual_seed(0)
    made = ACTORS[name](acting_problem_of(family, imitation), **OPTIONS[name]).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    assert isinstance(made, ActingLearner)
    return made


def stage_of(family: GridFamily, trials: int = 6, seed: int = 0) -> Stage:
    return Stage(family, make_split(family.space), "train", trials, trial_sizes(family.label)["episodes"], seed)


def trainer_of(name: str, family: GridFamily, imitation: str = "optimal_action") -> ActingTrainer:
    learner = actor(name, family, imitation)
    return ActingTrainer(learner, OuterLoop(20, 1e-2), stage_of(family), Updates(2, 4), replay=16, seed=3)
