"""The paper's settings with equal time for every method: 24 runs of about 2,000 s, two at a time, and the floors.

Outer steps are those that take about 2,000 s of one core with another run beside it; floors take those of the network that
they share.
"""

from dataclasses import replace

from compworld.benchmarks.recipes import iclr2024
from compworld.benchmarks.recipes.config import Evaluation
from compworld.benchmarks.recipes.iclr2024 import GOALS, PREFERENCES
from compworld.benchmarks.recipes.preset import Preset, Recipe, recipes_of, with_schedule


def linear_hypernetwork(family: str) -> Recipe:
    return with_schedule(iclr2024.linear_hypernetwork(family), {PREFERENCES: 4_500, GOALS: 60_000}[family])


def deep_hypernetwork(family: str) -> Recipe:
    return with_schedule(iclr2024.deep_hypernetwork(family), {PREFERENCES: 6_000, GOALS: 30_000}[family])


def anil(family: str) -> Recipe:
    return with_schedule(iclr2024.anil(family), {PREFERENCES: 1_050, GOALS: 11_000}[family])


def maml(family: str) -> Recipe:
    return with_schedule(iclr2024.maml(family), {PREFERENCES: 220, GOALS: 1_100}[family])


def preset() -> Preset:
    evaluation = Evaluation(validate_every=60, tasks=512, query_episodes=1)
    paper = iclr2024.preset()
    protocols = tuple(
        replace(paper.protocol(family), supports=("random",), evaluation=evaluation) for family in (PREFERENCES, GOALS)
    )
    recipes = recipes_of(linear_hypernetwork, deep_hypernetwork, anil, maml)
    return Preset("the paper's settings, equal time for every method: about 8 hours on two cores", 3, protocols, recipes)
