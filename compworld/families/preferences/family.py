"""Preferences: collect the coloured objects that a weighted sum of preference modules values (ICLR 2024, section 5.1)."""

import numpy as np

from compworld import randomness
from compworld.backends import Array, namespace
from compworld.families.family import TASK_DRAWS
from compworld.families.grid import GridFamily, check_features
from compworld.families.preferences.expert import ValueIterationExpert
from compworld.families.state import Outcome, State
from compworld.families.weights import LARGEST_WEIGHT, exponential, pick, sum_in_order
from compworld.grid.layouts import four_rooms
from compworld.grid.moves import MOVES
from compworld.grid.objects import name_of
from compworld.modules.spaces import ModuleSpace

LARGEST_TABLE = 500_000
"""The expert looks ahead over all cells with all sets of objects, for many episodes at once."""

LARGEST_PREFERENCE = 10.0
"""No preference is larger, either way: of standard normal numbers one in 10^23 would be."""


class Preferences(GridFamily):
    """Four rooms with objects; entering an object's cell collects it, ``nothing`` ends the episode.

    Module m is a vector of preferences over object features, drawn from N(0, 1) by the world. A task has 1 to ``max_active``
    active modules with weights ``w = 0.5 + 0.5 e / (1 + sum(e))``, e from Exp(1). An object of feature f is worth
    ``sum over m of w[m] * preferences[m, f]``.

    Args:
        world: seed of the preference vectors.
        size: side of the four-rooms layout, odd.
        modules: M.
        max_active: K.
        features: number of object features.
        objects: number of objects in an episode; their features are drawn with replacement.
        horizon: steps of an episode.
    """

    name = "preferences"
    title = "Preferences"
    variants = {"small": {"modules": 6, "max_active": 2, "features": 6, "objects": 3}}  # noqa: RUF012 (never written to)
    trials = {"": {"episodes": 4, "horizon": 8}, "small": {"episodes": 4, "horizon": 8}}  # noqa: RUF012 (never written to)
    imitation = "action_values"
    shots = 16
    scores = ("normalised_return", "action_accuracy", "trajectory_accuracy")

    def __init__(
        self,
        world: int = 0,
        size: int = 7,
        modules: int = 8,
        max_active: int = 3,
        features: int = 8,
        objects: int = 4,
        horizon: int = 8,
    ) -> None:
        space = ModuleSpace.subsets(modules, max_active)
        walls = four_rooms(size)[None]
        if objects + 1 > (~walls).sum():
            raise ValueError(
                f"{objects} objects and the agent do not fit on {(~walls).sum()} free cells; allowed: fewer objects"
            )
        if objects > 10:
            raise ValueError(f"size 'objects' is {objects}; allowed: 1 to 10, for the expert's table has 2**objects parts")
        if size**2 * 2**objects > LARGEST_TABLE:
            raise ValueError(
                f"sizes 'size' {size} and 'objects' {objects}; allowed: size**2 * 2**objects up to {LARGEST_TABLE:,}"
            )
        if modules > TASK_DRAWS - 1:
            raise ValueError(f"size 'modules' is {modules}; allowed: at most {TASK_DRAWS - 1}")
        check_features(features)
        self.max_active = max_active
        self.preferences = randomness.generator("preferences", world).standard_normal((modules, features))
        self.reward_bound = LARGEST_WEIGHT * LARGEST_PREFERENCE * modules  # the same in all worlds, as spaces have to be
        super().__init__(
            world,
            {
                "size": size,
                "modules": modules,
                "max_active": max_active,
                "features": features,
                "objects": objects,
                "horizon": horizon,
            },
            space,
            walls,
            features,
            objects,
            ("nothing", *MOVES),
            preferences=self.preferences,
            ends=np.arange(1 + len(MOVES)) == 0,
        )

    def make_expert(self) -> ValueIterationExpert:
        return ValueIterationExpert(self)

    def weigh(self, stream_B: Array, active_BM: Array) -> Array:
        return exponential(stream_B, active_BM, self.tables)

    def place(self, stream_B: Array, weights_BM: Array) -> State:
        xp = namespace(stream_B)
        tables = self.tables.like(stream_B)
        bits = randomness.draws(stream_B, TASK_DRAWS, 1 + 2 * self.objects)
        maze = xp.zeros_like(stream_B)
        rank = randomness.distinct(bits[:, : 1 + self.objects], tables["free_count"][maze])
        cells = tables["free_cells"][0][rank]
        feature = randomness.integers(bits[:, 1 + self.objects :], self.features)
        return self.begin(weights_BM, maze, cells[:, 0], cells[:, 1:], feature)

    def finish(self, state: State) -> None:
        state.object_reward_BO = pick(self.feature_rewards(state.weights_BM), state.object_feature_BO)

    def feature_rewards(self, weights_BM: Array) -> Array:
        """What an object of each feature is worth in each task, float64 [B, F]."""
        preferences_MF = self.tables.like(weights_BM)["preferences"]
        modules = zip(weights_BM.T, preferences_MF, strict=True)
        return sum_in_order(weight_B * preference_F[:, None] for weight_B, preference_F in modules).T

    def step(self, state: State, action_B: Array) -> tuple[State, Outcome]:
        xp = namespace(action_B)
        tables = self.tables.like(action_B)
        after = self.moved(state, action_B)
        collected = state.remaining_BO & (state.object_cell_BO == after.agent_B[:, None])
        after.remaining_BO = state.remaining_BO ^ collected
        reward = xp.vecdot(xp.astype(collected, xp.float64), state.object_reward_BO)
        # Success: everything liked has been collected and nothing disliked.
        success = (after.remaining_BO ^ (state.object_reward_BO > tables["zero"])).all(axis=1)
        return after, Outcome(reward, tables["ends"][action_B], success)

    def mission(self, weights_M: np.ndarray) -> str:
        worth = self.feature_rewards(weights_M[None])[0].tolist()
        order = sorted(range(self.features), key=lambda feature: -abs(worth[feature]))
        wishes = [
            f"{verb} "
            + ", ".join(f"{name_of(feature)} {abs(worth[feature]):.1f}" for feature in order if sign * worth[feature] >= 0.05)
            for verb, sign in (("likes", 1), ("dislikes", -1))
            if any(sign * value >= 0.05 for value in worth)
        ]
        return "; ".join(wishes) or "likes nothing"

    def check(self, state: State) -> str | None:
        agent = int(state.agent_B[0])
        if agent in state.object_cell_BO[0][state.remaining_BO[0]]:
            return (
                f"agent is at {list(divmod(agent, self.shape[1]))} with an object; allowed: entering a cell collects its object"
            )
        return None
