"""The methods that act in trials: which memory with which policy."""

from typing import ClassVar

from compworld.agents.context.heads import MixedHead, PlainHead
from compworld.agents.context.learner import ContextLearner
from compworld.agents.context.memories import Recurrent, Told, Without
from compworld.agents.context.transformer import Transformer
from compworld.agents.evidence import Code, Evidence, Nothing
from compworld.agents.examples import Problem


class RecurrentPolicy(ContextLearner):
    """A gated recurrent unit remembers; one policy network for all tasks.

    Args:
        problem: of observations relative to the agent.
        width: of the recurrent unit.
        inputs: of its inputs.
        policy_width: of the policy's layers.
        temperature, sampled: of actions, see :class:`compworld.agents.context.learner.ActingLearner`.
    """

    def __init__(
        self,
        problem: Problem,
        width: int = 96,
        inputs: int = 64,
        policy_width: int = 64,
        temperature: float = 1.0,
        sampled: bool = True,
    ) -> None:
        memory = Recurrent(problem, width, inputs)
        head = PlainHead(problem, width, policy_width, problem.outputs)
        super().__init__(problem, memory, head, temperature, sampled)


class RecurrentHypernetwork(ContextLearner):
    """A gated recurrent unit remembers; what it puts out mixes a policy from templates (Beck et al., arXiv 2309.14970).

    Args:
        problem, width, inputs, policy_width, temperature, sampled: as of :class:`RecurrentPolicy`.
        templates: of each layer.
    """

    def __init__(
        self,
        problem: Problem,
        width: int = 96,
        inputs: int = 64,
        policy_width: int = 32,
        templates: int = 8,
        temperature: float = 1.0,
        sampled: bool = True,
    ) -> None:
        memory = Recurrent(problem, width, inputs)
        head = MixedHead(problem, width, policy_width, problem.outputs, templates)
        super().__init__(problem, memory, head, temperature, sampled)


class Memoryless(ContextLearner):
    """Floor: the policy network of :class:`RecurrentPolicy` with the same context always.

    Args:
        problem, policy_width, temperature, sampled: as there.
    """

    evidence: ClassVar[type[Evidence]] = Nothing

    def __init__(
        self,
        problem: Problem,
        policy_width: int = 64,
        temperature: float = 1.0,
        sampled: bool = True,
    ) -> None:
        head = PlainHead(problem, 1, policy_width, problem.outputs)
        super().__init__(problem, Without(1), head, temperature, sampled)


class ToldPolicy(ContextLearner):
    """The policy network of :class:`RecurrentPolicy`, given the task's code.

    Args:
        problem, policy_width, temperature, sampled: as there.
        width: of the context.
    """

    evidence: ClassVar[type[Evidence]] = Code

    def __init__(
        self,
        problem: Problem,
        width: int = 96,
        policy_width: int = 64,
        temperature: float = 1.0,
        sampled: bool = True,
    ) -> None:
        super().__init__(
            problem, Told(problem, width), PlainHead(problem, width, policy_width, problem.outputs), temperature, sampled
        )


class ToldMixedPolicy(ContextLearner):
    """The mixed policy of :class:`RecurrentHypernetwork`, its coefficients a linear map of the task's code.

    Args:
        problem, policy_width, templates, temperature, sampled: as there.
        width: of the context.
    """

    evidence: ClassVar[type[Evidence]] = Code

    def __init__(
        self,
        problem: Problem,
        width: int = 96,
        policy_width: int = 32,
        templates: int = 8,
        temperature: float = 1.0,
        sampled: bool = True,
    ) -> None:
        head = MixedHead(problem, width, policy_width, problem.outputs, templates)
        super().__init__(problem, Told(problem, width), head, temperature, sampled)


class TransformerPolicy(ContextLearner):
    """A transformer attends to all steps so far; the policy network of :class:`RecurrentPolicy`.

    Args:
        problem, policy_width, temperature, sampled: as there.
        width: of the transformer.
        layers, heads: of it.
        steps: most steps of a trial.
    """

    def __init__(
        self,
        problem: Problem,
        width: int = 64,
        layers: int = 2,
        heads: int = 4,
        steps: int = 512,
        policy_width: int = 64,
        temperature: float = 1.0,
        sampled: bool = True,
    ) -> None:
        memory = Transformer(problem, width, layers, heads, steps)
        head = PlainHead(problem, width, policy_width, problem.outputs)
        super().__init__(problem, memory, head, temperature, sampled)
