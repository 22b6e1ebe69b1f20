"""What the Bayes agents of all families have in common: a prior over combinations, reading what is seen, and who is made.

Axes of array names: B batch, C combinations of the prior, R active rows of an observation, O objects.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np

from compworld.arguments import choice, integer
from compworld.families import Family, GridFamily, check_family, check_split, grid_family
from compworld.families.samples import Samples
from compworld.families.state import State
from compworld.modules.splits import Split

PRIORS = ("all", "trained")
"""Over all combinations of the space, or only over the trained ones of a split; each combination counts the same."""

POLICIES = ("greedy", "seeking")
"""See the family's agent for what each maximises."""


class Scene(NamedTuple):
    """What an observation shows, int64. Objects are in ascending order of row, so that their order tells nothing."""

    maze_B: np.ndarray
    agent_B: np.ndarray
    cell_BO: np.ndarray
    """Cell of each object; -1 of those that were collected, which come last."""
    feature_BO: np.ndarray
    """Feature of each object, -1 likewise."""


class BayesAgent(ABC):
    """Acts by the exact posterior over hidden tasks; all memory is in the ``state`` that :meth:`predict` hands back.

    A hypothesis that contradicts what was seen is not forgotten but put last: a prior over trained combinations may not have
    the task at all, and then the least contradicted hypotheses remain, as they do in the limit of ever rarer misreadings.

    Args:
        family: whose hidden tasks are played.
        combinations: those of the prior, int64 [C]; each counts the same.
        policy: one of :data:`POLICIES`.
        episodes: K, of a trial.
    """

    observation: ClassVar[str] = "indices"
    """Kind of observation that it reads, within a trial's."""
    options: ClassVar[tuple[str, ...]] = ()
    """Names of the arguments that the family's agent takes beside those of all."""

    def __init__(self, family: GridFamily, combinations: np.ndarray, policy: str, episodes: int, **options: Any) -> None:
        self.family = family
        self.combinations = combinations
        self.active_CM = family.space.combinations[combinations]
        self.seeking = policy == "seeking"
        self.episodes = episodes

    def predict(
        self, observation: Mapping[str, np.ndarray], state: Any = None, episode_start: np.ndarray | None = None
    ) -> tuple[np.ndarray, Any]:
        """Actions for a batch of trials.

        Args:
            observation: batched parts of a trial's observation: ``"observation"`` (indices, int64 [B, R]),
                ``"previous_action"`` [B], ``"previous_reward"`` [B, 1], ``"episode_start"`` [B], ``"episode"`` [B],
                ``"steps_left"`` [B, 1].
            state: from the call before; None for new trials.
            episode_start: bool [B]; trials that are new, whatever the state says.

        Returns:
            Actions, int64 [B], and the state: a named tuple of arrays whose first axis is B.

        Raises:
            ValueError: the observation has not the rows of the family's ``"indices"``.
        """
        scene = self.read(observation["observation"])
        batch = len(scene.maze_B)
        if state is None:
            state = self.new_state(batch)
        elif episode_start is not None and np.any(episode_start):
            fresh, new = np.asarray(episode_start, dtype=bool), self.new_state(batch)
            pairs = zip(state, new, strict=True)
            state = type(new)(*(np.where(fresh.reshape(-1, *[1] * (old.ndim - 1)), start, old) for old, start in pairs))
        action_B = np.asarray(observation["previous_action"]).reshape(batch)
        reward_B = np.asarray(observation["previous_reward"], dtype=np.float64).reshape(batch)
        begins_B = np.asarray(observation["episode_start"]).reshape(batch).astype(bool)
        steps_B = np.asarray(observation["steps_left"], dtype=np.int64).reshape(batch)
        episode_B = np.asarray(observation["episode"], dtype=np.int64).reshape(batch)
        state = self.learn(state, scene, action_B, reward_B, begins_B)
        return self.act(state, scene, steps_B, self.episodes - 1 - episode_B)

    def watch(self, shown: Samples) -> Any:
        """What is remembered of demonstrations, those of a task for each row: scenes, actions and what they gave."""
        batch, steps = shown.valid_TN.shape
        state = taken(self.new_state(batch), np.arange(batch))  # fields may share memory; these do not
        for step in range(steps):
            on = np.flatnonzero(shown.valid_TN[:, step])
            scene, nothing = self.read(shown.rows_TNR[on, step]), np.zeros(len(on))
            begins = shown.episode_TN[on, step] != (shown.episode_TN[on, step - 1] if step else -1)
            part = self.learn(taken(state, on), scene, np.full(len(on), self.family.actions), nothing, begins)
            action_B, reward_B = shown.actions_TN[on, step], shown.rewards_TN[on, step].astype(np.float64)
            part = self.learn(part, scene, action_B, reward_B, np.zeros_like(begins))
            for field, value in zip(state, part, strict=True):
                field[on] = value
        return state

    @abstractmethod
    def new_state(self, batch: int) -> Any:
        """What is remembered before anything was seen: a named tuple of arrays [B, ...]."""

    @abstractmethod
    def learn(self, state: Any, scene: Scene, action_B: np.ndarray, reward_B: np.ndarray, begins_B: np.ndarray) -> Any:
        """Take in what the action before gave (``family.actions``: none), and the scene where an episode begins."""

    @abstractmethod
    def act(self, state: Any, scene: Scene, steps_B: np.ndarray, later_B: np.ndarray) -> tuple[np.ndarray, Any]:
        """Actions with ``steps_B`` steps left in the episode and ``later_B`` episodes behind it; and the state."""

    @abstractmethod
    def values(self, state: Any, scene: Scene) -> np.ndarray:
        """What the expert that is imitated would hold of the actions, as far as is known; [B, A].

        It does not look at the steps that are left, see :meth:`compworld.families.expert.Expert.action_values`.
        """

    @abstractmethod
    def posterior(self, state: Any) -> np.ndarray:
        """Probability of each combination of the prior, float64 [B, C]; rows sum to 1."""

    def read(self, rows_BR: np.ndarray) -> Scene:
        """The scene behind active rows.

        Raises:
            ValueError: their shape is not [B, R], or they are no rows.
        """
        rows_BR, family = np.asarray(rows_BR), self.family
        if rows_BR.ndim != 2 or rows_BR.shape[1] != family.rows:
            raise ValueError(f"observation has shape {rows_BR.shape}; allowed: (batch, {family.rows}), a batch of 'indices'")
        if rows_BR.size and not 0 <= rows_BR.min() <= rows_BR.max() < family.row_count:
            found = f"{rows_BR.min()} to {rows_BR.max()}"
            raise ValueError(f"observation has rows {found}; allowed: 0 to {family.row_count - 1}, those of 'indices'")
        objects = np.sort(rows_BR[:, : family.objects], axis=1)
        there = objects < family.input_size
        cell, feature = np.divmod(objects, family.channels)
        agent = rows_BR[:, family.objects] // family.channels
        return Scene(rows_BR[:, -1] - family.input_size, agent, np.where(there, cell, -1), np.where(there, feature, -1))

    def after(self, scene: Scene, action_B: np.ndarray) -> np.ndarray:
        """Cell of the agent after an action, int64 [B]."""
        tables = self.family.tables.like(action_B)
        place = tables["maze_step"][scene.maze_B] + tables["cell_step"][scene.agent_B] + action_B
        return np.asarray(tables["step_cell"][place])

    def imagined(self, scene: Scene, reward_BO: np.ndarray, interaction_B: np.ndarray | None = None) -> State:
        """The scene as a state in which objects are worth ``reward_BO``, for the family's expert to plan in."""
        zero = np.zeros_like(scene.agent_B)
        there = scene.cell_BO >= 0
        return State(
            np.zeros((len(zero), self.family.code_size)),
            scene.maze_B,
            scene.agent_B,
            zero,
            np.where(there, scene.cell_BO, scene.agent_B[:, None]),
            np.where(there, scene.feature_BO, 0),
            reward_BO,
            there,
            zero if interaction_B is None else interaction_B,
            zero,
        )


