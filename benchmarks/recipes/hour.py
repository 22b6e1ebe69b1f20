"""The small families in eight worlds, with budgets at which what theory compares can be decided: an hour on two cores."""

from dataclasses import replace

from compworld.benchmarks.recipes import quick
from compworld.benchmarks.recipes.preset import Preset
from compworld.benchmarks.recipes.quick import FIRST, GOALS, PREFERENCES, TEACHER

STEPS = {PREFERENCES: 2_200, GOALS: 1_500, TEACHER: 1_500}
EXACT = ("shown_bayes", "shown_bayes_trained")
"""Where there is something to act in."""


def preset() -> Preset:
    protocols = tuple(
        protocol if protocol.family == TEACHER else replace(protocol, methods=FIRST + EXACT) for protocol in quick.protocols()
    )
    return Preset("small families in eight worlds, about an hour on two cores", 8, protocols, quick.recipes(STEPS))
