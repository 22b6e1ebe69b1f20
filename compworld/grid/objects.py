"""Coloured objects: which kind and colour of MiniGrid stands for each object feature."""

KINDS = ("ball", "key", "box")
COLORS = ("blue", "green", "yellow", "purple", "red")

OBJECTS = tuple((KINDS[i % len(KINDS)], COLORS[i % len(COLORS)]) for i in range(len(KINDS) * len(COLORS)))
"""(kind, colour) per object feature; the two cycle with coprime lengths, so that all 15 pairs differ."""


def name_of(feature: int) -> str:
    """Words for an object feature, such as ``"blue ball"``."""
    kind, color = OBJECTS[feature]
    return f"{color} {kind}"
