"""Frozen splits, shipped with the package: one JSON file per family and support, for worlds 0 to 9."""
