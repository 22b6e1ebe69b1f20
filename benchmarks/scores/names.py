"""Which scores there are, and how tables and plots call them: a family names its own, the headline first."""

from compworld.families.family import Family
from compworld.families.scores import TITLES

SET_TITLES = {"train": "training tasks", "fresh_episodes": "fresh", "held_out": "held out", "gap": "gap"}
"""How tables call the sets of tasks; the gap is that from fresh episodes to held-out combinations."""

COMBINATION = "combination"
"""Stands beside the scores of each task: the index of its combination."""


def title_of_score(name: str) -> str:
    """How tables and plots call a score."""
    return TITLES.get(name, name.replace("_", " "))


def headline(family: Family) -> str:
    """The score by which a family's learners are compared first."""
    return family.scores[0]


def main_scores(family: Family) -> tuple[str, ...]:
    """The headline and the score beside it: what a narrow table has room for."""
    return family.scores[:2]
