"""Which combination each trial of an evaluation is of. Axis: T trials."""

import numpy as np

from compworld import randomness
from compworld.families.grid import GridFamily
from compworld.modules.splits import Split


def key_of_trials(which: str, seed: int) -> int:
    """The key that, with its number, makes the random stream of a trial of a set of combinations."""
    return randomness.key_of("trials", seed, which)


def combinations_of_trials(family: GridFamily, split: Split, which: str, trials: int, seed: int = 0) -> np.ndarray:
    """Index of the combination of each trial that :func:`compworld.evaluate` plays, int64 [T].

    Args:
        family: that is played.
        split: of its combinations.
        which: combinations of ``"train"``, ``"held_out"`` or ``"all"``.
        trials: their number T.
        seed: of the evaluation.
    """
    streams_T = randomness.stream(np.full(trials, key_of_trials(which, seed)), np.arange(trials))
    return family.combination_of(family.draw_weights(streams_T, split.pool(which)))
