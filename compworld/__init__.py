"""CompWorld: can an agent that learned some combinations of skills act on combinations it has never seen?

Importing registers ``CompWorld-Preferences-v0``, ``CompWorld-Goals-v0`` and their ``-Small`` variants with Gymnasium.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from compworld.evaluation import AgentError, Evaluation, evaluate
from compworld.families import ENV_IDS, FAMILIES, make_family, register_family
from compworld.families.samples import Samples
from compworld.fewshot import FewShotBatch, few_shot_tasks
from compworld.modules.diagnosis import Diagnosis, diagnose
from compworld.modules.spaces import ModuleSpace
from compworld.modules.splits import Split, make_split
from compworld.modules.supports import SUPPORTS
from compworld.version import VERSION

__version__ = VERSION

__all__ = [
    "ENV_IDS",
    "FAMILIES",
    "SUPPORTS",
    "AgentError",
    "Diagnosis",
    "Evaluation",
    "FewShotBatch",
    "ModuleSpace",
    "Samples",
    "Split",
    "diagnose",
    "evaluate",
    "few_shot_tasks",
    "load_agent",
    "make_family",
    "make_split",
    "register_family",
]


def load_agent(name: str, folder: str | Path | None = None, trust: bool = False) -> Any:
    """A trained method that acts, from a checkpoint that is shipped or from a run of one's own.

    Needs the extra ``agents``, and loads torch, which nothing else here does.

    Args:
        name: of a published agent, such as ``"goals/linear_hypernetwork"``; or the path of a finished run's folder.
        folder: of published agents, see ``compworld publish``; by default those that are shipped.
        trust: import the code of a method ``module:Class`` of one's own that a run names.

    Returns:
        A :class:`compworld.benchmarks.published.trained.TrainedAgent`: it has ``predict(observation, state, episode_start)``
        for one environment or a batch, ``env_id`` and ``options`` of its world, ``environment(...)`` that makes it, and its
        record ``result``. An agent of the track "shown" also has ``show(demonstrations)``, whose value is the first ``state``.

    Raises:
        ValueError: no such agent, a file was damaged or changed, or the method is not to be trusted.
        ModuleNotFoundError: the extra is missing.
    """
    try:  # by its name: it stands below in the stream, and is loaded for those who ask for it
        index = import_module("compworld.benchmarks.published.index")
    except ModuleNotFoundError as error:
        line = f"load_agent needs {error.name!r}, which is not installed: pip install 'compworld[agents]'"
        raise ModuleNotFoundError(line, name=error.name) from None
    return index.load_agent(name, folder, trust)
