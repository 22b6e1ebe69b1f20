"""The native vector environment: the engine at any batch size, with Gymnasium's three autoreset modes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from compworld.envs.engine import RESET_OPTIONS
from compworld.envs.observing import Observing
from compworld.envs.single import RENDER_MODES, check_rendering, make_engine
from compworld.envs.trials import Ended
from compworld.families import Family, GridFamily
from compworld.modules.splits import Split


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
        if isinstance(num_envs, bool) or not isinstance(num_envs, int) or num_envs < 1:
            raise ValueError(f"num_envs is {num_envs!r}; allowed: integers from 1")
        if max_episode_steps is not None and max_episode_steps < 1:
            raise ValueError(f"max_episode_steps is {max_episode_steps!r}; allowed: integers from 1")
        allowed = [mode.value for mode in AutoresetMode]
        if not isinstance(autoreset_mode, AutoresetMode) and autoreset_mode not in allowed:
            raise ValueError(f"unknown autoreset_mode {autoreset_mode!r}; allowed: {', '.join(map(repr, allowed))}")
        check_rendering(render_mode, tile_size)
        self.trials, self.engine = make_engine(
            num_envs, episodes_per_trial, family, world, support, support_options, split, **sizes
        )
        if self.trials and max_episode_steps is not None and max_episode_steps < self.trials.per_trial:
            raise ValueError(
                f"max_episode_steps is {max_episode_steps}; allowed: at least {self.trials.per_trial}, "
                "one step for each episode of a trial"
            )
        self._observe = Observing(self.family, observation, told, episodes_per_trial)
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.tile_size = tile_size
        self.horizon = self.family.horizon
        self._trial_steps = None if self.trials is None else max_episode_steps
        if self.trials is None:
            self.horizon = min(self.horizon, max_episode_steps or self.horizon)
        self.autoreset_mode = AutoresetMode(autoreset_mode)
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
        self._begun = False
        self._tasks: dict[str, np.ndarray] = {}

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
        chosen = dict(options or {})
        mask = chosen.pop("reset_mask", None)
        unknown = [key for key in chosen if key not in RESET_OPTIONS]
        if unknown:
            raise ValueError(f"unknown reset option {unknown[0]!r}; allowed: 'task', 'state', 'reset_mask'")
        where = self._everyone if mask is None else self._masked(mask)
        self._seed(seed, where)
        self.engine.reset(where, self._one_each("task", chosen, len(where)), self._one_each("state", chosen, len(where)))
        self._returns[where] = 0.0
        self._ended[where] = self._terminated[where] = self._truncated[where] = False
        self._tasks = self.family.task_of(self.engine.state.weights_BM)
        return self._observe(self.engine), self._info(np.zeros(self.num_envs, dtype=bool))

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        actions = np.asarray(actions)
        if actions.shape != (self.num_envs,) or actions.dtype.kind not in "iu":
            raise ValueError(f"actions are {actions!r}; allowed: integers of shape ({self.num_envs},)")
        if actions.min() < 0 or actions.max() >= self.family.actions:
            raise ValueError(f"actions range from {actions.min()} to {actions.max()}; allowed: 0 to {self.family.actions - 1}")
        if not self._begun:
            raise RuntimeError("step() was called before the first reset(); allowed: after it")
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
        info = self._info(success, inner)
        if self.autoreset_mode is AutoresetMode.SAME_STEP and self._ended.any():
            ended = self._ended
            final = self._final(info, ended, inner)
            self._begin_episodes(np.flatnonzero(ended))
            self._ended = np.zeros(self.num_envs, dtype=bool)
            info = {**self._info(np.where(ended, False, success), inner, ~ended), **final}
        return self._observe(self.engine), reward, terminated.copy(), truncated.copy(), info

    def render(self) -> tuple[Any, ...] | None:
        if self.render_mode is None:
            return None
        from compworld.envs.drawing import draw, draw_text

        frames: list[Any] = []
        for index in range(self.num_envs):
            state = self.engine.state[index : index + 1]
            caption = self.engine.caption(index, self.horizon, self._returns[index])
            if self.render_mode == "ansi":
                frames.append(draw_text(self.family, state, caption))
            else:
                frames.append(draw(self.family, state, caption, self.tile_size))
        return tuple(frames)

    def get_state(self) -> list[dict[str, Any]]:
        """The exact state of every environment's episode as plain data."""
        return [self.engine.to_plain(index) for index in range(self.num_envs)]

    def set_state(self, states: Sequence[dict[str, Any]]) -> None:
        """Continue from exact states, one for each environment, without beginning new episodes of the random streams.

        Raises:
            ValueError: naming what is impossible about a state.
        """
        if len(states) != self.num_envs:
            raise ValueError(f"number of states is {len(states)}; allowed: {self.num_envs}, one per environment")
        for index, state in enumerate([self.engine.from_plain(plain) for plain in states]):
            self.engine.put(index, state)
        self._returns[:] = 0.0
        self._ended = np.zeros(self.num_envs, dtype=bool)
        self._tasks = self.family.task_of(self.engine.state.weights_BM)
        self._begun = True

    # What is best from here on. Episodes that have ended and wait for their reset are treated as if they went on.

    def expert_action(self) -> np.ndarray:
        """Actions that maximise the sum of rewards over the steps that remain, int64 [num_envs]."""
        state, remaining = self.engine.state, self.engine.remaining(self.horizon)
        return np.asarray(self.family.expert.optimal_action(state, remaining))

    def action_values(self) -> np.ndarray:
        """The imitation target: discounted value of each action, float64 [num_envs, actions]."""
        expert, state = self.family.expert, self.engine.state
        return np.asarray(expert.action_values(expert.plan(state), state), dtype=np.float64)

    def optimal_return(self) -> np.ndarray:
        """The largest sum of rewards that the steps that remain can give, float64 [num_envs]."""
        return np.asarray(self.family.expert.optimal_return(self.engine.state, self.engine.remaining(self.horizon)))

    def random_return(self) -> np.ndarray:
        """The expected sum of rewards of uniformly random actions over the steps that remain, exactly, float64 [num_envs]."""
        return np.asarray(self.family.expert.random_return(self.engine.state, self.engine.remaining(self.horizon)))

    def _masked(self, mask: Any) -> np.ndarray:
        if not isinstance(mask, np.ndarray) or mask.shape != (self.num_envs,) or mask.dtype != np.bool_ or not mask.any():
            raise ValueError(f"reset_mask is {mask!r}; allowed: a bool array of shape ({self.num_envs},) with some True")
        return np.flatnonzero(mask)

    def _seed(self, seed: int | Sequence[int | None] | None, where: np.ndarray) -> None:
        if seed is None and self._begun:
            return
        if seed is None:
            generators: list[np.random.Generator] = list(self.np_random.spawn(self.num_envs))
            self.engine.seed(self._everyone, generators)
        else:
            seeds = [int(seed) + i for i in range(self.num_envs)] if isinstance(seed, int | np.integer) else list(seed)
            if len(seeds) != self.num_envs:
                raise ValueError(f"number of seeds is {len(seeds)}; allowed: {self.num_envs}, one per environment")
            for index in where.tolist():
                if seeds[index] is not None or not self._begun:
                    self.engine.seed(np.asarray([index]), [seeding.np_random(seeds[index])[0]])
        self._begun = True

    def _one_each(self, key: str, options: dict[str, Any], count: int) -> list[Any] | None:
        if key not in options:
            return None
        given = options[key]
        if isinstance(given, dict):
            return [given] * count
        if not isinstance(given, Sequence) or len(given) != count:
            raise ValueError(f"reset option {key!r} is {given!r}; allowed: one {key} or a list of {count}")
        return list(given)

    def _begin_episodes(self, where: np.ndarray) -> None:
        self.engine.reset(where)
        self._returns[where] = 0.0
        fresh = self.family.task_of(self.engine.state.weights_BM[where])
        for name, values in fresh.items():
            self._tasks[name][where] = values

    def _final(self, info: dict[str, Any], ended: np.ndarray, inner: Ended | None) -> dict[str, Any]:
        """Last observation and info of the episodes that ended, as Gymnasium's vector environments give them."""
        observation = self._observe(self.engine)
        final = np.full(self.num_envs, None, dtype=object)
        for index in np.flatnonzero(ended).tolist():
            final[index] = (
                {key: values[index] for key, values in observation.items()}
                if isinstance(observation, dict)
                else observation[index]
            )
        info = {key: value for key, value in info.items() if "inner_episode" not in key}
        info.update({f"_{key}": ended.copy() for key in ("task", "split", "success")})
        if inner is not None:
            info.update(inner.batched(self.num_envs, ended))
        info["task"] = {**info["task"], **{f"_{name}": ended.copy() for name in self._tasks}}
        return {"final_obs": final, "_final_obs": ended.copy(), "final_info": info, "_final_info": ended.copy()}

    def _info(self, success: np.ndarray, inner: Ended | None = None, shown: np.ndarray | None = None) -> dict[str, Any]:
        everyone = np.ones(self.num_envs, dtype=bool)
        task: dict[str, np.ndarray] = {}
        for name, values in self._tasks.items():
            task[name], task[f"_{name}"] = values.copy(), everyone
        ended = {} if inner is None else inner.batched(self.num_envs, everyone if shown is None else shown)
        return {
            **ended,
            "task": task,
            "_task": everyone,
            "split": self.engine.split_names.copy(),
            "_split": everyone,
            "success": success,
            "_success": everyone,
        }
