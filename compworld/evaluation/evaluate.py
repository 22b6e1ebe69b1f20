"""Scoring anyone's agent."""

from typing import Any

from compworld.arguments import LARGEST_SEED, choice, flag, integer, keywords_of, shown
from compworld.envs.trials import MOST_EPISODES
from compworld.evaluation.play import TRACKS, AgentError, Played, play_trials
from compworld.evaluation.result import Evaluation
from compworld.families import ENV_IDS, grid_family, make_family, trial_sizes
from compworld.fewshot import MOST_TASKS
from compworld.modules.splits import split_by
from compworld.version import VERSION


def evaluate(
    agent: Any,
    env_id: str,
    track: str = "rewarded",
    world: int = 0,
    split: str = "held_out",
    tasks: int = 192,
    seed: int = 0,
    *,
    episodes: int | None = None,
    observation: str = "symbolic",
    support: str = "random",
    support_options: dict[str, Any] | None = None,
    deterministic: bool = True,
    shots: int | None = None,
    name: str | None = None,
    **sizes: Any,
) -> Evaluation:
    """Score an agent on tasks that it has to find out, is told, or is shown.

    Args:
        agent: with ``predict(observation, state, episode_start) -> (actions, state)``, as models of Stable-Baselines3 have
            it. Observations are batched over up to 64 tasks, as Gymnasium's vector environments give them; ``episode_start``
            is bool [tasks], ``actions`` integers [tasks]. ``state`` is what the agent remembers, None at first; every array
            in it has an axis for the tasks. Tasks that are over wait for the others: what is answered for them is ignored. Or
            a plain function of one environment's observation (not batched) that returns one action.
        env_id: of an environment, such as ``"CompWorld-Goals-Small-v0"``.
        track: ``"rewarded"``: K episodes of each hidden task, with the observation of ``gym.make(env_id,
            episodes_per_trial=K)``; ``episode_start`` is True at the start of the trial only, so that the agent keeps what it
            remembers, and ``"episode_start"`` of the observation tells of each episode. ``"told"``: the observation of
            ``gym.make(env_id, told=True)``: the task's weights under the key ``code``, or its mission in a text or MiniGrid
            observation. ``"shown"``: the agent's ``show(demonstrations)``, if it has one, is called before each batch of
            tasks with a :class:`compworld.envs.showing.Shown`; what it returns is the ``state`` of the first
            ``predict``. The observation is the scene alone. In the last two, ``episode_start`` is True at every episode's
            start.
        world: seed of mazes, preferences and split.
        split: ``"held_out"``, ``"train"`` or ``"all"`` combinations.
        tasks: number of tasks (trials) T.
        seed: of the tasks and starts; all agents meet the same.
        episodes: K of each task; by default what the family states for trials, and 1 when told or shown.
        observation: kind of observation, as of the environments.
        support, support_options: how combinations are split.
        deterministic: handed to a ``predict`` that has such an argument.
        shots: demonstrations of each task that are shown; by default the family's.
        name: of the agent in table and record; by default its class or function.
        **sizes: of the family. By default the ``horizon`` is what the family states for trials, and its own when told or shown.

    Raises:
        AgentError: a ValueError: the agent raised, or answered what it may not; one line that names trial and step (from 0).
            Its ``result`` holds the tasks that were finished.
        ValueError: anything else that is not allowed.
    """
    env_id, track = choice("env_id", env_id, ENV_IDS), choice("track", track, TRACKS)
    stated = trial_sizes(ENV_IDS[env_id]) if track == "rewarded" else {"episodes": 1}
    if "horizon" in stated:
        sizes = {"horizon": stated["horizon"], **sizes}
    if episodes is None:
        episodes = stated.get("episodes", 1)
    tasks, episodes = integer("tasks", tasks, 1, MOST_TASKS), integer("episodes", episodes, 1, MOST_EPISODES)
    seed, deterministic = integer("seed", seed, most=LARGEST_SEED), flag("deterministic", deterministic)
    with keywords_of(evaluate, sizes):
        family = grid_family(make_family(ENV_IDS[env_id], world, **sizes))
    combinations = split_by(family.space, support, family.world, support_options)
    combinations.pool(split)
    name = getattr(agent, "__name__", type(agent).__name__) if name is None else name
    if not isinstance(name, str) or not name.isprintable() or not name:
        raise ValueError(f"name is {shown(name)}; allowed: words that can be printed")
    shots = integer("shots", family.shots if shots is None else shots, 1, MOST_EPISODES)
    settings = {
        "agent": name,
        "env_id": env_id,
        "track": track,
        "world": family.world,
        "support": combinations.support,
        "support_options": combinations.options,
        "split": split,
        "split_sha256": combinations.sha256,
        "sizes": dict(family.sizes),
        "tasks": tasks,
        "episodes": episodes,
        "seed": seed,
        "observation": observation,
        "deterministic": deterministic,
        "shots": shots if track == "shown" else None,
        "compworld": VERSION,
    }

    def result(played: Played) -> Evaluation:
        return Evaluation(settings, played)

    try:
        played = play_trials(
            agent,
            family,
            combinations,
            split,
            tasks,
            episodes,
            seed,
            track=track,
            observation=observation,
            deterministic=deterministic,
            shots=shots,
        )
    except AgentError as error:
        error.result = result(error.played)
        raise
    return result(played)
