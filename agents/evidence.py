"""What a learner may be shown of a task. Each learner declares one kind, and is handed that and nothing else.

Axes of tensor names: T tasks, N samples, M modules.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar, Protocol, Self

from torch import Tensor

from compworld.agents.examples import Examples


class Evidence(ABC):
    """Evidence about each task of a meta-batch."""

    @classmethod
    @abstractmethod
    def of(cls, batch: "MetaBatch") -> Self:
        """This kind of evidence about the tasks of a batch."""

    @abstractmethod
    def __len__(self) -> int:
        """Number of tasks."""

    @abstractmethod
    def __getitem__(self, tasks: Tensor) -> Self:
        """Evidence about some of the tasks, by their numbers, without what is padding for all of them."""


class Declares(Protocol):
    """Whoever says which kind of evidence it adapts to: every learner."""

    evidence: ClassVar[type[Evidence]]


@dataclass(frozen=True)
class Nothing(Evidence):
    """Nothing but that there are so many tasks."""

    tasks: int

    @classmethod
    def of(cls, batch: "MetaBatch") -> Self:
        return cls(len(batch))

    def __len__(self) -> int:
        return self.tasks

    def __getitem__(self, tasks: Tensor) -> Self:
        return type(self)(len(tasks))


@dataclass(frozen=True)
class Demonstrations(Evidence):
    """Labelled steps of the expert's episodes (for the Teacher: labelled inputs)."""

    examples: Examples

    @classmethod
    def of(cls, batch: "MetaBatch") -> Self:
        return cls(batch.support)

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, tasks: Tensor) -> Self:
        return type(self)(self.examples[tasks].trimmed())


@dataclass(frozen=True)
class Experience(Evidence):
    """Steps of episodes with the actions taken and the rewards received, without labels; tensors as in :class:`Examples`."""

    inputs: Tensor
    actions: Tensor
    rewards: Tensor
    episodes: Tensor
    weights: Tensor

    @classmethod
    def of(cls, batch: "MetaBatch") -> Self:
        seen = batch.support
        return cls(seen.inputs, seen.actions, seen.rewards, seen.episodes, seen.weights)

    def __len__(self) -> int:
        return len(self.weights)

    def __getitem__(self, tasks: Tensor) -> Self:
        weights = self.weights[tasks]
        longest = int((weights > 0).any(0).nonzero().amax()) + 1
        return type(self)(*(getattr(self, field.name)[tasks, :longest] for field in fields(self)))


@dataclass(frozen=True)
class Code(Evidence):
    """The tasks themselves: the weight of each module."""

    weights_TM: Tensor

    @classmethod
    def of(cls, batch: "MetaBatch") -> Self:
        return cls(batch.codes)

    def __len__(self) -> int:
        return len(self.weights_TM)

    def __getitem__(self, tasks: Tensor) -> Self:
        return type(self)(self.weights_TM[tasks])


@dataclass(frozen=True)
class MetaBatch:
    """Tasks with everything that is known about them. Learners never see it: only :meth:`shown_to` and the query set's labels.

    Attributes:
        support: what demonstrations of each task show.
        query: samples that adapted predictions are compared with.
        codes: float [T, M], weight of each module in each task.
    """

    support: Examples
    query: Examples
    codes: Tensor

    def __len__(self) -> int:
        """Number of tasks."""
        return len(self.codes)

    def __getitem__(self, tasks: slice | Tensor) -> "MetaBatch":
        return MetaBatch(self.support[tasks], self.query[tasks], self.codes[tasks])

    def shown_to(self, learner: Declares) -> Evidence:
        """The one kind of evidence that a learner declares."""
        return learner.evidence.of(self)
