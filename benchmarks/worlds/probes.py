"""A ladder of probe problems with known answers: what a learner should solve before it is let loose on a family.

Observations have one active row out of ``ROWS``. A task is a value for each row, and the loss is the squared error; a learner
that knows nothing scores about 0.5. Support sets show half of the rows, query sets all of them.

1. ``constant_target``: always 1. Everyone solves it.
2. ``support_decides_the_sign``: 1 or -1 everywhere, by task. Needs adaptation.
3. ``known_modules``: one of two modules (fixed random values of every row), with a random weight. The values of rows that the
   support set does not show follow from the module.
4. ``unseen_sum``: both modules at once, which never happens in training. Needs what was learned of each module to add up.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from compworld.agents import Examples, MetaBatch, Problem

ROWS = 8
MODULES = 2


def probe_problem(dtype: torch.dtype = torch.float32) -> Problem:
    """What a learner must know about the probes."""
    return Problem(ROWS, 1, MODULES, "squared_error", torch.zeros(1, ROWS, dtype=dtype), torch.arange(ROWS + 2))


def _weights(tasks: int, generator: torch.Generator) -> Tensor:
    """Weights of size 0.5 to 1 and of either sign, [T, MODULES]."""
    size = 0.5 + 0.5 * torch.rand(tasks, MODULES, generator=generator)
    return size * (2 * torch.randint(2, (tasks, MODULES), generator=generator) - 1)


def _single(tasks: int, generator: torch.Generator) -> Tensor:
    chosen = torch.randint(MODULES, (tasks,), generator=generator)
    return _weights(tasks, generator) * torch.nn.functional.one_hot(chosen, MODULES)


PROBES: dict[str, tuple[Callable[[int, torch.Generator], Tensor], Tensor]] = {
    "constant_target": (lambda tasks, generator: torch.ones(tasks, MODULES) / MODULES, torch.ones(MODULES, ROWS)),
    "support_decides_the_sign": (lambda tasks, generator: _single(tasks, generator).sign(), torch.ones(MODULES, ROWS)),
    "known_modules": (
        _single,
        torch.tensor([[1.0, 1, -1, -1, 1, 1, -1, -1], [1.0, -1, 1, -1, -1, 1, -1, 1]]),
    ),
    "unseen_sum": (
        _weights,
        torch.tensor([[1.0, 1, -1, -1, 1, 1, -1, -1], [1.0, -1, 1, -1, -1, 1, -1, 1]]),
    ),
}
"""For each rung: how module weights are drawn, and the modules [MODULES, ROWS]."""


def probe_batch(name: str, tasks: int, generator: torch.Generator) -> MetaBatch:
    """A meta-batch of one rung."""
    draw, modules = PROBES[name]
    weights = draw(tasks, generator)
    values = weights @ modules

    def examples(rows: Tensor) -> Examples:
        nothing = torch.zeros(tasks, rows.shape[1], dtype=torch.int64)
        targets = values.gather(1, rows)[..., None]
        shown = torch.full((tasks, rows.shape[1]), 1.0 / rows.shape[1])
        return Examples(rows[..., None], nothing, targets, nothing.float(), rows, shown)

    # Rows 0 to 3 tell the modules apart, in random order; queries ask about all rows.
    order = torch.rand(tasks, ROWS // 2, generator=generator).argsort(1)
    return MetaBatch(examples(order), examples(torch.arange(ROWS).expand(tasks, -1)), weights)
