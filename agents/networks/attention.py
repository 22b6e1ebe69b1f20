"""Layers of a transformer. Axes of tensor names: B batch, L tokens, K tokens that are attended to, P heads, H width."""

import torch
from torch import Tensor, nn

from compworld.agents.networks.initialisers import check_sizes


class Attending(nn.Module):
    """A layer: attention, then two layers of four times the width, each behind a norm and added to what it got.

    Args:
        width: H.
        heads: P.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        check_sizes(width=width, heads=heads)
        if width % heads:
            raise ValueError(f"width {width} of a transformer with {heads} heads; allowed: multiples of the heads")
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.asked, self.answer = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def known(self, tokens_BLH: Tensor) -> Tensor:
        """Keys and values of tokens, by which they are attended to, [B, 2, P, L, H / P]."""
        return self._projected(tokens_BLH, 1, 3)

    def queries(self, tokens_BLH: Tensor) -> Tensor:
        """What tokens attend by, [B, P, L, H / P]."""
        return self._projected(tokens_BLH, 0, 1)[:, 0]

    def forward(self, tokens_BLH: Tensor, known: Tensor, mask: Tensor | None = None) -> Tensor:
        """What becomes of tokens that attend to others, of the same shape.

        Args:
            tokens_BLH: the tokens.
            known: keys and values of those that they attend to.
            mask: bool, broadcast to [B, P, L, K]: which they may attend to; by default all.
        """
        found = self.attend(self.queries(tokens_BLH), known, mask)
        tokens = tokens_BLH + self.answer(found.transpose(1, 2).reshape(tokens_BLH.shape))
        return tokens + self.narrow(torch.relu(self.wide(self.norms[1](tokens))))

    def attend(self, queries: Tensor, known: Tensor, mask: Tensor | None) -> Tensor:
        """What each head finds, [B, P, L, H / P]."""
        return nn.functional.scaled_dot_product_attention(queries, known[:, 0], known[:, 1], mask)

    def _projected(self, tokens_BLH: Tensor, first: int, last: int) -> Tensor:
        """Of queries (0), keys (1) and values (2), those from the first to before the last, [B, number, P, L, H / P]."""
        batch, length, width = tokens_BLH.shape
        rows = slice(first * width, last * width)
        found = nn.functional.linear(self.norms[0](tokens_BLH), self.asked.weight[rows], self.asked.bias[rows])
        return found.view(batch, length, last - first, self.heads, -1).permute(0, 2, 3, 1, 4)
