"""The Gymnasium environment."""

from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec

from compworld.envs.engine import RESET_OPTIONS, Engine
from compworld.envs.observing import Observing, single
from compworld.envs.trials import TrialEngine
from compworld.families import Family, GridFamily
from compworld.families.expert import Expert
from compworld.modules.splits import Split

RENDER_MODES = ("rgb_array", "ansi")
_NOBODY = np.zeros(0, dtype=np.int64)


class CompWorldEnv(gym.Env[Any, Any]):
    """One task of a family per episode or trial, drawn from the trained or the held-out combinations.

    Args:
        family: ``"preferences"``, ``"goals"``, or one of them with ``-small`` behind it; or a made family, which has its world
            and its sizes already.
        world: seed of mazes, preferences and split; 0 by default.
        support: how combinations are split, see :func:`compworld.make_split`; or a made split of the family's combinations.
        support_options: keyword arguments of the support.
        split: combinations to draw tasks from: ``"train"``, ``"held_out"`` or ``"all"``.
        observation: ``"symbolic"`` (array), ``"minigrid"`` (MiniGrid's dict), ``"indices"`` (active rows), ``"relative"`` and
            ``"relative_indices"`` (things at their distance from the agent, dense and as active rows) or ``"text"`` (words).
        episodes_per_trial: K, to play trials: K episodes of one hidden task, one after the other, are one episode of Gymnasium.
            Its observation and those of told tasks are described in :mod:`compworld.envs.observing`. The horizon of each is
            then what the family states for trials, unless ``horizon`` is among the sizes or the family is a made one.
            None for single episodes.
        told: put the task's code into the observation, under the key ``code``; into a text, its mission.
        render_mode: ``"rgb_array"``, ``"ansi"`` or None; ``"human"`` is provided by Gymnasium.
        tile_size: pixels per cell of the picture.
        **sizes: of the family, e.g. ``modules=6``. For longer episodes pass ``horizon`` here: the
            ``TimeLimit`` of ``gym.make``'s ``max_episode_steps`` does not tell the environment its limit.

    ``reset`` takes the options ``task`` (as in ``info["task"]``) or ``state`` (as from :meth:`get_state`). ``info`` always
    holds ``task``, ``split`` (``"train"``, ``"held_out"``, ``"unused"``, or ``"outside"`` the space) and ``success``; at the
    end of each episode of a trial also ``inner_episode``, a dict of its ``return``, ``success``, ``length`` and ``number``
    (from 0). A trial goes on at once: the observation after an episode's last step is the first of the next episode. It is
    terminated or truncated as its last episode is.
    """

    _spec: EnvSpec | None = None
    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 4}  # noqa: RUF012 (as declared by Gymnasium)
    _everyone: ClassVar[np.ndarray] = np.arange(1)

    def __init__(
        self,
        family: str | Family = "preferences",
        world: int | None = None,
        support: str | Split = "random",
        support_options: dict[str, Any] | None = None,
        split: str = "train",
        observation: str = "symbolic",
        render_mode: str | None = None,
        tile_size: int = 32,
        episodes_per_trial: int | None = None,
        told: bool = False,
        **sizes: Any,
    ) -> None:
        check_rendering(render_mode, tile_size)
        self.trials, self.engine = make_engine(1, episodes_per_trial, family, world, support, support_options, split, **sizes)
        self._observe = Observing(self.family, observation, told, episodes_per_trial)
        self.render_mode = render_mode
        self.tile_size = tile_size
        self.observation_space = self._observe.space
        self.action_space = spaces.Discrete(self.family.actions)
        self._return = 0.0
        self._begun = False
        self._batch_of_one = np.arange(self.family.actions)[:, None]

    @property
    def spec(self) -> EnvSpec | None:
        """Gymnasium's specification; its ``max_episode_steps`` are those that this environment's horizon allows."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = spec
        if spec is not None and spec.max_episode_steps is None:
            spec.max_episode_steps = self.horizon * (1 if self.trials is None else self.trials.per_trial)

    @property
    def family(self) -> GridFamily:
        """The family: combinations, rules, mission texts."""
        return self.engine.family

    @property
    def task_split(self) -> Split:
        """Which combinations are trained and which held out."""
        return self.engine.split

    @property
    def expert(self) -> Expert:
        """The family's expert."""
        return self.family.expert

    @property
    def horizon(self) -> int:
        """Steps after which the episode (of a trial, if there are any) is cut off, and for which the expert plans."""
        return self.family.horizon

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode, or a trial; observation and info.

        Args:
            seed: of all tasks and starts that follow; by default the stream goes on.
            options: ``task`` or ``state``, see above.

        Raises:
            ValueError: naming what of the options is not allowed.
        """
        super().reset(seed=seed)
        chosen = options or {}
        unknown = [key for key in chosen if key not in RESET_OPTIONS]
        if unknown:
            raise ValueError(f"unknown reset option {unknown[0]!r}; allowed: {', '.join(map(repr, RESET_OPTIONS))}")
        if seed is not None or not self._begun:
            self.engine.seed(self._everyone, [self.np_random])
            self._begun = True
        self.engine.reset(
            self._everyone,
            [chosen["task"]] if "task" in chosen else None,
            [chosen["state"]] if "state" in chosen else None,
        )
        self._return = 0.0
        return self._observation(), self._info(False)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step: observation, reward, terminated, truncated and info, as of any environment of Gymnasium.

        Raises:
            ValueError: the action is none.
            RuntimeError: nothing was reset before.
        """
        family = self.engine.family
        allowed = isinstance(action, (int, np.integer)) and 0 <= action < family.actions
        if not (allowed or self.action_space.contains(action)):
            raise ValueError(f"action is {action!r}; allowed: integers from 0 to {family.actions - 1}")
        if not self._begun:
            raise RuntimeError("step() was called before the first reset(); allowed: after it")
        outcome = self.engine.step(self._batch_of_one[int(action)])
        reward = outcome.reward_B.item()
        self._return += reward
        terminated, success = outcome.terminated_B.item(), outcome.success_B.item()
        truncated = self.engine.state.elapsed_B.item() >= family.horizon
        if self.trials is None:
            return self._observation(), reward, terminated, truncated, self._info(success)
        over, ended = self.trials.go_on(
            self._batch_of_one[int(action)],
            outcome.reward_B,
            outcome.success_B,
            np.asarray([terminated or truncated]),
            _NOBODY,
        )
        info = self._info(success)
        if ended is not None:
            info["inner_episode"] = ended.single()
        return self._observation(), reward, terminated and over.item(), truncated and over.item(), info

    def render(self) -> Any:
        if self.render_mode is None:
            gym.logger.warn("render() was called without a render_mode; pass one to gym.make, e.g. render_mode='rgb_array'")
            return None
        from compworld.envs.drawing import draw, draw_text

        state = self.engine.state
        caption = self.engine.caption(0, self.horizon, self._return)
        if self.render_mode == "ansi":
            return draw_text(self.family, state, caption)
        return draw(self.family, state, caption, self.tile_size)

    def get_state(self) -> dict[str, Any]:
        """The exact state of the episode as plain data, for :meth:`set_state` or ``reset(options={"state": ...})``."""
        return self.engine.to_plain(0)

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from a state, e.g. to plan ahead. The return shown in pictures starts again from 0.

        Raises:
            ValueError: naming what is impossible about the state; the environment is then unchanged.
        """
        self.engine.put(0, self.engine.from_plain(state))
        self._return = 0.0
        self._begun = True

    def expert_action(self) -> int:
        """An action that maximises the sum of rewards over the steps that remain."""
        return int(self.expert.optimal_action(self.engine.state, self._remaining())[0])

    def action_values(self) -> np.ndarray:
        """The imitation target: discounted value of each action, float64 [actions]."""
        state = self.engine.state
        return np.asarray(self.expert.action_values(self.expert.plan(state), state)[0], dtype=np.float64)

    def optimal_return(self) -> float:
        """The largest sum of rewards that the steps that remain can give."""
        return float(self.expert.optimal_return(self.engine.state, self._remaining())[0])

    def random_return(self) -> float:
        """The expected sum of rewards of uniformly random actions over the steps that remain, computed exactly."""
        return float(self.expert.random_return(self.engine.state, self._remaining())[0])

    def _remaining(self) -> np.ndarray:
        return self.engine.remaining(self.horizon)

    def _observation(self) -> Any:
        return single(self._observe(self.engine))

    def _info(self, success: bool) -> dict[str, Any]:
        return {
            "task": self.family.task_of(self.engine.state.weights_BM[0]),
            "split": self.engine.split_names[0],
            "success": success,
        }


def make_engine(num_envs: int, episodes: int | None, *given: Any, **sizes: Any) -> tuple[TrialEngine | None, Engine]:
    """The engine of single episodes, or that of trials, twice."""
    if episodes is None:
        return None, Engine(num_envs, *given, **sizes)
    trials = TrialEngine(num_envs, episodes, *given, **sizes)
    return trials, trials


def check_rendering(render_mode: str | None, tile_size: int) -> None:
    """Raise ValueError for an unknown render mode or a tile size that cannot be drawn."""
    if render_mode is not None and render_mode not in RENDER_MODES:
        raise ValueError(f"unknown render_mode {render_mode!r}; allowed: {', '.join(map(repr, RENDER_MODES))}, None")
    if isinstance(tile_size, bool) or not isinstance(tile_size, int) or not 4 <= tile_size <= 256:
        raise ValueError(f"tile_size is {tile_size!r}; allowed: integers from 4 to 256")
