"""The first layer of a network that adapts all its weights: of its table, a task carries the rows that its support set uses.

A row that stands for several inputs, a maze's walls, is their mean. Rows that are not used have no gradient and only decay.

Axes of array names: N samples of a task, R active rows, D inputs, V rows of the table, U different rows that a task's support
set uses (all D of dense observations), H width, S shared parameters (all others), P = S + U * H fast parameters of a task.
"""

from typing import NamedTuple

import numpy as np

from compworld.agents.compiled.compiler import compiled
from compworld.agents.compiled.layers import add


class FirstLayer(NamedTuple):
    """How samples read a task's rows."""

    places: np.ndarray
    """int64 [N, R]; which of the U rows, -1 for others. R is 0 for dense observations."""
    inputs: np.ndarray
    """[N, D]; dense observations, else D is 0."""


@compiled
def number_rows(rows_NR, dense, place_of_row_V, used_rows):
    """Gives each row that is used its place, in the order of first use; of dense observations, every row.

    Returns:
        U.
    """
    used = 0
    for n in range(len(rows_NR)):
        for r in range(rows_NR.shape[1]):
            row = rows_NR[n, r]
            if place_of_row_V[row] < 0 and row != len(place_of_row_V) - 1:  # the last row stands for nothing
                place_of_row_V[row] = used
                used_rows[used] = row
                used += 1
    for row in range(dense):
        used_rows[row] = row
    return dense if dense else used


@compiled
def places(rows_NR, place_of_row_V, places_NR):
    """As in :class:`FirstLayer`."""
    for n in range(len(rows_NR)):
        for r in range(rows_NR.shape[1]):
            places_NR[n, r] = place_of_row_V[rows_NR[n, r]]


@compiled
def initial(shared_S, table_VH, used_U, sizes_U, start_P):
    """Fast parameters before adaptation: a row that stands for several is their mean."""
    start_P[: len(shared_S)] = shared_S
    one, width = sizes_U.dtype.type(1), table_VH.shape[1]
    for u in range(len(used_U)):
        share = one / max(sizes_U[u], one)
        begin = len(shared_S) + u * width
        for h in range(width):
            start_P[begin + h] = share * table_VH[used_U[u], h]


@compiled
def initial_back(adjoint_P, used_U, sizes_U, of_shared_S, of_table_VH):
    """Adds the transpose of :func:`initial`."""
    add(of_shared_S, adjoint_P[: len(of_shared_S)])
    one, width = sizes_U.dtype.type(1), of_table_VH.shape[1]
    for u in range(len(used_U)):
        share = one / max(sizes_U[u], one)
        begin = len(of_shared_S) + u * width
        for h in range(width):
            of_table_VH[used_U[u], h] += share * adjoint_P[begin + h]


@compiled
def read(layer, rows_UH, sizes_U, values_NH):
    """Sum of each sample's active rows among those used, each times its size."""
    if layer.inputs.shape[1]:
        np.dot(layer.inputs, rows_UH, values_NH)
        return
    values_NH[:] = 0
    for n in range(len(values_NH)):
        for r in range(layer.places.shape[1]):
            u = layer.places[n, r]
            if u >= 0:
                for h in range(values_NH.shape[1]):
                    values_NH[n, h] += sizes_U[u] * rows_UH[u, h]


@compiled
def pull(layer, deltas_NH, of_rows_UH):
    """The transpose of :func:`read`, but for the sizes."""
    if layer.inputs.shape[1]:
        np.dot(layer.inputs.T, deltas_NH, of_rows_UH)
        return
    of_rows_UH[:] = 0
    for n in range(len(deltas_NH)):
        for r in range(layer.places.shape[1]):
            u = layer.places[n, r]
            if u >= 0:
                for h in range(deltas_NH.shape[1]):
                    of_rows_UH[u, h] += deltas_NH[n, h]


@compiled
def scale(rows_UH, sizes_U):
    """Multiplies each row by its size."""
    for u in range(len(rows_UH)):
        for h in range(rows_UH.shape[1]):
            rows_UH[u, h] *= sizes_U[u]


@compiled
def read_decayed(table_VH, decay, rows_NR, places_NR, values_NH):
    """Adds the rows that the support set does not use: without a gradient, all that changes them is weight decay."""
    for n in range(len(rows_NR)):
        for r in range(rows_NR.shape[1]):
            if places_NR[n, r] < 0:
                for h in range(values_NH.shape[1]):
                    values_NH[n, h] += decay * table_VH[rows_NR[n, r], h]


@compiled
def pull_decayed(of_table_VH, decay, rows_NR, places_NR, deltas_NH):
    """Adds the transpose of :func:`read_decayed`."""
    for n in range(len(rows_NR)):
        for r in range(rows_NR.shape[1]):
            if places_NR[n, r] < 0:
                for h in range(deltas_NH.shape[1]):
                    of_table_VH[rows_NR[n, r], h] += decay * deltas_NH[n, h]
