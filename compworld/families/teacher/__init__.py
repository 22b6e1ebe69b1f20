"""Teacher: a network that is a sum of modules labels inputs (ICLR 2024, section 4; arXiv 2507.07207)."""

from compworld.families.teacher.family import Teacher
from compworld.families.teacher.layerwise import LayerwiseTeacher

__all__ = ["LayerwiseTeacher", "Teacher"]
