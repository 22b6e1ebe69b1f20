"""CompWorld: can an agent that learned some combinations of skills act on combinations it has never seen?

Importing registers ``CompWorld-Preferences-v0``, ``CompWorld-Goals-v0`` and their ``-Small`` variants with Gymnasium.
"""

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
    "make_family",
    "make_split",
    "register_family",
]
