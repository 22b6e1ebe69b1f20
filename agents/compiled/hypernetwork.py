"""Query loss and meta-gradient of adapting the coefficients that mix a network's templates.

Axes of array names: K inner steps, N samples of a task, F fast parameters; others as in :mod:`agents.compiled.templates` and
:mod:`agents.compiled.mixing`.
"""

from typing import NamedTuple

import numpy as np

from agents.compiled import adamw, mixing, templates
from agents.compiled.compiler import compiled, entry_point
from agents.compiled.layers import add, sum_samples


class Room(NamedTuple):
    """For one task after the other, and K inner steps."""

    passes: templates.Pass
    """Passes 0 to K - 1 are inner steps, K is the query set's, K + 1 the derivative along one direction after the other."""
    uses: templates.Uses
    """Use k is that of inner step k, K + k that of its derivative, 2 K that of the query set."""
    blocks: mixing.Blocks
    history: adamw.History
    fast: np.ndarray
    """[K + 1, F]"""
    bias: np.ndarray
    """[A]"""
    first_moment: np.ndarray
    """[F], as the next four"""
    second_moment: np.ndarray
    direction: np.ndarray
    change: np.ndarray
    adjoint: np.ndarray
    of_mixtures: np.ndarray
    """[L, C]"""
    unmoved: np.ndarray
    """[C * H]; sum of rows of the first layer's table."""
    of_query_first: np.ndarray
    """[Z], as the next; Z for the longest task."""
    mixed: np.ndarray
    projections: np.ndarray
    """[C * Z]; empty for dense observations, whose table is mixed itself."""
    of_projections: np.ndarray
    """[C * Z]"""
    transposed: np.ndarray
    """[H, H]; generated weights."""


@entry_point
def room(steps, samples, dense, outputs, layers, start_F, banks, embedding):
    """Room for tasks of at most so many samples, with ``dense`` inputs, or 0 if observations are sparse."""
    dtype, count, width = start_F.dtype, len(banks.output), banks.output.shape[1] // outputs
    most = (dense or samples) * width
    projected = 0 if dense else count * most
    return Room(
        templates.room(steps + 2, layers, samples, width, outputs, banks),
        templates.uses(2 * steps + 1, layers, most, width, outputs, banks),
        mixing.blocks(steps + 2, layers, len(start_F), embedding),
        adamw.history(steps, start_F),
        np.empty((steps + 1, len(start_F)), dtype),
        np.empty(outputs, dtype),
        np.empty_like(start_F),
        np.empty_like(start_F),
        np.empty_like(start_F),
        np.empty_like(start_F),
        np.empty_like(start_F),
        np.empty((layers, count), dtype),
        np.empty(count * width, dtype),
        np.empty(most, dtype),
        np.empty(most, dtype),
        np.empty(projected, dtype),
        np.empty(count * most, dtype),
        np.empty((width, width), dtype),
    )


