"""Compiled hypernetworks: the linear one adapts coefficients and an output bias, the nonlinear one what its blocks embed."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from compworld.agents.compiled import hypernetwork as kernel
from compworld.agents.compiled.function import Arrays, in_threads, reused, rounded_up, sum_of_losses
from compworld.agents.compiled.mixing import Embeddings
from compworld.agents.compiled.tasks import Part, Sets, inner_of, task_set
from compworld.agents.compiled.templates import Banks
from compworld.agents.examples import Examples
from compworld.agents.gradient.deep_hypernetwork import DeepHypernetwork
from compworld.agents.gradient.linear_hypernetwork import LinearHypernetwork
from compworld.agents.gradient.loop import Fast
from compworld.agents.networks.inputs import SparseInput

Hypernetwork = LinearHypernetwork | DeepHypernetwork


def query_loss(learner: Hypernetwork, support: Examples, query: Examples) -> Tensor:
    """Sum of the tasks' query losses."""
    layer = learner.network.input_layer
    sets, inner = Sets(task_set(layer, support), task_set(layer, query)), inner_of(learner, support)

    nobody = np.empty((0, 0), support.targets.numpy().dtype)

    def run(part: Part, slow: Arrays, of_slow: Arrays) -> float:
        place = _room(learner, support, query, slow)
        return kernel.run(part, sets, inner, _slow(slow), _slow(of_slow), place, nobody, True)

    return sum_of_losses(run, np.diff(sets.support.starts), _tensors(learner))


def adapt(learner: Hypernetwork, support: Examples) -> Fast:
    """The adapted coefficients, and the linear hypernetwork's bias."""
    few, inner = task_set(learner.network.input_layer, support), inner_of(learner, support)
    slow = tuple(tensor.contiguous().numpy() for tensor in _tensors(learner))
    adapted = np.empty((len(support), len(slow[0])), slow[0].dtype)

    def run(part: Part) -> None:
        place = _room(learner, support, support, slow)
        kernel.run(part, Sets(few, few), inner, _slow(slow), _slow(slow), place, adapted, False)

    in_threads(run, np.diff(few.starts))
    fast = torch.from_numpy(adapted)
    count = learner.coefficients.numel()
    coefficients = fast[:, :count].view(-1, *learner.coefficients.shape)
    if isinstance(learner, DeepHypernetwork):
        return {"coefficients": coefficients}
    return {"coefficients": coefficients, "bias": fast[:, count:]}


def _tensors(learner: Hypernetwork) -> list[Tensor]:
    """What the kernel reads, flat: the fields of :class:`compworld.agents.compiled.hypernetwork.Slow`, one after the other."""
    network = learner.network
    table = network.table()
    *hidden, output = network.banks()
    banks = [
        table if isinstance(network.input_layer, SparseInput) else network.by_template(table),
        hidden[0] if hidden else output.new_empty(0, network.width * (network.width + 1)),
        output,
    ]
    return [_start(learner), *banks, *_embeddings(learner)]


def _start(learner: Hypernetwork) -> Tensor:
    """Fast parameters before adaptation, [F]."""
    if isinstance(learner, DeepHypernetwork):
        return learner.coefficients.flatten()
    return torch.cat([learner.initial_coefficients().flatten(), learner.coefficients.new_zeros(learner.problem.outputs)])


def _embeddings(learner: Hypernetwork) -> Sequence[Tensor]:
    """The fields of :class:`compworld.agents.compiled.mixing.Embeddings`."""
    if isinstance(learner, DeepHypernetwork):
        banks = list(learner.embeddings)
        return [torch.stack([torch.cat(list(getattr(bank, name))) for bank in banks]) for name in Embeddings._fields]
    none, templates = learner.coefficients.new_empty(0), learner.network.templates
    return [none.view(0, templates), none.view(0, templates), none.view(0, 0, templates), none.view(0, 0)]


def _slow(arrays: Arrays) -> kernel.Slow:
    return kernel.Slow(arrays[0], Banks(*arrays[1:4]), Embeddings(*arrays[4:]))


def _room(learner: Hypernetwork, support: Examples, query: Examples, slow: Arrays) -> kernel.Room:
    samples = rounded_up(max(support.weights.shape[1], query.weights.shape[1]))
    network = learner.network
    dense = 0 if isinstance(network.input_layer, SparseInput) else network.input_layer.rows
    return reused(_make_room, learner.inner.steps, samples, dense, network.problem.outputs, network.layers, *slow)


def _make_room(steps: int, samples: int, dense: int, outputs: int, layers: int, *slow: np.ndarray) -> kernel.Room:
    return kernel.room(steps, samples, dense, outputs, layers, _slow(slow))
