"""Goals: walk through a maze to an object and interact with it (ICLR 2024, section 5.2)."""

from compworld.families.goals.family import Goals

__all__ = ["Goals"]
