"""The choices of the command line, as literals: a wrong one is refused before anything is loaded.

No import of torch, Gymnasium or NumPy here. The tests hold each list equal to the registry that it names.
"""

import re
from typing import Literal, get_args

MethodName = Literal[
    "linear_hypernetwork",
    "deep_hypernetwork",
    "anil",
    "maml",
    "shown_transformer",
    "bottleneck_transformer",
    "hyla",
    "shown_gru",
    "no_adaptation",
    "told_hypernetwork",
    "told_network_128",
    "told_network_512",
    "told_network_2048",
    "shown_bayes",
    "shown_bayes_trained",
    "random",
    "gru",
    "recurrent_hypernetwork",
    "transformer",
    "rl2",
    "adapting_hypernetwork",
    "memoryless",
    "told_policy",
    "told_mixed_policy",
    "bayes",
    "bayes_trained",
    "random_play",
]
"""Keys of ``compworld.agents.METHODS``."""

METHOD_NAMES: tuple[MethodName | str, ...] = get_args(MethodName)

PresetName = Literal["quick", "hour", "rewarded-quick", "teacher", "standard", "iclr2024"]
"""Keys of :data:`compworld.benchmarks.recipes.presets.PRESETS`."""

FamilyName = Literal[
    "preferences",
    "preferences-small",
    "goals",
    "goals-small",
    "teacher",
    "teacher-small",
    "teacher-scaling2025",
    "teacher-layerwise",
]
"""What ``compworld.families.family_names()`` gives."""

SupportName = Literal[
    "random", "compositional", "non_compositional", "connected", "disconnected", "k_hot", "equal", "active_modules"
]
"""Keys of ``compworld.SUPPORTS``."""

EnvironmentId = Literal[
    "CompWorld-Preferences-v0", "CompWorld-Preferences-Small-v0", "CompWorld-Goals-v0", "CompWorld-Goals-Small-v0"
]
"""Keys of ``compworld.ENV_IDS``."""

ExperimentName = Literal[
    "identification", "connectivity", "compositionality", "overparameterisation", "tasks", "reach", "adaptation", "coverage"
]
"""Keys of :data:`compworld.benchmarks.theory.studies.STUDIES`."""

BudgetName = Literal["quick", "full"]
"""Budgets of every study."""

ObservationName = Literal["symbolic", "minigrid", "indices", "relative", "relative_indices", "text"]
"""Keys of :data:`compworld.envs.observations.OBSERVATIONS`."""

FormatName = Literal["minari", "parquet"]
"""Keys of :data:`compworld.benchmarks.data.export.FORMATS`."""

BehaviourName = Literal["expert", "random", "mixed"]
"""Keys of :data:`compworld.benchmarks.data.episodes.BEHAVIOURS`."""

SetName = Literal["train", "fresh_episodes", "held_out"]
"""Entries of :data:`compworld.benchmarks.scores.names.SETS`."""

SplitName = Literal["train", "held_out", "all"]
"""What an environment plays."""

OWN_METHOD = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
"""``module:Class``"""

DeviceName = Literal["cpu", "cuda", "mps"]
"""Where a run trains and is scored."""


ExecutorName = Literal["local", "ray", "slurm"]
"""Keys of :data:`compworld.benchmarks.runs.engines.ENGINES`."""

LoggerName = Literal["tensorboard", "wandb", "trackio"]
"""Keys of :data:`compworld.benchmarks.runs.loggers.LOGGERS`."""


def check_methods(*names: str) -> None:
    """Refuse a method that cannot exist, before anything is loaded.

    Raises:
        ValueError: naming it.
    """
    for name in names:
        if name not in METHOD_NAMES and not OWN_METHOD.fullmatch(name):
            allowed = ", ".join(map(repr, METHOD_NAMES))
            raise ValueError(f"unknown method {name!r}; allowed: {allowed}, or 'module:Class' for your own")
