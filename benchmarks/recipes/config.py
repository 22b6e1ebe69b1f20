"""Everything that determines a run, as plain data; its hash is the run's name."""

import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any, get_args

from compworld.agents import Updates
from compworld.agents.training import OuterLoop
from compworld.benchmarks.recipes.names import OWN_METHOD, DeviceName

NAME = re.compile(r"[\w-]+")

CONFIG_VERSION = 5
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
class TrialTraining:
    """How a method plays trials, and learns from them.

    Attributes:
        episodes: of a trial.
        replay: trials that are kept to learn from, for methods that imitate.
        updates: gradient steps after each batch of trials.
    """

    episodes: int
    replay: int = 4096
    updates: Updates = field(default_factory=Updates)

    def __post_init__(self) -> None:
        for name in ("episodes", "replay"):
            if getattr(self, name) < 1:
                raise ValueError(f"trials.{name} is {getattr(self, name)}; allowed: at least 1")

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "TrialTraining":
        """Inverse of :func:`dataclasses.asdict`."""
        return cls(**{**data, "updates": Updates(**data["updates"])})


TRACKS = ("shown", "rewarded", "told")
"""How an agent comes to know a task: by demonstrations, by acting, or because it is told."""


@dataclass(frozen=True)
class RunConfig:
    """One meta-training run and its evaluation; :func:`compworld.benchmarks.runs.run.run` is a pure function of it.

    Attributes:
        family: name for :func:`compworld.make_family`.
        method: key of ``compworld.agents.LEARNERS`` or ``module:Class``.
        options: its constructor's keyword arguments as plain data; see :func:`.options_of`.
        outer: how it is meta-trained; None for methods without parameters.
        evaluation: validation and scoring.
        imitation: what demonstrations teach: ``"action_values"``, ``"summed_action_values"`` (with a loss summed over them),
            ``"optimal_action"`` or ``"probabilities"``.
        seed: of initialisation and of the stream of tasks.
        world: of mazes, preferences and split.
        sizes: of the family, instead of its defaults.
        support: which combinations are trained.
        support_options: of the support.
        meta_batch: tasks per outer step.
        support_episodes, query_episodes: demonstrations per task in training; the former also in evaluation.
        device: where it trains and is scored: ``"cpu"``, ``"cuda"`` or ``"mps"``.
        track: one of :data:`TRACKS`; methods that act in trials are on the last two.
        trials: how it acts; None on the track ``"shown"``. There an outer step is a batch of ``meta_batch`` trials.
    """

    family: str
    method: str
    options: dict[str, Any]
    outer: OuterLoop | None
    evaluation: Evaluation
    imitation: str
    seed: int = 0
    world: int = 0
    sizes: dict[str, Any] = field(default_factory=dict)
    support: str = "random"
    support_options: dict[str, Any] = field(default_factory=dict)
    meta_batch: int = 128
    support_episodes: int = 1
    query_episodes: int = 1
    device: str = "cpu"
    track: str = "shown"
    trials: TrialTraining | None = None

    def __post_init__(self) -> None:
        if self.device not in get_args(DeviceName):
            raise ValueError(f"unknown device {self.device!r:.80}; allowed: {', '.join(map(repr, get_args(DeviceName)))}")
        if self.track not in TRACKS:
            raise ValueError(f"unknown track {self.track!r:.80}; allowed: {', '.join(map(repr, TRACKS))}")
        if (self.trials is None) != (self.track == "shown"):
            raise ValueError(f"trials are {self.trials} on track {self.track!r}; allowed: None on 'shown', else how to act")
        for name in ("meta_batch", "support_episodes", "query_episodes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: at least 1")
        for name in ("seed", "world"):
            if not 0 <= getattr(self, name) < 2**63:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: from 0 to 2**63 - 1")
        # These stand in the run's name, which is that of a folder, and in what is printed.
        for name in ("family", "support"):
            if not NAME.fullmatch(getattr(self, name)):
                raise ValueError(f"{name} is {getattr(self, name)!r:.80}; allowed: letters, digits, '_' and '-'")
        if not self.method.isidentifier() and not OWN_METHOD.fullmatch(self.method):
            raise ValueError(f"method is {self.method!r:.80}; allowed: a name, or 'module:Class'")

    @property
    def steps(self) -> int:
        """Outer steps, 0 for methods that are not trained."""
        return 0 if self.outer is None else self.outer.steps

    def with_steps(self, steps: int, warmup: int | None = None) -> "RunConfig":
        """The same with another number of outer steps, and of steps of warm-up.

        Raises:
            ValueError: the method is not trained.
        """
        if self.outer is None:
            raise ValueError(f"method {self.method!r} is not trained and takes no steps; allowed: methods with parameters")
        kept = self.outer.warmup if warmup is None else warmup
        return dataclasses.replace(self, outer=dataclasses.replace(self.outer, steps=steps, warmup=kept))

    def with_options(self, **options: Any) -> "RunConfig":
        """The same with other options of the method; those that it does not have are left out."""
        known = {name: value for name, value in options.items() if name in self.options}
        return dataclasses.replace(self, options={**self.options, **known})

    def as_dict(self) -> dict[str, Any]:
        """Plain data; inverse of :meth:`from_dict`. Runs on the track "shown" have the fields, and names, of before tracks."""
        data = dataclasses.asdict(self)
        if self.trials is None:
            del data["track"], data["trials"]
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "RunConfig":
        """Inverse of :meth:`as_dict`."""
        outer = None if data["outer"] is None else OuterLoop(**data["outer"])
        trials = None if data.get("trials") is None else TrialTraining.from_dict(data["trials"])
        return cls(**{**data, "outer": outer, "evaluation": Evaluation(**data["evaluation"]), "trials": trials})

    @property
    def run_id(self) -> str:
        """Readable name with a hash of the whole config."""
        text = json.dumps({"version": CONFIG_VERSION, **self.as_dict()}, sort_keys=True)
        # A folder's name may have 255 bytes.
        method = self.method.replace(":", ".").replace("_", "-").encode()[:120].decode(errors="ignore")
        return f"{self.family}_{method}_s{self.seed}_{hashlib.sha256(text.encode()).hexdigest()[:10]}"
