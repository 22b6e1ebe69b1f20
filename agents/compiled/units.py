"""Which of the rectified units a task's support set uses, and a head's weights behind them.

Axes of array names: N samples of a task, H units, U units that are used and a constant one, P all weights of a head, Q those
behind units that are used.
"""

import numpy as np

from compworld.agents.compiled.compiler import compiled


@compiled
def used_places(features_NH, outputs, places_P):
    """Places of the weights behind units that some sample activates, and behind the constant."""
    width, units = features_NH.shape[1], 0
    active = np.zeros(width, np.bool_)
    for n in range(len(features_NH)):
        for h in range(width):
            active[h] |= features_NH[n, h] != 0  # true for NaN, which must be seen
    for h in range(width):
        if active[h]:
            places_P[units] = h
            units += 1
    places_P[units] = width
    units += 1
    for a in range(1, outputs):
        for u in range(units):
            places_P[a * units + u] = a * (width + 1) + places_P[u]
    return places_P[: outputs * units]


@compiled
def take_units(features_NH, places_Q, out_NU):
    last = out_NU.shape[1] - 1
    for n in range(len(features_NH)):
        for u in range(last):
            out_NU[n, u] = features_NH[n, places_Q[u]]
        out_NU[n, last] = 1


@compiled
def put_units(values_NU, places_Q, out_NH):
    """The transpose of :func:`take_units`."""
    out_NH[:] = 0
    for n in range(len(values_NU)):
        for u in range(values_NU.shape[1] - 1):
            out_NH[n, places_Q[u]] = values_NU[n, u]
