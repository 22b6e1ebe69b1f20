"""Methods that adapt to their own experience by gradient steps, by what of them is fast."""

from functools import partial
from typing import Any

from compworld.agents.examples import Problem
from compworld.agents.gradient.anil import ANIL
from compworld.agents.gradient.deep_hypernetwork import DeepHypernetwork
from compworld.agents.gradient.linear_hypernetwork import LinearHypernetwork
from compworld.agents.gradient.loop import InnerLoop
from compworld.agents.gradient.maml import MAML
from compworld.agents.reward.adapting import AdaptingLearner
from compworld.agents.reward.fast_networks import DefinedNetwork, MixingNetwork, ValueNetwork

INNER = InnerLoop(5, 0.04, optimizer="sgd")
"""Five steps, at rates that are learned from this one on."""

DEFINITIONS: dict[str, Any] = {
    "linear_hypernetwork": partial(LinearHypernetwork, templates=8),
    "deep_hypernetwork": partial(DeepHypernetwork, templates=8),
    "anil": ANIL,
    "maml": MAML,
}
"""Of :mod:`compworld.agents.gradient`, by name."""


class AdaptingHypernetwork(AdaptingLearner):
    """What mixes a policy from templates adapts, by reading what actions gave.

    Args:
        problem, inner, inner_loss, round_episodes, reading, temperature, sampled: as of :class:`AdaptingLearner`.
        width, hidden, policy_width, templates: as of :class:`compworld.agents.reward.fast_networks.MixingNetwork`.
    """

    def __init__(
        self,
        problem: Problem,
        inner: InnerLoop = INNER,
        inner_loss: str = "rewards",
        round_episodes: int = 1,
        reading: float = 0.0,
        width: int = 32,
        hidden: int = 64,
        policy_width: int = 32,
        templates: int = 8,
        temperature: float = 1.0,
        sampled: bool = True,
    ) -> None:
        network = MixingNetwork(problem, width, hidden, policy_width, templates)
        super().__init__(problem, network, inner, inner_loss, round_episodes, reading, temperature, sampled)


class AdaptingValues(AdaptingLearner):
    """The last layer adapts (ANIL), by the values of the actions that were taken; it acts by these values.

    Args:
        problem, inner, inner_loss, round_episodes, reading, temperature, sampled: as of :class:`AdaptingLearner`.
        width, hidden: as of :class:`compworld.agents.reward.fast_networks.ValueNetwork`.
    """

    def __init__(
        self,
        problem: Problem,
        inner: InnerLoop = INNER,
        inner_loss: str = "returns",
        round_episodes: int = 1,
        reading: float = 0.0,
        width: int = 64,
        hidden: int = 64,
        temperature: float = 1.0,
        sampled: bool = True,
    ) -> None:
        network = ValueNetwork(problem, width, hidden)
        super().__init__(problem, network, inner, inner_loss, round_episodes, reading, temperature, sampled)


class AdaptingDefinition(AdaptingLearner):
    """A method of the track "shown", its definition as it stands, adapts to own experience instead of demonstrations.

    Args:
        problem, inner, inner_loss, round_episodes, reading, temperature, sampled: as of :class:`AdaptingLearner`.
        definition: key of :data:`DEFINITIONS`.
        width, hidden_layers: of its network.

    Raises:
        ValueError: unknown definition.
    """

    def __init__(
        self,
        problem: Problem,
        definition: str = "linear_hypernetwork",
        inner: InnerLoop = INNER,
        inner_loss: str = "rewards",
        round_episodes: int = 1,
        reading: float = 0.0,
        width: int = 32,
        hidden_layers: int = 2,
        temperature: float = 1.0,
        sampled: bool = True,
    ) -> None:
        if definition not in DEFINITIONS:
            raise ValueError(f"definition is {definition!r:.80}; allowed: {', '.join(map(repr, DEFINITIONS))}")
        network = DefinedNetwork(
            problem, partial(DEFINITIONS[definition], inner=inner, width=width, hidden_layers=hidden_layers)
        )
        super().__init__(problem, network, inner, inner_loss, round_episodes, reading, temperature, sampled)
