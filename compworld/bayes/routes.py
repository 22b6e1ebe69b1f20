"""Routes through places that may pay: the best order in which to try them before time is up, by dynamic programming.

Axes: B batch, P places, I tries of a place, S states of the tries (how many were made at each place), L steps left.
"""

from itertools import product

import numpy as np

SPEED = 1e-6
"""Worth of a step that is left over, per unit of chance: decides only between routes of equal chance."""


def first_try(chance_BPI: np.ndarray, between_BPP: np.ndarray, here_BP: np.ndarray, steps_B: np.ndarray) -> np.ndarray:
    """Where to try next so that the chance of success within the steps left is largest, and of those, success soonest.

    Tries of one place take one step each and are made in the given order. Success ends the route, failure leaves the chances
    of the other tries in proportion, so that a route is one sequence and its value the sum of the chances that it reaches:
    ``J(s, p, l) = max over q of chance[q, s_q] * (1 + SPEED * l') + J(s + e_q, q, l')`` with ``l' = l - between[p, q] - 1``
    (Bellman's recursion for the orienteering problem).

    Args:
        chance_BPI: probability that the i-th try at a place succeeds, descending over i; 0 for none.
        between_BPP: moves between places, int; a negative number means that no path leads.
        here_BP: moves from the agent to each place, likewise.
        steps_B: steps left.

    Returns:
        int64 [B]; the place, -1 where no try is in reach.
    """
    batch, places, tries = chance_BPI.shape
    longest = int(steps_B.max(initial=0))
    counts = list(product(range(tries + 1), repeat=places))
    number = {count: index for index, count in enumerate(counts)}
    rows, left = np.arange(batch)[:, None], np.arange(longest + 1)[None, :]
    values = np.zeros((len(counts), places, batch, longest + 1))

    def worth(count: tuple[int, ...], q: int, moves_B: np.ndarray, left_BL: np.ndarray) -> np.ndarray:
        """Of walking to place q and trying there; -1 where that is not possible."""
        after = left_BL - moves_B[:, None] - 1
        more = number[(*count[:q], count[q] + 1, *count[q + 1 :])]
        chance = chance_BPI[:, q, count[q]][:, None]
        possible = (after >= 0) & (moves_B >= 0)[:, None] & (chance > 0)
        later = values[more, q][rows, np.maximum(after, 0)]
        return np.where(possible, chance * (1 + SPEED * after) + later, -1.0)

    for count in reversed(counts):
        free = [q for q in range(places) if count[q] < tries]
        for p in range(places):
            if count[p] == 0:
                continue  # a place is left only after a try there
            for q in free:
                value = worth(count, q, between_BPP[:, p, q], left)
                np.maximum(values[number[count], p], value, out=values[number[count], p])
    start = (0,) * places
    first = np.stack([worth(start, q, here_BP[:, q], steps_B[:, None])[:, 0] for q in range(places)], axis=1)
    return np.where(first.max(axis=1) > 0, first.argmax(axis=1), -1)