AgentClass = TypeVar("AgentClass", bound=type[BayesAgent])

AGENTS: dict[str, type[BayesAgent]] = {}
"""The agent of each family, by ``Family.name``."""


def bayes_for(name: str) -> Callable[[AgentClass], AgentClass]:
    """Decorator of the agent class for the family of that name."""

    def add(agent: AgentClass) -> AgentClass:
        AGENTS[name] = agent
        return agent

    return add


def bayes_agent(
    family: Family,
    split: Split | None = None,
    *,
    prior: str = "all",
    policy: str = "seeking",
    episodes: int = 1,
    **options: Any,
) -> BayesAgent:
    """The Bayes agent of a family.

    Args:
        family: from :func:`compworld.make_family`.
        split: says which combinations are trained; only needed for the prior over them.
        prior: one of :data:`PRIORS`.
        policy: one of :data:`POLICIES`.
        episodes: K, of a trial.
        **options: of the family's agent, see its class.

    Raises:
        ValueError: unknown prior, policy or option, no split for the prior over trained combinations, episodes below 1, or a
            family without Bayes agent.
    """
    check_family(family)
    prior, policy = choice("prior", prior, PRIORS), choice("policy", policy, POLICIES)
    choice("family", family.name, AGENTS)
    episodes = integer("episodes", episodes, 1)
    combinations = np.arange(len(family.space))
    if split is not None:
        check_split(family, split)
    if prior == "trained":
        if split is None:
            raise ValueError("split is None; allowed: a split, for the prior over trained combinations")
        combinations = split.pool("train")
    agent = AGENTS[family.name]
    for name in options:
        if name not in agent.options:
            known = ", ".join(map(repr, agent.options))
            raise ValueError(f"option {name!r} is not one of the agent of {family.name!r}; allowed: {known}")
    return agent(grid_family(family), combinations, policy, episodes, **options)


def taken(state: Any, rows: np.ndarray) -> Any:
    """Some rows of a state, by their numbers."""
    return type(state)(*(field[rows] for field in state))


def normalised(log_BC: np.ndarray) -> np.ndarray:
    """Probabilities from logarithms of weights, rows summing to 1."""
    weight = np.exp(log_BC - log_BC.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))
