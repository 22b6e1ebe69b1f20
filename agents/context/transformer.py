"""A transformer over the steps of a trial, after DPT (Lee et al. 2023, arXiv 2306.14892).

Axes of tensor names: S steps of all trials packed, B trials, L steps, H width.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from compworld.agents.context.memories import Memory, State, Transition
from compworld.agents.context.seen import Seen
from compworld.agents.examples import Problem
from compworld.agents.networks.attention import Attending
from compworld.agents.networks.initialisers import check_sizes


class Transformer(Memory):
    """Attends to all transitions of a trial.

    Args:
        problem: gives rows and actions.
        width: H, of every layer.
        layers: their number.
        heads: of each.
        steps: most steps of a trial.
    """

    def __init__(self, problem: Problem, width: int, layers: int, heads: int, steps: int) -> None:
        super().__init__()
        check_sizes(width=width, layers=layers, steps=steps)
        self.width, self.heads = width, heads
        self.transition = Transition(problem, width)
        self.places = nn.Parameter(0.02 * torch.randn(steps, width))
        attending = nn.ModuleList(Attending(width, heads) for _ in range(layers))
        self.attending: Sequence[Attending] = attending  # type: ignore[assignment]  # a module list is one
        self.norm = nn.LayerNorm(width)

    def forward(self, seen: Seen, sizes: Sequence[int]) -> Tensor:
        step = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
        place = torch.cat([torch.arange(size) for size in sizes])
        moved = self.transition(seen) + self._places(len(sizes))[step]
        padded = moved.new_zeros(sizes[0], len(sizes), self.width).index_put((place, step), moved)
        earlier = torch.ones(len(sizes), len(sizes), dtype=torch.bool, device=padded.device).tril()
        for attending in self.attending:
            padded = attending(padded, attending.known(padded), earlier)
        return self.norm(padded[place, step])

    def start(self, trials: int) -> State:
        empty = self.places.new_zeros(trials, 2, self.heads, 0, self.width // self.heads)
        return {str(number): empty for number in range(len(self.attending))}

    def step(self, seen: Seen, state: State) -> tuple[Tensor, State]:
        """All trials are at the same step."""
        after: State = {}
        steps = 1 + state["0"].shape[3]
        moved = (self.transition(seen) + self._places(steps)[steps - 1])[:, None]
        for number, attending in enumerate(self.attending):
            after[str(number)] = torch.cat([state[str(number)], attending.known(moved)], 3)
            moved = attending(moved, after[str(number)])
        return self.norm(moved[:, 0]), after

    def _places(self, steps: int) -> Tensor:
        """What tells the number of a step; refuses trials that are too long."""
        if steps > len(self.places):
            raise ValueError(f"a trial has more than {len(self.places)} steps; allowed: up to the transformer's option 'steps'")
        return self.places
