"""Compiled ANIL: torch computes features once, compiled code adapts the head."""

import numpy as np
import torch
from torch import Tensor

from compworld.agents.compiled import anil as kernel
from compworld.agents.compiled.function import Arrays, in_threads, reused, rounded_up, sum_of_losses
from compworld.agents.compiled.tasks import Packing, Part, Sets, inner_of
from compworld.agents.examples import Examples
from compworld.agents.gradient.anil import ANIL
from compworld.agents.gradient.loop import Fast


def query_loss(learner: ANIL, support: Examples, query: Examples) -> Tensor:
    """Sum of the tasks' query losses."""
    few, asked = Packing(support), Packing(query)
    features, asked_features = learner.body(few.inputs[None])[0], learner.body(asked.inputs[None])[0]
    sets, inner = Sets(few.task_set(features), asked.task_set(asked_features)), inner_of(learner, support)
    start = learner.initial_head().flatten()
    nobody = np.empty((0, len(start)), support.targets.numpy().dtype)

    def run(part: Part, slow: Arrays, of_slow: Arrays) -> float:
        place = _room(learner, support, query, slow[0])
        return kernel.run(part, sets, inner, slow[0], kernel.Gradients(*of_slow), place, nobody, True)

    return sum_of_losses(run, few.lengths, [start], [features, asked_features])


def adapt(learner: ANIL, support: Examples) -> Fast:
    """The adapted heads."""
    packing = Packing(support)
    few, inner = packing.task_set(learner.body(packing.inputs[None])[0]), inner_of(learner, support)
    start = learner.initial_head().flatten().numpy()
    heads = np.empty((len(support), len(start)), start.dtype)
    unused = kernel.Gradients(start, few.inputs, few.inputs)

    def run(part: Part) -> None:
        place = _room(learner, support, support, start)
        kernel.run(part, Sets(few, few), inner, start, unused, place, heads, False)

    in_threads(run, packing.lengths)
    return {"head": torch.from_numpy(heads).view(len(support), learner.problem.outputs, -1)}


def _room(learner: ANIL, support: Examples, query: Examples, start: np.ndarray) -> kernel.Room:
    samples = rounded_up(max(support.weights.shape[1], query.weights.shape[1]))
    return reused(kernel.room, learner.inner.steps, samples, learner.problem.outputs, start)
