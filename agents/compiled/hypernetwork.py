"""Adapting the coefficients that mix a network's templates; query loss and meta-gradient.

Axes of array names: K inner steps, N samples of a task, T tasks, F fast parameters; others as in
:mod:`compworld.agents.compiled.templates` and :mod:`compworld.agents.compiled.mixing`.
"""

from typing import NamedTuple

import numpy as np

from compworld.agents.compiled import adamw, mixing, projection, templates, uses
from compworld.agents.compiled.compiler import compiled, entry_point
from compworld.agents.compiled.layers import add


class Slow(NamedTuple):
    """What is meta-learned, or its gradients."""

    start: np.ndarray
    """[F]; fast parameters before adaptation."""
    banks: templates.Banks
    embeddings: mixing.Embeddings
    """Of no bank for the linear hypernetwork."""


class Room(NamedTuple):
    """For one task after the other, and K inner steps."""

    passes: templates.Pass
    """Passes 0 to K - 1 are inner steps, K is the query set's, K + 1 the derivative along one direction after the other."""
    uses: uses.Uses
    """Use k is that of inner step k, K + k that of its derivative, 2 K that of the query set."""
    stages: mixing.Stages
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
    """[Z] for the longest task."""
    projections: np.ndarray
    """[C * Z]; empty for dense observations, whose table is mixed itself."""
    of_projections: np.ndarray
    """[C * Z]"""
    scratch: templates.Scratch


@entry_point
def room(steps, samples, dense, outputs, layers, slow):
    """Room for tasks of at most so many samples, with ``dense`` inputs, or 0 if observations are sparse."""
    start, banks, embeddings = slow.start, slow.banks, slow.embeddings
    dtype, count, width = start.dtype, len(banks.output), _width(banks, outputs)
    most = (dense or samples) * width
    projected = 0 if dense else count * most
    return Room(
        templates.room(steps + 2, layers, samples, width, outputs, banks),
        uses.uses(2 * steps + 1, layers, most, banks),
        mixing.stages(steps + 2, layers, embeddings),
        adamw.history(steps, start),
        np.empty((steps + 1, len(start)), dtype),
        np.empty(outputs, dtype),
        np.empty_like(start),
        np.empty_like(start),
        np.empty_like(start),
        np.empty_like(start),
        np.empty_like(start),
        np.empty((layers, count), dtype),
        np.empty(count * width, dtype),
        np.empty(most, dtype),
        np.empty(projected, dtype),
        np.empty(count * most, dtype),
        templates.Scratch(np.empty(most, dtype), np.empty((width, width), dtype)),
    )


@entry_point
def run(part, sets, inner, slow, of_slow, room, fast_TF, score):
    """Adapt to the support sets of a part of the tasks and, if asked to, score on their query sets.

    One function does both, for what is compiled twice takes twice as long to compile.

    Args:
        part: :class:`compworld.agents.compiled.tasks.Part`.
        sets: :class:`compworld.agents.compiled.tasks.Sets`.
        inner: :class:`compworld.agents.compiled.tasks.Inner`.
        slow: :class:`Slow`.
        of_slow: added to are the gradients of the query losses.
        room: for these sizes.
        fast_TF: filled with the tasks' adapted parameters; without rows, if nobody wants them.
        score: whether to score.

    Returns:
        Sum of the query losses.
    """
    steps, total = len(inner.rates.moves), 0.0
    for task in range(part.first, part.last):
        _adapt_to(task, sets.support, inner, slow, room)
        if len(fast_TF):
            fast_TF[task] = room.fast[steps]
        if score:
            total += _score(task, sets.query, inner, slow, of_slow, room)
            _back(task, sets.support, inner, slow, of_slow, room)
    return total


@compiled
def _width(banks, outputs):
    """H"""
    return banks.output.shape[1] // outputs - 1


@compiled
def _first_size(task, taken, slow):
    """Z of a task's set: what its first layer mixes."""
    width = _width(slow.banks, taken.targets.shape[1])
    return (taken.inputs.shape[1] or taken.starts[task + 1] - taken.starts[task]) * width


@compiled
def _first_layer(task, taken, slow, projections):
    """What the first layer of a task's set mixes, [C, Z]: the set's projections, once made, or the table of dense inputs."""
    count, size = len(slow.banks.output), _first_size(task, taken, slow)
    return slow.banks.first if taken.inputs.shape[1] else projections[: count * size].reshape(count, size)


@compiled
def _samples(task, taken, kind):
    """A task's samples."""
    begin, end = taken.starts[task], taken.starts[task + 1]
    return templates.Samples(taken.inputs[begin:end], taken.targets[begin:end], kind)


@compiled
def _of_bias(use, bias_A):
    """Gradient of the output bias, of what is generated and of what adapts alike."""
    return use.of_output[use.number, -len(bias_A) :]


# What a loop needs is taken out of the groups before it: see :class:`compworld.agents.compiled.templates.Network`.


