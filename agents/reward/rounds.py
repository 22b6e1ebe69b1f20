"""Trials cut into rounds: what is played between two adaptations, and the experience from before it.

Axes of tensor names: S steps of all trials packed, B trials, L most steps of a trial, N steps of experience, M of a round.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from compworld.agents.context.seen import Seen
from compworld.agents.evidence import Experience


@dataclass(frozen=True)
class Round:
    """So many episodes of each of B trials."""

    experience: Experience
    """Every step of the trials before the round, [B, N]; of weight 1, padding 0."""
    steps: Tensor
    """int64 [B, M]: numbers of the round's steps among the packed ones; any for padding."""
    there: Tensor
    """bool [B, M]: False for padding."""


def rounds_of(seen: Seen, sizes: Sequence[int], episodes: int) -> Iterator[Round]:
    """The rounds of packed trials.

    Args:
        seen: what own experience lets see.
        sizes: as of :class:`compworld.agents.networks.gru.GRU`.
        episodes: of a round.
    """
    assert seen.rows_before is not None
    assert seen.action is not None
    assert seen.reward is not None
    assert seen.begins is not None
    there_BL = torch.arange(sizes[0])[:, None] < torch.tensor(sizes)
    number_BL = torch.zeros_like(there_BL, dtype=torch.int64)
    number_BL.mT[there_BL.mT] = torch.arange(len(seen))
    number_BL, there_BL = number_BL.to(seen.rows.device), there_BL.to(seen.rows.device)
    episode_BL = ((seen.begins[number_BL] > 0) & there_BL).cumsum(1) - 1
    round_BL = episode_BL // episodes
    # What a step gave is seen at the next one.
    after_BN, given_BN = number_BL[:, 1:], there_BL[:, 1:]
    for number in range(int(round_BL.max()) + 1):
        past_BN = given_BN & (round_BL[:, :-1] < number)
        longest = int(past_BN.sum(1).max())
        where = after_BN[:, :longest]
        experience = Experience(
            seen.rows_before[where],
            seen.action[where],
            seen.reward[where],
            episode_BL[:, :longest],
            past_BN[:, :longest].to(seen.reward.dtype),
        )
        yield Round(experience, *_front(number_BL, there_BL & (round_BL == number)))


def _front(number_BL: Tensor, chosen_BL: Tensor) -> tuple[Tensor, Tensor]:
    """The chosen numbers of every row moved to its front, and where there are any; as wide as the longest row needs."""
    order = (~chosen_BL).to(torch.int8).argsort(dim=1, stable=True)[:, : int(chosen_BL.sum(1).max())]
    return number_BL.gather(1, order), chosen_BL.gather(1, order)
