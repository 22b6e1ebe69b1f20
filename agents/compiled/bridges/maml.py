"""Compiled MAML."""

import numpy as np
import torch
from torch import Tensor

from compworld.agents.compiled import maml as kernel
from compworld.agents.compiled.function import Arrays, in_threads, sum_of_losses
from compworld.agents.compiled.tasks import Part, Sets, inner_of, task_set
from compworld.agents.examples import Examples
from compworld.agents.gradient.loop import Fast
from compworld.agents.gradient.maml import MAML


def query_loss(learner: MAML, support: Examples, query: Examples) -> Tensor:
    """Sum of the tasks' query losses."""
    sets = Sets(task_set(learner.input_layer, support), task_set(learner.input_layer, query))
    inner, layout = inner_of(learner, support), _layout(learner)

    dtype = support.targets.numpy().dtype
    nobody = kernel.Adapted(np.empty((0, 0), dtype), np.empty((0, 0, 0), dtype))

    def run(part: Part, slow: Arrays, of_slow: Arrays) -> float:
        return kernel.run(part, sets, inner, layout, kernel.Slow(*slow), kernel.Slow(*of_slow), nobody, True)

    slow = [torch.cat([value.flatten() for _, value in _shared(learner)]), learner.input_layer.table(learner.first)]
    return sum_of_losses(run, np.diff(sets.support.starts), slow)


def adapt(learner: MAML, support: Examples) -> Fast:
    """The adapted parameters by their names."""
    few, inner, layout = task_set(learner.input_layer, support), inner_of(learner, support), _layout(learner)
    named = _shared(learner)
    shared = torch.cat([value.flatten() for _, value in named]).numpy()
    slow = kernel.Slow(shared, learner.input_layer.table(learner.first).numpy())
    adapted = kernel.Adapted(
        np.empty((len(support), *shared.shape), shared.dtype), np.empty((len(support), *slow.table.shape), shared.dtype)
    )

    def run(part: Part) -> None:
        kernel.run(part, Sets(few, few), inner, layout, slow, slow, adapted, False)

    in_threads(run, np.diff(few.starts))
    parts = torch.split(torch.from_numpy(adapted.shared), [value.numel() for _, value in named], 1)
    fast = {name: part.view(-1, *value.shape) for (name, value), part in zip(named, parts, strict=True)}
    return {**fast, "first": torch.from_numpy(adapted.table)}


def _shared(learner: MAML) -> list[tuple[str, Tensor]]:
    """All parameters but the first layer, in the kernel's order."""
    named = dict(learner.named_parameters())
    biases, hidden = ([name for name in named if name.startswith(start)] for start in ("biases.", "hidden."))
    return [(name, named[name]) for name in (*biases, *hidden, "output", "output_bias")]


def _layout(learner: MAML) -> kernel.Layout:
    return kernel.Layout(learner.hidden_layers, learner.input_layer.sizes(learner.first.detach()).numpy())