@compiled
def _adapt_to(task, support, inner, slow, room):
    """All inner steps of a task; its fast parameters after step k are number k of ``room.fast``."""
    rates, history, fast, bias, of_mixtures = inner.rates, room.history, room.fast, room.bias, room.of_mixtures
    passes, used, stages, embeddings, scratch = room.passes, room.uses, room.stages, slow.embeddings, room.scratch
    first_moment, second_moment = room.first_moment, room.second_moment
    begin, end = support.starts[task], support.starts[task + 1]
    size = _first_size(task, support, slow)
    first = _first_layer(task, support, slow, room.projections)
    if not support.inputs.shape[1]:
        projection.project(slow.banks.first, support.rows[begin:end], first, room.unmoved)
    network = templates.Network(first, slow.banks.hidden, slow.banks.output)
    samples, weights_WS = _samples(task, support, inner.kind), support.weights
    fast[0] = slow.start
    first_moment[:] = 0
    second_moment[:] = 0
    for k in range(len(rates.moves)):
        at = templates.pass_number(k, end - begin, passes)
        use = uses.Use(k, used.of_first[k * size : (k + 1) * size], used.of_hidden, used.of_output)
        weights = weights_WS[k % len(weights_WS), begin:end]
        mixing.mix(fast[k], k, stages, embeddings, at.mixtures, bias)
        templates.forward_and_back(at, use, network, bias, samples, weights, scratch)
        templates.onto_templates(use, network, of_mixtures)
        mixing.mix_back(k, stages, embeddings, of_mixtures, _of_bias(use, bias), history.gradients[k])
        adamw.step(rates, k, fast[k], fast[k + 1], first_moment, second_moment, history)


@compiled
def _score(task, query, inner, slow, of_slow, room):
    """The query loss; ``room.adjoint`` becomes its gradient with respect to the adapted parameters."""
    steps, count = len(inner.rates.moves), len(slow.banks.output)
    used, stages, embeddings = room.uses, room.stages, slow.embeddings
    begin, end = query.starts[task], query.starts[task + 1]
    rows, size = query.rows[begin:end], _first_size(task, query, slow)
    at = templates.pass_number(steps, end - begin, room.passes)
    # The support set's projections are still needed; those of the query set lie where their gradient comes.
    first = _first_layer(task, query, slow, room.of_projections)
    if not query.inputs.shape[1]:
        projection.project(slow.banks.first, rows, first, room.unmoved)
    network = templates.Network(first, slow.banks.hidden, slow.banks.output)
    use = uses.Use(2 * steps, room.of_query_first[:size], used.of_hidden, used.of_output)
    mixing.mix(room.fast[steps], steps, stages, embeddings, at.mixtures, room.bias)
    samples, weights = _samples(task, query, inner.kind), query.weights[0, begin:end]
    loss = templates.forward_and_back(at, use, network, room.bias, samples, weights, room.scratch)
    uses.note_coefficients(2 * steps, used, at.mixtures)
    templates.onto_templates(use, network, room.of_mixtures)
    mixing.mix_back(steps, stages, embeddings, room.of_mixtures, _of_bias(use, room.bias), room.adjoint)
    mixing.add_gradients(steps, steps, stages, of_slow.embeddings)
    mixing.add_constant_gradients(steps, stages, of_slow.embeddings)
    of_first = room.of_projections[: count * size].reshape(count, size)
    _outer(at.mixtures[0], use.of_first, of_first)
    projection.add_first(of_first, rows, of_slow.banks.first, room.unmoved)
    return loss


@compiled
def _back(task, support, inner, slow, of_slow, room):
    """The way back through the inner steps, from ``room.adjoint``."""
    rates, history, adjoint, direction, change = inner.rates, room.history, room.adjoint, room.direction, room.change
    passes, used, stages, embeddings, scratch = room.passes, room.uses, room.stages, slow.embeddings, room.scratch
    first_moment, second_moment, bias, of_mixtures = room.first_moment, room.second_moment, room.bias, room.of_mixtures
    of_embeddings = of_slow.embeddings
    steps, count = len(rates.moves), len(slow.banks.output)
    begin, end = support.starts[task], support.starts[task + 1]
    size = _first_size(task, support, slow)
    first = _first_layer(task, support, slow, room.projections)
    network = templates.Network(first, slow.banks.hidden, slow.banks.output)
    samples, weights_WS = _samples(task, support, inner.kind), support.weights
    moved = templates.pass_number(steps + 1, end - begin, passes)
    first_moment[:] = 0
    second_moment[:] = 0
    for k in range(steps - 1, -1, -1):
        adamw.step_back(rates, k, adjoint, first_moment, second_moment, history, direction)
        at = templates.pass_number(k, end - begin, passes)
        of_first = used.of_first[(steps + k) * size : (steps + k + 1) * size]
        use = uses.Use(steps + k, of_first, used.of_hidden, used.of_output)
        weights = weights_WS[k % len(weights_WS), begin:end]
        mixing.mix_along(direction, k, steps + 1, stages, embeddings, moved.mixtures, bias)
        templates.along_direction(at, moved, use, network, bias, samples, weights, scratch)
        templates.onto_templates(use, network, of_mixtures)
        mixing.mix_back_along(k, steps + 1, stages, embeddings, of_mixtures, _of_bias(use, bias), change)
        add(adjoint, change)
        uses.note_coefficients(k, used, moved.mixtures)
        uses.note_coefficients(steps + k, used, at.mixtures)
        mixing.add_gradients(steps + 1, k, stages, of_embeddings)
        mixing.add_gradients(k, steps + 1, stages, of_embeddings)
        mixing.add_constant_gradients(steps + 1, stages, of_embeddings)
    of_first = room.of_projections[: count * size].reshape(count, size)
    uses.sum_of_uses(used, of_first, of_slow.banks)
    projection.add_first(of_first, support.rows[begin:end], of_slow.banks.first, room.unmoved)
    add(of_slow.start, adjoint)


@compiled
def _outer(left, right, out):
    for i in range(len(left)):
        for j in range(len(right)):
            out[i, j] = left[i] * right[j]
