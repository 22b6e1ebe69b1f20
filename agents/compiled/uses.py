"""Uses of templates by a task. The templates' gradients are sums of coefficients times weight gradients over all inner steps:
both are noted, and become one product a task.

Axes of array names: C templates, G hidden layers that share a bank, H width, A outputs, Z what the first layer mixes, U uses:
two for each inner step, and one by the query set.
"""

from typing import NamedTuple

import numpy as np

from compworld.agents.compiled.compiler import compiled
from compworld.agents.compiled.gemm import gemm


class Uses(NamedTuple):
    """Coefficients and gradients of generated weights whose products, summed, are the templates' gradients."""

    first: np.ndarray
    """[U, C]; coefficients, as the next two."""
    hidden: np.ndarray
    """[U, G, C]"""
    output: np.ndarray
    """[U, C]"""
    of_first: np.ndarray
    """[(U - 1) * Z]; of the support set, whose first layer the query set does not share."""
    of_hidden: np.ndarray
    """[U, G, (H + 1) * H]"""
    of_output: np.ndarray
    """[U, A * (H + 1)]"""


class Use(NamedTuple):
    """Where one use of the templates leaves its gradients."""

    number: int
    of_first: np.ndarray
    """[Z]"""
    of_hidden: np.ndarray
    """[U, G, (H + 1) * H]; of all uses, as the next."""
    of_output: np.ndarray
    """[U, A * (H + 1)]"""


@compiled
def uses(count, layers, first, banks):
    """Arrays for as many uses."""
    dtype, (templates, generated) = banks.output.dtype, banks.output.shape
    return Uses(
        np.empty((count, templates), dtype),
        np.empty((count, layers - 2, templates), dtype),
        np.empty((count, templates), dtype),
        np.empty((count - 1) * first, dtype),
        np.empty((count, layers - 2, banks.hidden.shape[1]), dtype),
        np.empty((count, generated), dtype),
    )


@compiled
def note_coefficients(number, uses, mixtures_LC):
    """Coefficients of a use."""
    uses.first[number], uses.hidden[number], uses.output[number] = mixtures_LC[0], mixtures_LC[1:-1], mixtures_LC[-1]


@compiled
def sum_of_uses(uses, of_first_CZ, of_banks):
    """Adds a task's gradients of the templates behind the first layer, and fills those of what the first layer mixes.

    The query set's use is the last one. It has a first layer of its own.
    """
    count, templates = uses.first.shape
    size = of_first_CZ.shape[1]
    support = count - 1
    gemm(uses.first[:support].T, uses.of_first[: support * size].reshape(support, size), 0, of_first_CZ)
    if len(of_banks.hidden):
        coefficients = uses.hidden.reshape(-1, templates)
        gemm(coefficients.T, uses.of_hidden.reshape(len(coefficients), -1), 1, of_banks.hidden)
    gemm(uses.output.T, uses.of_output, 1, of_banks.output)
