"""Everything that determines a run, as plain data; its hash is the run's name."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from agents.adaptation import InnerLoop
from agents.metatraining import OuterLoop

CONFIG_VERSION = 3
"""Raised whenever the same config would give another record, so that old ones are not mistaken for new ones."""


@dataclass(frozen=True)
class Evaluation:
    """How a run is validated and scored.

    Attributes:
        validate_every: outer steps between validations on trained combinations with fresh episodes.
        validation_tasks: tasks of each validation, always the same ones.
        tasks: tasks per set of the final evaluation; combinations take turns.
        query_episodes: demonstrations per task that predictions are compared with.
        rollout_episodes: episodes per task that the adapted policy plays in the environment.
    """

    validate_every: int
    validation_tasks: int = 64
    tasks: int = 192
    query_episodes: int = 4
    rollout_episodes: int = 4

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            if value < 1:
                raise ValueError(f"{name} is {value}; allowed: at least 1")


@dataclass(frozen=True)
class RunConfig:
    """One meta-training run and its evaluation; :func:`benchmarks.runner.run` is a pure function of it.

    Attributes:
        family: name for :func:`compworld.make_family`.
        method: key of ``METHODS`` or ``module:Class``.
        method_options: keyword arguments of its constructor.
        inner, outer: the two loops.
        evaluation: validation and scoring.
        imitation: what demonstrations teach: ``"action_values"`` or ``"optimal_action"``.
        seed: of initialisation and of the stream of tasks.
        world: of mazes, preferences and split.
        sizes: of the family, instead of its defaults.
        support: which combinations are trained.
        support_options: of the support.
        meta_batch: tasks per outer step.
        support_episodes, query_episodes: demonstrations per task in training; the former also in evaluation.
    """

    family: str
    method: str
    inner: InnerLoop
    outer: OuterLoop
    evaluation: Evaluation
    imitation: str
    seed: int = 0
    world: int = 0
    method_options: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, Any] = field(default_factory=dict)
    support: str = "random"
    support_options: dict[str, Any] = field(default_factory=dict)
    meta_batch: int = 128
    support_episodes: int = 1
    query_episodes: int = 1

    def as_dict(self) -> dict[str, Any]:
        """Plain data; inverse of :meth:`from_dict`."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "RunConfig":
        """Inverse of :meth:`as_dict`."""
        nested = {"inner": InnerLoop(**data["inner"]), "outer": OuterLoop(**data["outer"])}
        return cls(**{**data, **nested, "evaluation": Evaluation(**data["evaluation"])})

    @property
    def run_id(self) -> str:
        """Readable name with a hash of the whole config."""
        text = json.dumps({"version": CONFIG_VERSION, **self.as_dict()}, sort_keys=True)
        method = self.method.replace(":", ".").replace("_", "-")
        return f"{self.family}_{method}_s{self.seed}_{hashlib.sha256(text.encode()).hexdigest()[:10]}"
