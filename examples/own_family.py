"""A family of your own
====================

In sixty lines: walk to the cell in a given row and column of an open room."""

import numpy as np

from compworld import ModuleSpace, randomness
from compworld.families import GridFamily
from compworld.families.expert import Expert
from compworld.families.family import TASK_DRAWS
from compworld.families.state import Outcome
from compworld.grid.moves import MOVES

# %%
# The family: its combinations, where an episode starts, and what a step does.


class Reach(GridFamily):
    """A task is a row and a column; an object marks their cell, whose entering ends the episode with reward 1."""

    name = "reach"
    title = "Reach"
    variants = {"small": {"side": 3, "horizon": 6}}  # noqa: RUF012 (never written to)
    imitation = "optimal_action"
    shots = 2
    scores = ("success_rate", "action_accuracy")

    def __init__(self, world=0, side=4, horizon=9):
        walls = np.pad(np.zeros((1, side, side), dtype=bool), ((0, 0), (1, 1), (1, 1)), constant_values=True)
        space = ModuleSpace.product(row=side, column=side)
        super().__init__(world, {"side": side, "horizon": horizon}, space, walls, 1, 1, MOVES)

    def make_expert(self):
        return ManhattanExpert(self)

    def place(self, stream_B, weights_BM):
        side, free = self.sizes["side"], self.tables.like(stream_B)["free_cells"][0]
        target = weights_BM[:, :side].argmax(1) * side + weights_BM[:, side:].argmax(1)
        start = randomness.distinct(randomness.draws(stream_B, TASK_DRAWS, 1), np.full_like(target, side**2), (target,))[:, 0]
        zero = np.zeros_like(target)
        return self.begin(weights_BM, zero, free[start], free[target][:, None], zero[:, None])

    def finish(self, state):
        state.object_reward_BO = np.ones(state.object_cell_BO.shape)

    def step(self, state, action_B):
        after = self.moved(state, action_B)
        there = after.agent_B == state.object_cell_BO[:, 0]
        return after, Outcome(there.astype(float), there, there)

    def mission(self, weights_M):
        row, column = self.space.factor_values(np.flatnonzero(weights_M).tolist())
        return f"go to row {row}, column {column}"


# %%
# Its expert knows the best action and, exactly, what the best and what random actions are worth.


class ManhattanExpert(Expert):
    def __init__(self, family):
        self.family = family

    def away(self, cell, state):
        """Moves from cells [B, ...] to the target."""
        columns, target = self.family.shape[1], state.object_cell_BO[:, 0].reshape(-1, *[1] * (cell.ndim - 1))
        return abs(cell // columns - target // columns) + abs(cell % columns - target % columns)

    def action_values(self, plan, state):
        return self.family.discount ** self.away(self.family.next_cell[0, state.agent_B], state).astype(float)

    def longest_demonstration(self, state):
        return int(self.away(state.agent_B, state).max())

    def optimal_return(self, state, steps_B):
        return (self.away(state.agent_B, state) <= steps_B).astype(float)

    def random_return(self, state, steps_B):
        """Chance of having entered the target, by its recursion over the steps that remain."""
        target, result = state.object_cell_BO[:, :1], np.zeros(len(state))
        chance = np.zeros((len(state), self.family.cells))
        for step in range(1, int(steps_B.max()) + 1):
            np.put_along_axis(chance, target, 1.0, axis=1)
            chance = chance[:, self.family.next_cell[0]].mean(axis=2)
            now = np.take_along_axis(chance, state.agent_B[:, None], axis=1)[:, 0]
            result = np.where(steps_B == step, now, result)
        return result


# %%
# Its name is all that the rest needs: Gymnasium ids, splits, few-shot tasks, scores, runs and tables.

if __name__ == "__main__":
    import compworld
    from compworld.families import unregister_family

    compworld.register_family(Reach)
    print(compworld.diagnose(compworld.make_split(compworld.make_family("reach").space)))
    print(compworld.evaluate(lambda observation: 0, "CompWorld-Reach-v0", split="held_out", tasks=16, episodes=2))
    unregister_family(Reach)  # for whoever comes next in the same process
