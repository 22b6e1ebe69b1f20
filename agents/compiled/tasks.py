"""A meta-batch as compiled functions read it."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from compworld.agents.compiled.adamw import Rates, rates
from compworld.agents.compiled.compiler import compiled
from compworld.agents.compiled.losses import Kind, kind_of
from compworld.agents.examples import Examples
from compworld.agents.gradient.learner import GradientLearner
from compworld.agents.networks.inputs import DenseInput, SparseInput


class TaskSet(NamedTuple):
    """Support or query sets of T tasks; the S samples of all tasks one after the other, without padding."""

    rows: np.ndarray
    """int64 [S, R]; active rows of sparse observations, R is 0 where there are none."""
    inputs: np.ndarray
    """[S, D]; dense observations or features, D is 0 where there are none."""
    targets: np.ndarray
    """[S, A]"""
    weights: np.ndarray
    """[W, S]; weights of inner step k are number k modulo W."""
    starts: np.ndarray
    """int64 [T + 1]; the first sample of each task, and S."""


class Part(NamedTuple):
    """Tasks ``first`` to ``last - 1``."""

    first: int
    last: int


class Sets(NamedTuple):
    """Both sets of a meta-batch."""

    support: TaskSet
    query: TaskSet


class Inner(NamedTuple):
    """How tasks adapt."""

    rates: Rates
    kind: Kind


def inner_of(learner: GradientLearner, examples: Examples) -> Inner:
    """A learner's inner loop, in the type of the examples."""
    dtype = examples.targets.numpy().dtype
    return Inner(rates(learner.inner, dtype), kind_of(learner.problem, dtype))


class Packing:
    """Leaves out a meta-batch's padding.

    Args:
        examples: the meta-batch.

    Attributes:
        inputs: those of all samples that are none, [S, ...].
        lengths: number of samples of each task, [T].
    """

    def __init__(self, examples: Examples) -> None:
        samples, lengths = examples.weights.shape[1], examples.lengths
        self._where = torch.nonzero((torch.arange(samples) < lengths[:, None]).flatten())[:, 0]
        self._examples = examples
        self.lengths = lengths.numpy()
        self.inputs = self._pack(examples.inputs)

    def task_set(self, inputs: Tensor) -> TaskSet:
        """The samples with these inputs, numbers of rows [S, R] or values [S, D]."""
        examples = self._examples
        given = examples.weights[None] if examples.minibatches is None else examples.minibatches
        weights = given.flatten(1).index_select(1, self._where)
        targets, none = self._pack(examples.targets), inputs.new_empty(len(inputs), 0)
        rows, values = (none.to(torch.int64), inputs) if inputs.is_floating_point() else (inputs, none.to(targets.dtype))
        tensors = (rows, values, targets, weights)
        rows_SR, inputs_SD, targets_SA, weights_WS = (tensor.detach().contiguous().numpy() for tensor in tensors)
        return TaskSet(rows_SR, inputs_SD, targets_SA, weights_WS, np.concatenate([[0], np.cumsum(self.lengths)]))

    def _pack(self, values_TN: Tensor) -> Tensor:
        return values_TN.flatten(0, 1).index_select(0, self._where)


def task_set(layer: SparseInput | DenseInput, examples: Examples) -> TaskSet:
    """A meta-batch's support or query sets for networks with this first layer."""
    packing = Packing(examples)
    return packing.task_set(layer.compact(packing.inputs))


@compiled
def longest(starts):
    """Most samples of a task."""
    return (starts[1:] - starts[:-1]).max()


@compiled
def is_partial(task, taken):
    """Whether some step leaves samples of a task out."""
    begin, end = taken.starts[task], taken.starts[task + 1]
    for w in range(len(taken.weights)):
        for n in range(begin, end):
            if taken.weights[w, n] == 0:
                return True
    return False
