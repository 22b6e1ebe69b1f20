"""The native vector environment: the engine at any batch size, with Gymnasium's three autoreset modes."""

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from compworld.arguments import array, choice, flag, integer, keywords_of, named_options, shown
from compworld.envs import conversion  # noqa: F401 (tells Gymnasium's wrappers what to do with text)
from compworld.envs.engine import RESET_OPTIONS, check_begun
from compworld.envs.infos import batched_info
from compworld.envs.observing import Observing
from compworld.envs.resetting import UNKNOWN_SEED, read_each, read_mask, read_seeds
from compworld.envs.showing import Shown, demonstrations
from compworld.envs.single import RENDER_MODES, make_engine, plain_spec, read_rendering
from compworld.envs.trials import Ended
from compworld.families import Family, GridFamily
from compworld.modules.splits import Split

MOST_ENVIRONMENTS = 2**20


class CompWorldVectorEnv(VectorEnv[Any, Any, Any]):
    """``num_envs`` environments stepped together; environment i, seeded with ``seed + i``, behaves as the single one does.

    Args:
        num_envs: number of environments.
        autoreset_mode: ``"NextStep"``, ``"SameStep"`` or ``"Disabled"`` (or Gymnasium's enum). When disabled, an environment
            whose episode has ended stands still with reward 0 until it is reset by ``options={"reset_mask": bool [num_envs]}``.
        max_episode_steps: steps after which an episode is truncated, if that is before the family's horizon; with trials, steps
            after which the whole trial is truncated.

    The other arguments are those of :class:`compworld.envs.single.CompWorldEnv`. The reset options ``task`` and ``state`` take
    one for all environments, or a list with one for each environment that is reset.
    """

    _spec: EnvSpec | None = None

    def __init__(
        self,
        num_envs: int = 1,
        family: str | Family = "preferences",
        world: int | None = None,
        support: str | Split = "random",
        support_options: dict[str, Any] | None = None,
        split: str = "train",
        observation: str = "symbolic",
        render_mode: str | None = None,
        tile_size: int = 32,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        episodes_per_trial: int | None = None,
        told: bool = False,
        **sizes: Any,
    ) -> None:
        super().__init__()
        self.num_envs = num_envs = integer("num_envs", num_envs, 1, MOST_ENVIRONMENTS)
        limit = self._limit(max_episode_steps)
        mode = autoreset_mode.value if isinstance(autoreset_mode, AutoresetMode) else autoreset_mode
        self.autoreset_mode = AutoresetMode(choice("autoreset_mode", mode, [mode.value for mode in AutoresetMode]))
        self.render_mode, self.tile_size = read_rendering(render_mode, tile_size)
        with keywords_of(type(self), sizes):
            self.trials, self.engine = make_engine(
                num_envs, episodes_per_trial, family, world, support, support_options, split, **sizes
            )
        if self.trials and limit is not None and limit < self.trials.per_trial:
            raise ValueError(
                f"max_episode_steps is {limit}; allowed: at least {self.trials.per_trial}, one step for each episode of a trial"
            )
        episodes = None if self.trials is None else self.trials.per_trial
        self._observe = Observing(self.family, observation, flag("told", told), episodes)
        self.horizon = self.family.horizon
        if limit is not None and limit > self.horizon * (episodes or 1):
            gym.logger.warn(
                f"max_episode_steps is {limit}, but episodes end after the {self.horizon} steps of their horizon; "
                f"for longer ones pass horizon={-(-limit // (episodes or 1))}"
            )
        self._trial_steps = None if self.trials is None else limit
        if self.trials is None:
            self.horizon = min(self.horizon, limit or self.horizon)
        self.metadata = {"render_modes": list(RENDER_MODES), "render_fps": 4, "autoreset_mode": self.autoreset_mode}
        self.single_observation_space = self._observe.space
        self.single_action_space = spaces.Discrete(self.family.actions)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._everyone = np.arange(num_envs)
        self._returns = np.zeros(num_envs)
        self._ended = np.zeros(num_envs, dtype=bool)
        self._terminated = np.zeros(num_envs, dtype=bool)
        self._truncated = np.zeros(num_envs, dtype=bool)
        self._begun = self._given_generator = False
        self._tasks: dict[str, np.ndarray] = {}

    @property
    def spec(self) -> EnvSpec | None:
        """Gymnasium's specification."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = plain_spec(spec)

    @property
    def np_random(self) -> np.random.Generator:
        """As of :class:`compworld.envs.single.CompWorldEnv`; every environment has a child of it."""
        return VectorEnv.np_random.fget(self)  # type: ignore[attr-defined]  # Gymnasium's own property

    @np_random.setter
    def np_random(self, value: np.random.Generator) -> None:
        VectorEnv.np_random.fset(self, value)  # type: ignore[attr-defined]
        self._given_generator = True

    @property
    def family(self) -> GridFamily:
        """The family: combinations, rules, mission texts."""
        return self.engine.family

    @property
    def task_split(self) -> Split:
        """Which combinations are trained and which held out."""
        return self.engine.split

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        chosen = named_options("reset options", options, (*RESET_OPTIONS, "reset_mask"))
        where = read_mask(chosen.get("reset_mask"), self.num_envs)
        seeds, known = read_seeds(seed, self.num_envs)
        given = self.engine.read(*(read_each(key, chosen, len(where)) for key in RESET_OPTIONS))
        # Nothing is refused from here on: a refused reset leaves everything as it was.
        if known is not None:
            self._np_random_seed = known
            if known != UNKNOWN_SEED:
                super().reset(seed=known)
        first = not self._begun
        self._seed(seeds, where)
        if first:  # all of them begin, whatever the mask
            self.engine.reset(np.setdiff1d(self._everyone, where))
        self.engine.reset(where, given)
        self._returns[where] = 0.0
        self._ended[where] = self._terminated[where] = self._truncated[where] = False
        self._tasks = self.family.task_of(self.engine.state.weights_BM)
        return self._observe(self.engine), self._info(np.zeros(self.num_envs, dtype=bool))

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        actions = array("actions are", actions, (self.num_envs,), "iu", f"integers of shape ({self.num_envs},)")
        if actions.min() < 0 or actions.max() >= self.family.actions:
            raise ValueError(f"actions range from {actions.min()} to {actions.max()}; allowed: 0 to {self.family.actions - 1}")
        check_begun(self._begun, "step")
        ended_before = np.flatnonzero(self._ended)
        disabled = self.autoreset_mode is AutoresetMode.DISABLED
        standing = self.engine.state[ended_before] if disabled else None
        outcome = self.engine.step(actions.astype(np.int64, copy=False))
        reward, success = outcome.reward_B, outcome.success_B
        terminated = outcome.terminated_B.copy()  # which some family may give as its success, too
        truncated = self.engine.state.elapsed_B >= self.horizon
        # What the actions did where the episode was over does not count.
        reward[ended_before], success[ended_before] = 0.0, False
        terminated[ended_before], truncated[ended_before] = False, False
        if standing is not None:
            self.engine.state.put(ended_before, standing)
            terminated[ended_before] = self._terminated[ended_before]
            truncated[ended_before] = self._truncated[ended_before]
        elif len(ended_before):
            self._begin_episodes(ended_before)
        self._returns += reward
        inner = None
        if self.trials is not None:
            over, inner = self.trials.go_on(actions, reward, success, terminated | truncated, ended_before)
            terminated &= over
            truncated &= over
            if self._trial_steps is not None:
                truncated |= self.trials.steps_B >= self._trial_steps
        self._terminated, self._truncated = terminated, truncated
        self._ended = terminated | truncated
        if self.autoreset_mode is AutoresetMode.SAME_STEP and self._ended.any():
            ended = self._ended
            final = self._final(success, ended, inner)
            self._begin_episodes(np.flatnonzero(ended))
            self._ended = np.zeros(self.num_envs, dtype=bool)
            info = {**self._info(np.where(ended, False, success), inner, ~ended), **final}
        else:
            info = self._info(success, inner)
        return self._observe(self.engine), reward, terminated.copy(), truncated.copy(), info

    def render(self) -> tuple[Any, ...] | None:
        if self.render_mode is None:
            gym.logger.warn("render() was called without a render_mode; pass one to make_vec, e.g. render_mode='rgb_array'")
            return None
        from compworld.envs.drawing import frame

        return tuple(
            frame(self.engine, index, self.horizon, self._returns[index], self.render_mode, self.tile_size)
            for index in range(self.num_envs)
        )

    def get_state(self) -> list[dict[str, Any]]:
        """The exact state of every environment's episode as plain data."""
        check_begun(self._begun, "get_state")
        return [self.engine.to_plain(index) for index in range(self.num_envs)]

    def set_state(self, states: Sequence[dict[str, Any]]) -> None:
        """Continue from exact states, one for each environment, without beginning new episodes of the random streams.

        Raises:
            ValueError: naming what is impossible about a state.
        """
        if not isinstance(states, list | tuple) or len(states) != self.num_envs:
            raise ValueError(f"states are {shown(states)}; allowed: a list of {self.num_envs}, one per environment")
        moments = [self.engine.from_plain(plain) for plain in states]
        if not self._begun:
            self._begin_streams()
        for index, moment in enumerate(moments):
            self.engine.put(index, moment)
        self._returns[:] = 0.0
        self._ended = np.zeros(self.num_envs, dtype=bool)
        self._tasks = self.family.task_of(self.engine.state.weights_BM)

    # What is best from here on. Episodes that have ended and wait for their reset are treated as if they went on.

    def expert_action(self) -> np.ndarray:
        """Actions that maximise the sum of rewards over the steps that remain, int64 [num_envs]."""
        check_begun(self._begun, "expert_action")
        state, remaining = self.engine.state, self.engine.remaining(self.horizon)
        return np.asarray(self.family.expert.optimal_action(state, remaining))

    def action_values(self) -> np.ndarray:
        """The imitation target: discounted value of each action, float64 [num_envs, actions]."""
        check_begun(self._begun, "action_values")
        expert, state = self.family.expert, self.engine.state
        return np.asarray(expert.action_values(expert.plan(state), state), dtype=np.float64)

    def optimal_return(self) -> np.ndarray:
        """The largest sum of rewards that the steps that remain can give, float64 [num_envs]."""
        check_begun(self._begun, "optimal_return")
        return np.asarray(self.family.expert.optimal_return(self.engine.state, self.engine.remaining(self.horizon)))

    def random_return(self) -> np.ndarray:
        """The expected sum of rewards of uniformly random actions over the steps that remain, exactly, float64 [num_envs]."""
        check_begun(self._begun, "random_return")
        return np.asarray(self.family.expert.random_return(self.engine.state, self.engine.remaining(self.horizon)))

    def demonstrations(self, shots: int | None = None) -> Shown:
        """As of :class:`compworld.envs.single.CompWorldEnv`, of each environment's task."""
        check_begun(self._begun, "demonstrations")
        return demonstrations(self.engine, self._observe, shots)

    def _seed(self, seeds: list[int | None], where: np.ndarray) -> None:
        """Begin new streams for those of the environments ``where`` that have a seed; at first, for all of them."""
        if not self._begun:
            where = self._everyone
        if not self._begun or self._given_generator:
            self._begin_streams()
        again = [(index, seeds[index]) for index in where.tolist() if seeds[index] is not None]
        if again:
            self.engine.seed(np.asarray([index for index, _ in again]), [seeding.np_random(seed)[0] for _, seed in again])

    def _begin_streams(self) -> None:
        """Give every environment a stream of its own, before any is seeded."""
        self.engine.seed(self._everyone, list(self.np_random.spawn(self.num_envs)))
        self._begun, self._given_generator = True, False

    def _begin_episodes(self, where: np.ndarray) -> None:
        self.engine.reset(where)
        self._returns[where] = 0.0
        fresh = self.family.task_of(self.engine.state.weights_BM[where])
        for name, values in fresh.items():
            self._tasks[name][where] = values

    def _final(self, success: np.ndarray, ended: np.ndarray, inner: Ended | None) -> dict[str, Any]:
        """Last observation and info of the episodes that ended, as Gymnasium's vector environments give them."""
        observation = self._observe(self.engine)
        final = np.full(self.num_envs, None, dtype=object)
        for index in np.flatnonzero(ended).tolist():
            final[index] = (
                {key: values[index] for key, values in observation.items()}
                if isinstance(observation, dict)
                else observation[index]
            )
        info = batched_info(self.engine, self._tasks, success, ended)
        if inner is not None:
            info.update(inner.batched(self.num_envs, ended))
        return {"final_obs": final, "_final_obs": ended.copy(), "final_info": info, "_final_info": ended.copy()}

    def _info(self, success: np.ndarray, inner: Ended | None = None, shown: np.ndarray | None = None) -> dict[str, Any]:
        everyone = np.ones(self.num_envs, dtype=bool)
        info = {} if inner is None else inner.batched(self.num_envs, everyone if shown is None else shown)
        return {**info, **batched_info(self.engine, self._tasks, success, everyone)}

    def _limit(self, max_episode_steps: int | None) -> int | None:
        """Gymnasium writes "no limit" as -1."""
        if max_episode_steps is None or max_episode_steps == -1:
            return None
        return integer("max_episode_steps", max_episode_steps, 1)
