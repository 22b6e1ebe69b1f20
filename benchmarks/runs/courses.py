"""What a run trains on, by its track: batches of few-shot tasks, or trials that the learner plays itself."""

import math
from abc import ABC, abstractmethod
from typing import Any

from compworld import AgentError, few_shot_tasks
from compworld.agents import ActingLearner, Actor, Learner
from compworld.agents.context.player import NotFinite
from compworld.agents.reward.stage import Stage
from compworld.agents.reward.trainer import ActingTrainer
from compworld.agents.training import MetaTrainer, Trainer
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.scores.evaluation import validation_loss
from compworld.benchmarks.scores.trials import VALIDATION_SEED, evaluation_of
from compworld.benchmarks.worlds.problems import meta_batch
from compworld.benchmarks.worlds.world import World


class Course(ABC):
    """Attributes:
    trainer: of the run's method; a checkpoint may be loaded before the first step.
    """

    trainer: Trainer[Any]

    @abstractmethod
    def step(self) -> float:
        """One outer step; returns its loss."""

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """Scores on trained combinations with fresh episodes, always the same; the lowest ``validation_loss`` is the best."""

    def spent(self) -> dict[str, int]:
        """What training took beside time and tasks."""
        return {}


class ShownCourse(Course):
    """Demonstrations to adapt to, and others to predict."""

    def __init__(self, learner: Learner, config: RunConfig, world: World) -> None:
        assert config.outer is not None
        self.config, self.world = config, world
        self.trainer: MetaTrainer = MetaTrainer(learner, config.outer, config.seed)
        streams, weights = world.tasks("fresh_episodes", config.evaluation.validation_tasks, config.seed, "validation")
        self.validation = world.batch(streams, weights, config.support_episodes, config.query_episodes)
        self.batches: Any = None

    def step(self) -> float:
        config = self.config
        if self.batches is None:  # only now is it known where to go on
            self.batches = few_shot_tasks(
                self.world.family,
                self.world.split,
                "train",
                tasks=config.meta_batch,
                support_episodes=config.support_episodes,
                query_episodes=config.query_episodes,
                seed=config.seed,
                start=self.trainer.step_number * config.meta_batch,
                prefetch=True,
            )
        return self.trainer.step(meta_batch(next(self.batches), config.imitation, config.device))

    def validate(self) -> dict[str, float]:
        loss, accuracy = validation_loss(self.trainer.learner, self.config, self.validation)
        return {"validation_loss": loss, "validation_action_accuracy": accuracy}


class ActingCourse(Course):
    """Trials of trained combinations."""

    def __init__(self, learner: ActingLearner, config: RunConfig, world: World) -> None:
        assert config.outer is not None
        assert config.trials is not None
        self.config, self.world = config, world
        stage = Stage(world.grid_family, world.split, "train", config.meta_batch, config.trials.episodes, config.seed)
        settings = config.trials
        self.trainer: ActingTrainer = ActingTrainer(
            learner, config.outer, stage, settings.updates, settings.replay, config.seed
        )

    def step(self) -> float:
        return self.trainer.step()

    def validate(self) -> dict[str, float]:
        tasks = self.config.evaluation.validation_tasks
        try:
            found = evaluation_of(self.trainer.learner, self.config, self.world, "fresh_episodes", tasks, VALIDATION_SEED)
            score = float(found.summary()["normalised_return"][:, 0].mean())
        except AgentError as error:
            if not isinstance(error.__cause__, NotFinite):
                raise
            score = math.nan
        return {"validation_loss": 1 - score, "validation_return": score, "environment_steps": self.trainer.replay.steps}

    def spent(self) -> dict[str, int]:
        return {"environment_steps": self.trainer.replay.steps}


def course_of(method: Learner | Actor, config: RunConfig, world: World) -> Course:
    """The course of a run's track.

    Raises:
        ValueError: the method is no learner: there is nothing to train.
    """
    if isinstance(method, Learner):
        return ShownCourse(method, config, world)
    if isinstance(method, ActingLearner):
        return ActingCourse(method, config, world)
    raise ValueError(f"method {config.method!r} has parameters, but is no agents.ActingLearner; allowed: subclasses of it")
