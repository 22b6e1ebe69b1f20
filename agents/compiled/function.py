"""A compiled meta-gradient as one node of autograd, its tasks shared out to threads."""

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import scipy.linalg.cython_blas  # noqa: F401 (the library behind compiled products, which must be loaded to be limited)
import torch
from threadpoolctl import ThreadpoolController
from torch import Tensor
from torch.autograd.function import once_differentiable

from compworld.agents.compiled.tasks import Part

Arrays = tuple[np.ndarray, ...]
Kernel = Callable[[Part, Arrays, Arrays], float]
"""(which tasks, slow arrays, gradients to add to) -> sum of those tasks' losses."""

PARTS = 12
"""Of a meta-batch, with efforts as 12 to 1, so that threads end at about the same time although another one, which makes
demonstrations, slows some of them down. No number of threads is faster than the first part: more than 6 gain nothing."""


def sum_of_losses(kernel: Kernel, effort_T: np.ndarray, shared: Sequence[Tensor], by_sample: Sequence[Tensor] = ()) -> Tensor:
    """Sum of all tasks' losses, differentiable once with respect to the slow tensors.

    Args:
        kernel: computes losses and gradients; must not hold the interpreter's lock.
        effort_T: about proportional to the time that each task takes.
        shared: slow tensors that all tasks read; the kernel gets those, and gradients of their shapes to add to.
        by_sample: slow tensors [S, ...] of which each task reads its own rows; behind the gradients of ``shared``, the kernel
            gets room for theirs, and has to fill the rows of its tasks.
    """
    return _Sum.apply(kernel, effort_T, len(shared), *shared, *by_sample)


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, kernel: Kernel, effort_T: np.ndarray, shared: int, *slow: Tensor) -> Tensor:
        arrays = tuple(tensor.detach().contiguous().numpy() for tensor in slow)
        of_rows = tuple(np.empty_like(array) for array in arrays[shared:])

        def work(part: Part) -> tuple[float, Arrays]:
            gradients = (*(_zeros(array) for array in arrays[:shared]), *of_rows)
            return kernel(part, arrays, gradients), gradients

        (total, gradients), *others = in_threads(work, effort_T)
        for other_total, other_gradients in others:
            total += other_total
            for gradient, other in zip(gradients[:shared], other_gradients, strict=False):
                gradient += other
                _spare[other.shape, other.dtype].append(other)
        ctx.gradients = [torch.from_numpy(gradient) for gradient in gradients]
        return slow[0].new_tensor(total)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, adjoint: Tensor) -> tuple[Tensor | None, ...]:
        gradients, ctx.gradients = ctx.gradients, None  # as autograd frees what a node has saved
        if gradients is None:
            raise RuntimeError("the gradient of a compiled loss was taken before; allowed: once")
        return None, None, None, *(gradient.mul_(adjoint) for gradient in gradients)


def in_threads(work: Callable[[Part], Any], effort_T: np.ndarray) -> list[Any]:
    """``work`` for parts of the tasks, of falling effort, as many at a time as torch has threads.

    The parts depend on the tasks alone, so that a result is the same to the bit for every number of threads.
    """
    parts = min(PARTS, len(effort_T))
    reached = np.concatenate([[0.0], np.cumsum(effort_T, dtype=np.float64)])
    until = np.concatenate([[0], np.cumsum(np.arange(parts, 0, -1))])
    edges = np.searchsorted(reached, until / until[-1] * reached[-1]).tolist()
    edges = sorted({0, *edges[1:-1], len(effort_T)})  # no part is empty
    with _linear_algebra().limit(limits=1, user_api="blas"):  # one task's matrices are too small to be shared out themselves
        threads = min(torch.get_num_threads(), parts)
        each = map if threads == 1 else _pool(threads, os.getpid()).map
        return list(each(work, map(Part, edges[:-1], edges[1:])))


# The system clears, page by page, what it gives anew, which took a fifth of some meta-gradients: hence what is kept here.

_spare: dict[tuple[tuple[int, ...], np.dtype], list[np.ndarray]] = defaultdict(list)
_rooms = threading.local()


def _zeros(like: np.ndarray) -> np.ndarray:
    try:
        found = _spare[like.shape, like.dtype].pop()
    except IndexError:
        return np.zeros(like.shape, like.dtype)
    found.fill(0)
    return found


def reused(make: Callable[..., Any], *sizes: Any) -> Any:
    """``make(*sizes)`` as this thread made it last, if the sizes are the same (arrays: their shapes and types).

    Its contents are those that were left in it.
    """
    key = tuple((size.shape, size.dtype) if isinstance(size, np.ndarray) else size for size in sizes)
    made = _rooms.__dict__.setdefault("made", {})
    if made.get(make, (None, None))[0] != key:
        made[make] = key, make(*sizes)
    return made[make][1]


def rounded_up(samples: int) -> int:
    """A number of samples for which the next meta-batch can reuse the same room."""
    return -samples // 32 * -32


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Of each process its own: a fork does not inherit threads."""
    return ThreadPoolExecutor(threads, "tasks")


@cache
def _linear_algebra() -> ThreadpoolController:
    return ThreadpoolController()
