"""A gated recurrent unit over packed sequences, its gradient written out.

Sequences are packed as torch packs them: longest first, all of a step together, so that the ``sizes[t]`` of step t are the
first ones. Axes of tensor names: S steps of all sequences together, B sequences, H width, G three gates of H each.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn

from compworld.agents.networks.initialisers import check_sizes


class GRU(nn.Module):
    """The cell of :class:`torch.nn.GRU` (Cho et al. 2014) without dropout or further layers.

    Autograd records some ten operations a step; the gradient written out needs half of the time.

    Args:
        inputs: length of an input.
        width: H.
    """

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        check_sizes(width=width)
        self.width = width
        self.input = nn.Linear(inputs, 3 * width)
        self.recurrent = nn.Parameter(torch.cat([nn.init.orthogonal_(torch.empty(width, width)) for _ in range(3)], 1))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, inputs: Tensor, sizes: Sequence[int], first_BH: Tensor | None = None) -> Tensor:
        """Hidden states [S, H] after each step.

        Args:
            inputs: packed, [S, inputs].
            sizes: sequences that have a step t, for each t; never more than before.
            first_BH: hidden states before the first step; zeros by default.
        """
        gates_SG = self.input(inputs)
        first = gates_SG.new_zeros(sizes[0], self.width) if first_BH is None else first_BH
        return _Recurrence.apply(gates_SG, first, self.recurrent, self.bias, list(sizes))  # type: ignore[no-untyped-call]


class _Recurrence(torch.autograd.Function):
    """The loop over steps. Gates are in the order of torch: reset, update, new."""

    @staticmethod
    def forward(ctx: Any, gates_SG: Tensor, first_BH: Tensor, recurrent_HG: Tensor, bias_H: Tensor, sizes: list[int]) -> Tensor:
        width = first_BH.shape[1]
        hidden_SH, before_SH = (gates_SG.new_empty(len(gates_SG), width) for _ in range(2))
        recurrent_SG = torch.empty_like(gates_SG)
        kept_SG = torch.empty_like(gates_SG)  # reset, update, new
        hidden = first_BH
        for start, size in zip(accumulate(sizes, initial=0), sizes, strict=False):
            part = slice(start, start + size)
            hidden = hidden[:size]
            before_SH[part] = hidden
            recurrent = torch.mm(hidden, recurrent_HG, out=recurrent_SG[part])
            recurrent[:, 2 * width :] += bias_H
            kept, given = kept_SG[part], gates_SG[part]
            both = torch.add(given[:, : 2 * width], recurrent[:, : 2 * width], out=kept[:, : 2 * width]).sigmoid_()
            reset, update = both[:, :width], both[:, width:]
            new = torch.addcmul(given[:, 2 * width :], reset, recurrent[:, 2 * width :], out=kept[:, 2 * width :]).tanh_()
            hidden = torch.lerp(new, hidden, update, out=hidden_SH[part])
        ctx.sizes = sizes
        ctx.save_for_backward(kept_SG, recurrent_SG, before_SH, recurrent_HG)
        return hidden_SH

    @staticmethod
    def backward(ctx: Any, gradient_SH: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, None]:
        kept_SG, recurrent_SG, before_SH, recurrent_HG = ctx.saved_tensors
        reset, update, new = kept_SG.chunk(3, 1)
        # What the gradient of a hidden state is multiplied with, for all steps at once.
        to_new = (1 - update) * (1 - new * new)
        to_update = (before_SH - new) * update * (1 - update)
        to_reset = recurrent_SG[:, 2 * before_SH.shape[1] :] * reset * (1 - reset)
        given_SG, recurrent_SG = torch.empty_like(kept_SG), torch.empty_like(kept_SG)
        transposed = recurrent_HG.t().contiguous()
        carried = gradient_SH.new_zeros(ctx.sizes[0], before_SH.shape[1])
        for start, size in zip(reversed(list(accumulate(ctx.sizes, initial=0))[:-1]), reversed(ctx.sizes), strict=True):
            part = slice(start, start + size)
            hidden = carried[:size].add_(gradient_SH[part])
            of_reset, of_update, of_new = recurrent_SG[part].chunk(3, 1)
            torch.mul(hidden, to_update[part], out=of_update)
            torch.mul(hidden, to_new[part], out=given_SG[part, 2 * hidden.shape[1] :])
            torch.mul(given_SG[part, 2 * hidden.shape[1] :], to_reset[part], out=of_reset)
            torch.mul(given_SG[part, 2 * hidden.shape[1] :], reset[part], out=of_new)
            hidden.mul_(update[part]).addmm_(recurrent_SG[part], transposed)
        width = before_SH.shape[1]
        given_SG[:, : 2 * width] = recurrent_SG[:, : 2 * width]
        return given_SG, carried, before_SH.t() @ recurrent_SG, recurrent_SG[:, 2 * width :].sum(0), None
