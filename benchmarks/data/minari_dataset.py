"""Episodes as data sets of Minari (minari.farama.org), one for each split."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from compworld.benchmarks.data.episodes import Episode, play
from compworld.benchmarks.data.request import Request
from compworld.families import grid_family
from compworld.files import new_folder
from compworld.version import VERSION


def write_minari(request: Request, out: Path) -> list[Path]:
    """Write a data set for each split of a request; Minari finds them with ``MINARI_DATASETS_PATH`` set to the folder.

    Args:
        request: what is asked for.
        out: folder of all data sets.

    Returns:
        The folder of each data set.

    Raises:
        ValueError: the family has nothing to act in, or a data set is there already.
    """
    grid_family(request.family)
    return [_write(request, which, out) for which in request.splits]


def _write(request: Request, which: str, out: Path) -> Path:
    from minari import __version__ as minari_version
    from minari.data_collector import EpisodeBuffer
    from minari.dataset.minari_storage import MinariStorage

    options: dict[str, Any] = {
        "world": request.world,
        "support": request.support,
        "split": which,
        "observation": request.observation,
    }
    env = gym.make(str(request.family.env_id), **options)
    dataset_id = f"compworld/{request.family_name}/{request.behaviour}-{which}-{request.title}-v0"
    with new_folder(out / dataset_id) as folder:
        played: Any = env.unwrapped
        episodes = [play(played, request.behaviour, request.seed, number) for number in range(request.number)]
        data = folder.absolute() / "data"  # Minari looks for the files of a relative path in the wrong place
        data.mkdir()
        storage = MinariStorage.new(data, env_spec=env.spec, data_format="parquet")
        storage.update_metadata({"dataset_id": dataset_id, "minari_version": minari_version})
        storage.update_episodes(_buffers(EpisodeBuffer, episodes))
        storage.update_episode_metadata([episode.facts for episode in episodes])
        storage.update_metadata(_metadata(request, which, episodes))
    return out / dataset_id


def _buffers(kind: type[Any], episodes: list[Episode]) -> Iterator[Any]:
    for number, episode in enumerate(episodes):
        yield kind(
            id=number,
            seed=episode.seed,
            observations=gathered(episode.observations),
            actions=np.asarray(episode.actions),
            rewards=episode.rewards,
            terminations=episode.terminations,
            truncations=episode.truncations,
        )


def gathered(observations: list[Any]) -> Any:
    """Observations one after the other, in the form that Minari's buffers have: by part, where they are Dicts."""
    if isinstance(observations[0], dict):
        return {name: gathered([observation[name] for observation in observations]) for name in observations[0]}
    return observations


def _metadata(request: Request, which: str, episodes: list[Episode]) -> dict[str, Any]:
    scale = {name: float(np.mean([e.facts[name] for e in episodes])) for name in ("random_return", "optimal_return")}
    return {
        "algorithm_name": request.behaviour,
        "author": {"The CompWorld developers"},
        "description": (
            f"{request.behaviour} episodes in {which} combinations of the CompWorld family {request.family_name}, "
            "after arXiv 2312.15001. Reference scores are exact means over the starts, of random actions and of the optimum."
        ),
        "ref_min_score": scale["random_return"],
        "ref_max_score": scale["optimal_return"],
        "num_episodes_average_score": len(episodes),
        "requirements": [f"compworld=={VERSION}"],
        "compworld": {**request.settings(), "behaviour": request.behaviour, "split": which},
    }
