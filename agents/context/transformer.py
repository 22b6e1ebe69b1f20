"""A transformer over the steps of a trial, after DPT (Lee et al. 2023, arXiv 2306.14892).

Axes of tensor names: S steps of all trials packed, B trials, L steps, H width, P heads.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from compworld.agents.context.memories import Memory, State, Transition
from compworld.agents.context.seen import Seen
from compworld.agents.examples import Problem
from compworld.agents.networks.initialisers import check_sizes


class Attending(nn.Module):
    """A layer: causal attention, then two layers of four times the width, each behind a norm and added to what it got.

    Args:
        width: H.
        heads: P.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.asked, self.answer = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, steps_BLH: Tensor, earlier: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The layer's results, and the keys and values [B, 2, P, L', H / P] of all steps so far.

        Args:
            steps_BLH: the steps; one only where there are earlier ones.
            earlier: keys and values of the steps before.
        """
        batch, length, width = steps_BLH.shape
        asked = self.asked(self.norms[0](steps_BLH)).view(batch, length, 3, self.heads, -1).permute(0, 2, 3, 1, 4)
        query, known = asked[:, 0], asked[:, 1:]
        if earlier is not None:
            known = torch.cat([earlier, known], 3)
        found = nn.functional.scaled_dot_product_attention(query, known[:, 0], known[:, 1], is_causal=earlier is None)
        steps = steps_BLH + self.answer(found.transpose(1, 2).reshape(batch, length, width))
        return steps + self.narrow(torch.relu(self.wide(self.norms[1](steps)))), known


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
        check_sizes(width=width, layers=layers, heads=heads, steps=steps)
        if width % heads:
            raise ValueError(f"width {width} of a transformer with {heads} heads; allowed: multiples of the heads")
        self.width, self.heads = width, heads
        self.transition = Transition(problem, width)
        self.places = nn.Parameter(0.02 * torch.randn(steps, width))
        self.attending = nn.ModuleList(Attending(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, seen: Seen, sizes: Sequence[int]) -> Tensor:
        step = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
        place = torch.cat([torch.arange(size) for size in sizes])
        moved = self.transition(seen) + self._places(len(sizes))[step]
        padded = moved.new_zeros(sizes[0], len(sizes), self.width).index_put((place, step), moved)
        for attending in self.attending:
            padded, _ = attending(padded)
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
            moved, after[str(number)] = attending(moved, state[str(number)])
        return self.norm(moved[:, 0]), after

    def _places(self, steps: int) -> Tensor:
        """What tells the number of a step; refuses trials that are too long."""
        if steps > len(self.places):
            raise ValueError(f"a trial has more than {len(self.places)} steps; allowed: up to the transformer's option 'steps'")
        return self.places
