"""The order of the tutorials."""

from pathlib import Path

ORDER = (
    "gymnasium_loop",
    "agent_random",
    "agent_by_hand",
    "agent_sb3_told",
    "agent_sb3_trials",
    "reading_a_result",
    "own_training_loop",
    "own_split",
    "own_family",
    "my_method",
    "cluster_run",
)
"""From the first steps to what takes more; what is not named here comes last."""


class Tutorials:
    """Sort key of sphinx-gallery.

    Args:
        folder: of the scripts.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, name: str) -> tuple[int, str]:
        stem = Path(name).stem
        return ORDER.index(stem) if stem in ORDER else len(ORDER), stem
