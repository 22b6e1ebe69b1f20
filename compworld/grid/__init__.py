"""Worlds: mazes, objects, moves and shortest paths, as tables."""
