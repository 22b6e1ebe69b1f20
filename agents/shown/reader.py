"""Layers of attention over demonstrations. Axes of tensor names: T tasks, N samples, H width."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from compworld.agents.examples import Examples, Problem
from compworld.agents.networks.attention import Attending
from compworld.agents.networks.initialisers import check_sizes
from compworld.agents.shown.learner import Known
from compworld.agents.shown.tokens import Tokens

THERE, TOKENS = "there", "tokens"
"""Which steps count, bool [T, N], and what becomes of them before the last layer, [T, N, H]."""


class Reader(nn.Module):
    """A transformer. Demonstrated steps attend to each other, in no order; what is asked about attends to them alone.

    Args:
        problem: gives inputs and labels.
        width: H, of every layer.
        layers: their number.
        heads: of each.
        kind: of the layers.
    """

    def __init__(self, problem: Problem, width: int, layers: int, heads: int, kind: type[Attending] = Attending) -> None:
        super().__init__()
        check_sizes(layers=layers)
        self.tokens = Tokens(problem, width)
        attending = nn.ModuleList(kind(width, heads) for _ in range(layers))
        self.attending: Sequence[Attending] = attending  # type: ignore[assignment]  # a module list is one
        self.norm = nn.LayerNorm(width)

    def read(self, shown: Examples) -> Known:
        """Keys and values of the steps for each layer by its number, :data:`THERE` and :data:`TOKENS`."""
        known: Known = {THERE: shown.weights > 0, TOKENS: self.tokens.shown(shown)}
        for number, attending in enumerate(self.attending):
            if number:
                known[TOKENS] = self._layer(number - 1, known[TOKENS], known)
            known[str(number)] = attending.known(known[TOKENS])
        return known

    def gist(self, known: Known) -> Tensor:
        """The mean of what becomes of the steps, [T, H]."""
        tokens = self.norm(self._layer(len(self.attending) - 1, known[TOKENS], known))
        share_TN = known[THERE].to(tokens.dtype) / known[THERE].sum(1, keepdim=True)
        return torch.bmm(share_TN[:, None], tokens)[:, 0]

    def answer(self, known: Known, inputs: Tensor) -> Tensor:
        """What becomes of observations that attend to what was read, [T, N, H]."""
        tokens = self.tokens.asked(inputs)
        for number in range(len(self.attending)):
            tokens = self._layer(number, tokens, known)
        answers: Tensor = self.norm(tokens)
        return answers

    def _layer(self, number: int, tokens: Tensor, known: Known) -> Tensor:
        """Tokens that have attended to the steps."""
        after: Tensor = self.attending[number](tokens, known[str(number)], known[THERE][:, None, None])
        return after
