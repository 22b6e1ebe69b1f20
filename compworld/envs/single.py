"""The Gymnasium environment."""

from enum import Enum
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec

from compworld.arguments import flag, integer, keywords_of, named_options, plain, shown
from compworld.envs import conversion  # noqa: F401 (tells Gymnasium's wrappers what to do with text)
from compworld.envs.engine import RESET_OPTIONS, Engine, check_begun
from compworld.envs.infos import single_info
from compworld.envs.minigrid import MiniGridView
from compworld.envs.observing import Observing, single
from compworld.envs.showing import Shown, demonstrations
from compworld.envs.trials import TrialEngine
from compworld.families import Family, GridFamily
from compworld.families.expert import Expert
from compworld.modules.splits import Split

RENDER_MODES = ("rgb_array", "ansi")
"""Those that are drawn here; Gymnasium makes ``"human"`` of the first."""

_NOBODY = np.zeros(0, dtype=np.int64)


class CompWorldEnv(MiniGridView, gym.Env[Any, Any]):
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
    holds ``task``, ``split`` (``"train"``, ``"held_out"``, ``"unused"``, or ``"outside"`` the space), ``success`` and, for
    Stable-Baselines3 and others that look for it, the same as ``is_success``; at the end of each episode of a trial also
    ``inner_episode``, a dict of its ``return``, ``success``, ``length`` and ``number`` (from 0). A trial goes on at once: the
    observation after an episode's last step is the first of the next episode. It is terminated or truncated as its last
    episode is.
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
        self.render_mode, self.tile_size = read_rendering(render_mode, tile_size)
        with keywords_of(type(self), sizes):
            self.trials, self.engine = make_engine(
                1, episodes_per_trial, family, world, support, support_options, split, **sizes
            )
        self._episodes = None if self.trials is None else self.trials.per_trial
        self._observe = Observing(self.family, observation, flag("told", told), self._episodes)
        self.observation_space = self._observe.space
        self.action_space = spaces.Discrete(self.family.actions)
        self._return = 0.0
        self._begun = self._given_generator = False
        self._batch_of_one = np.arange(self.family.actions)[:, None]

    @property
    def spec(self) -> EnvSpec | None:
        """Gymnasium's specification; its ``max_episode_steps`` are those that this environment's horizon allows."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = plain_spec(spec)
        if spec is not None and spec.max_episode_steps is None:
            spec.max_episode_steps = self.horizon * (self._episodes or 1)

    @property
    def np_random(self) -> np.random.Generator:
        """The generator from which the stream of episodes begins; that of a new one does at the next reset."""
        return gym.Env.np_random.fget(self)  # type: ignore[attr-defined]  # Gymnasium's own property

    @np_random.setter
    def np_random(self, value: np.random.Generator) -> None:
        gym.Env.np_random.fset(self, value)  # type: ignore[attr-defined]
        self._given_generator = True

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
        chosen = named_options("reset options", options, RESET_OPTIONS)
        given = self.engine.read(*([chosen[key]] if key in chosen else None for key in RESET_OPTIONS))
        # Nothing is refused from here on: a refused reset leaves everything as it was.
        super().reset(seed=None if seed is None else integer("seed", seed))
        self._seed_engine(anew=seed is not None)
        self.engine.reset(self._everyone, given)
        self._return = 0.0
        return self._observation(), single_info(self.engine, False)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step: observation, reward, terminated, truncated and info, as of any environment of Gymnasium.

        Raises:
            ValueError: the action is none.
            RuntimeError: nothing was reset before.
        """
        family = self.engine.family
        if type(action) is not int or not 0 <= action < family.actions:  # the common case is checked at once
            action = integer("action", action, 0, family.actions - 1)
        check_begun(self._begun, "step")
        outcome = self.engine.step(self._batch_of_one[action])
        reward = outcome.reward_B.item()
        self._return += reward
        terminated, success = outcome.terminated_B.item(), outcome.success_B.item()
        truncated = self.engine.state.elapsed_B.item() >= family.horizon
        if self.trials is None:
            return self._observation(), reward, terminated, truncated, single_info(self.engine, success)
        over, ended = self.trials.go_on(
            self._batch_of_one[action],
            outcome.reward_B,
            outcome.success_B,
            np.asarray([terminated or truncated]),
            _NOBODY,
        )
        info = single_info(self.engine, success)
        if ended is not None:
            info["inner_episode"] = ended.single()
        return self._observation(), reward, terminated and over.item(), truncated and over.item(), info

    def render(self) -> Any:
        if self.render_mode is None:
            gym.logger.warn("render() was called without a render_mode; pass one to gym.make, e.g. render_mode='rgb_array'")
            return None
        from compworld.envs.drawing import frame

        return frame(self.engine, 0, self.horizon, self._return, self.render_mode, self.tile_size)

    def get_state(self) -> dict[str, Any]:
        """The exact state of the episode as plain data, for :meth:`set_state` or ``reset(options={"state": ...})``."""
        check_begun(self._begun, "get_state")
        return self.engine.to_plain(0)

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from a state, e.g. to plan ahead. The return shown in pictures starts again from 0.

        Raises:
            ValueError: naming what is impossible about the state; the environment is then unchanged.
        """
        moment = self.engine.from_plain(state)
        self._seed_engine(anew=False)
        self.engine.put(0, moment)
        self._return = 0.0

    def expert_action(self) -> int:
        """An action that maximises the sum of rewards over the steps that remain."""
        check_begun(self._begun, "expert_action")
        return int(self.expert.optimal_action(self.engine.state, self._remaining())[0])

    def action_values(self) -> np.ndarray:
        """The imitation target: discounted value of each action, float64 [actions]."""
        check_begun(self._begun, "action_values")
        state = self.engine.state
        return np.asarray(self.expert.action_values(self.expert.plan(state), state)[0], dtype=np.float64)

    def optimal_return(self) -> float:
        """The largest sum of rewards that the steps that remain can give."""
        check_begun(self._begun, "optimal_return")
        return float(self.expert.optimal_return(self.engine.state, self._remaining())[0])

    def random_return(self) -> float:
        """The expected sum of rewards of uniformly random actions over the steps that remain, computed exactly."""
        check_begun(self._begun, "random_return")
        return float(self.expert.random_return(self.engine.state, self._remaining())[0])

    def demonstrations(self, shots: int | None = None) -> Shown:
        """What the expert does in the task of this episode or trial, from other starts; for agents that are shown tasks.

        Args:
            shots: number of demonstrations; by default the family's.

        Raises:
            RuntimeError: nothing was reset before, so that there is no task.
        """
        check_begun(self._begun, "demonstrations")
        return demonstrations(self.engine, self._observe, shots)

    def _remaining(self) -> np.ndarray:
        return self.engine.remaining(self.horizon)

    def _observation(self) -> Any:
        return single(self._observe(self.engine))

    def _seed_engine(self, anew: bool) -> None:
        """Begin the stream of episodes from the environment's generator, if it has not begun or is to begin anew."""
        if anew or not self._begun or self._given_generator:
            self.engine.seed(self._everyone, [self.np_random])
        self._begun, self._given_generator = True, False


def make_engine(num_envs: int, episodes: int | None, /, *given: Any, **sizes: Any) -> tuple[TrialEngine | None, Engine]:
    """The engine of single episodes, or that of trials, twice."""
    if episodes is None:
        return None, Engine(num_envs, *given, **sizes)
    trials = TrialEngine(num_envs, episodes, *given, **sizes)
    return trials, trials


def plain_spec(spec: EnvSpec | None) -> EnvSpec | None:
    """The same, with numbers of Python and words in its arguments, so that it can be written as JSON."""
    if spec is not None:
        for name, value in spec.kwargs.items():
            spec.kwargs[name] = value.value if isinstance(value, Enum) else plain(value)
    return spec


def read_rendering(render_mode: str | None, tile_size: int) -> tuple[str | None, int]:
    """The render mode and the tile size; ValueError for an unknown mode, or a size that cannot be drawn."""
    if render_mode is not None and render_mode not in RENDER_MODES:
        allowed = ", ".join(map(repr, RENDER_MODES))
        raise ValueError(f"unknown render_mode {shown(render_mode)}; allowed: {allowed}, by gym.make also 'human', or None")
    return render_mode, integer("tile_size", tile_size, 4, 256)
