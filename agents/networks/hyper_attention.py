"""Attention as a hypernetwork, HYLA (Schug et al. 2024, arXiv 2406.05816, section 2).

Axes of tensor names: B batch, L tokens, K tokens that are attended to, P heads, D width of a head.
"""

import math

import torch
from torch import Tensor

from compworld.agents.networks.attention import Attending

EPSILON = 1e-6
"""Below the root of the norm over heads."""


class HyperAttending(Attending):
    """A layer whose heads together mix, for each pair of tokens, a small network that the attended token goes through.

    The scores of a pair's heads, divided by their root mean square, are the pair's code. It mixes the heads' value matrices to
    a first layer and, behind a ReLU, their output matrices to a second one. There is no softmax. The results of a token's pairs
    are averaged, where the paper adds them up: here, tasks have different numbers of tokens.
    """

    def code(self, queries: Tensor, known: Tensor) -> Tensor:
        """The code of each pair, [B, P, L, K]."""
        scores = queries @ known[:, 0].mT / math.sqrt(queries.shape[-1])
        return scores * torch.rsqrt(scores.square().mean(1, keepdim=True) + EPSILON)

    def attend(self, queries: Tensor, known: Tensor, mask: Tensor | None) -> Tensor:
        code = self.code(queries, known)
        hidden_BLKD = torch.relu(torch.einsum("bplk,bpkd->blkd", code, known[:, 1]))
        counts = torch.ones_like(code[:, :1]) if mask is None else mask.expand(-1, -1, code.shape[2], -1).to(code.dtype)
        return torch.einsum("bplk,blkd->bpld", code * counts / counts.sum(-1, keepdim=True), hidden_BLKD)
