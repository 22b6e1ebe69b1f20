"""CompWorld: can an agent that learned some combinations of skills act on combinations it has never seen?

Importing registers ``CompWorld-Preferences-v0``, ``CompWorld-Goals-v0`` and their ``-Small`` variants with Gymnasium.
"""

from gymnasium.envs.registration import register

from compworld.families import FAMILIES, make_family
from compworld.fewshot import FewShotBatch, Samples, few_shot_tasks
from compworld.tasks.compositions import ModuleSpace
from compworld.tasks.splits import SUPPORTS, Split, make_split
from compworld.tasks.support import Diagnosis, diagnose
from compworld.version import VERSION

__version__ = VERSION

ENV_IDS = {
    "CompWorld-Preferences-v0": "preferences",
    "CompWorld-Preferences-Small-v0": "preferences-small",
    "CompWorld-Goals-v0": "goals",
    "CompWorld-Goals-Small-v0": "goals-small",
}
"""Every environment id and the family that it is made of."""

_MAX_EPISODE_STEPS = {"preferences": 8, "preferences-small": 8, "goals": 120, "goals-small": 40}

for _env_id, _family in ENV_IDS.items():
    register(
        _env_id,
        entry_point="compworld.envs.single:CompWorldEnv",
        vector_entry_point="compworld.envs.vector:CompWorldVectorEnv",
        max_episode_steps=_MAX_EPISODE_STEPS[_family],
        kwargs={"family": _family},
    )

__all__ = [
    "ENV_IDS",
    "FAMILIES",
    "SUPPORTS",
    "Diagnosis",
    "FewShotBatch",
    "ModuleSpace",
    "Samples",
    "Split",
    "diagnose",
    "few_shot_tasks",
    "make_family",
    "make_split",
]