@entry_point
def query_losses(
    first, last, support, query, rates, classes, start_F, banks, embedding, of_start_F, of_banks, of_embedding, room
):
    """Adapt to the support sets of tasks ``first`` to ``last - 1`` and score on their query sets.

    Args:
        first, last: which tasks.
        support, query: :class:`agents.compiled.tasks.TaskSet`.
        rates: of the inner AdamW.
        classes: see :mod:`agents.compiled.losses`.
        start_F: fast parameters before adaptation.
        banks: :class:`agents.compiled.templates.Banks`.
        embedding: :class:`agents.compiled.mixing.Embedding`, without blocks for the linear hypernetwork.
        of_start_F, of_banks, of_embedding: added to are the gradients.
        room: for these sizes.

    Returns:
        Sum of the query losses.
    """
    steps, fast_size, count = len(rates.moves), len(start_F), len(banks.output)
    dense, width = support.inputs.shape[1], banks.output.shape[1] // support.targets.shape[1]
    passes, uses, blocks, history, fast, bias = room.passes, room.uses, room.blocks, room.history, room.fast, room.bias
    first_moment, second_moment, direction = room.first_moment, room.second_moment, room.direction
    change, adjoint, of_mixtures, unmoved, mixed = room.change, room.adjoint, room.of_mixtures, room.unmoved, room.mixed
    projections, of_projections = room.projections, room.of_projections
    total = 0.0
    for task in range(first, last):
        begin, end = support.starts[task], support.starts[task + 1]
        n = end - begin
        rows, inputs, targets = support.rows[begin:end], support.inputs[begin:end], support.targets[begin:end]
        size = (dense or n) * width
        slow = banks.first if dense else projections[: count * size].reshape(count, size)
        if not dense:
            templates.project(banks.first, rows, slow, unmoved)
        fast[0] = start_F
        first_moment[:] = 0
        second_moment[:] = 0
        for k in range(steps):
            at = templates.pass_number(k, n, passes)
            of_first = uses.of_first[k * size : (k + 1) * size]
            weights = support.weights[k % len(support.weights), begin:end]
            mixing.mix(fast[k], k, blocks, embedding, at.mixtures, bias)
            templates.forward_and_back(
                at, k, uses, of_first, bias, slow, inputs, banks, targets, weights, classes, mixed, room.transposed
            )
            templates.onto_templates(k, uses, of_first, slow, banks, of_mixtures)
            sum_samples(at.output_delta, blocks.of_bias[k])
            mixing.mix_back(k, blocks, embedding, of_mixtures, history.gradients[k])
            adamw.step(rates, k, fast[k], fast[k + 1], first_moment, second_moment, history)

        begin_query, end_query = query.starts[task], query.starts[task + 1]
        q = end_query - begin_query
        query_rows, query_inputs = query.rows[begin_query:end_query], query.inputs[begin_query:end_query]
        at = templates.pass_number(steps, q, passes)
        query_size = (dense or q) * width
        of_first = room.of_query_first[:query_size]
        query_slow = banks.first if dense else of_projections[: count * query_size].reshape(count, query_size)
        if not dense:
            templates.project(banks.first, query_rows, query_slow, unmoved)
        mixing.mix(fast[steps], steps, blocks, embedding, at.mixtures, bias)
        total += templates.forward_and_back(
            at,
            2 * steps,
            uses,
            of_first,
            bias,
            query_slow,
            query_inputs,
            banks,
            query.targets[begin_query:end_query],
            query.weights[0, begin_query:end_query],
            classes,
            mixed,
            room.transposed,
        )
        templates.note_coefficients(2 * steps, uses, at.mixtures)
        templates.onto_templates(2 * steps, uses, of_first, query_slow, banks, of_mixtures)
        sum_samples(at.output_delta, blocks.of_bias[steps])
        mixing.mix_back(steps, blocks, embedding, of_mixtures, adjoint)
        mixing.add_gradients(steps, steps, blocks, fast_size, of_embedding)
        mixing.add_constant_gradients(steps, blocks, of_embedding)
        of_slow = of_projections[: count * query_size].reshape(count, query_size)
        _outer(at.mixtures[0], of_first, of_slow)
        templates.add_first(of_slow, query_rows, of_banks, unmoved)

        first_moment[:] = 0
        second_moment[:] = 0
        moved = templates.pass_number(steps + 1, n, passes)
        for k in range(steps - 1, -1, -1):
            adamw.step_back(rates, k, adjoint, first_moment, second_moment, history, direction)
            at = templates.pass_number(k, n, passes)
            use = steps + k
            of_first = uses.of_first[use * size : (use + 1) * size]
            weights = support.weights[k % len(support.weights), begin:end]
            mixing.mix_along(direction, k, steps + 1, blocks, embedding, moved.mixtures, bias)
            templates.along_direction(
                at,
                moved,
                use,
                uses,
                of_first,
                bias,
                slow,
                inputs,
                banks,
                weights,
                classes,
                mixed,
                room.transposed,
            )
            templates.onto_templates(use, uses, of_first, slow, banks, of_mixtures)
            sum_samples(moved.output_delta, blocks.of_bias[steps + 1])
            mixing.mix_back_along(k, steps + 1, blocks, embedding, of_mixtures, change)
            add(adjoint, change)
            templates.note_coefficients(k, uses, moved.mixtures)
            templates.note_coefficients(use, uses, at.mixtures)
            mixing.add_gradients(steps + 1, k, blocks, fast_size, of_embedding)
            mixing.add_gradients(k, steps + 1, blocks, fast_size, of_embedding)
            mixing.add_constant_gradients(steps + 1, blocks, of_embedding)
        of_slow = of_projections[: count * size].reshape(count, size)
        templates.sum_of_uses(uses, of_slow, of_banks)
        templates.add_first(of_slow, rows, of_banks, unmoved)
        add(of_start_F, adjoint)
    return total


@compiled
def _outer(left, right, out):
    for i in range(len(left)):
        for j in range(len(right)):
            out[i, j] = left[i] * right[j]
