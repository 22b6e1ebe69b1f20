"""What the best behaviour is, for every family."""

from compworld.experts.base import Expert
from compworld.experts.shortest_path import ShortestPathExpert
from compworld.experts.value_iteration import ValueIterationExpert
from compworld.families import Family, Goals, Preferences


def expert_for(family: Family) -> Expert:
    """The expert of a family."""
    if isinstance(family, Preferences):
        return ValueIterationExpert(family)
    if isinstance(family, Goals):
        return ShortestPathExpert(family)
    raise TypeError(f"no expert for {type(family).__name__}; allowed: Preferences, Goals")


__all__ = ["Expert", "ShortestPathExpert", "ValueIterationExpert", "expert_for"]
