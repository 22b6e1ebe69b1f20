"""Preferences: collect the objects that a weighted sum of preferences values (ICLR 2024, section 5.1)."""

from compworld.families.preferences.family import Preferences

__all__ = ["Preferences"]
