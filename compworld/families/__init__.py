"""Families: how a combination of modules becomes a task, what a step does, who its expert is, which scores it has."""

from compworld.families.family import Family, check_family, check_split
from compworld.families.goals import Goals
from compworld.families.grid import GridFamily
from compworld.families.preferences import Preferences
from compworld.families.registry import (
    ENV_IDS,
    FAMILIES,
    family_names,
    grid_family,
    make_family,
    register_family,
    trial_sizes,
    unregister_family,
)
from compworld.families.teacher import LayerwiseTeacher, Teacher

for _family in (Preferences, Goals, Teacher, LayerwiseTeacher):
    register_family(_family)

__all__ = [
    "ENV_IDS",
    "FAMILIES",
    "Family",
    "Goals",
    "GridFamily",
    "LayerwiseTeacher",
    "Preferences",
    "Teacher",
    "check_family",
    "check_split",
    "family_names",
    "grid_family",
    "make_family",
    "register_family",
    "trial_sizes",
    "unregister_family",
]
