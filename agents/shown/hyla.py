"""A transformer whose attention is a hypernetwork, HYLA (Schug et al. 2024, arXiv 2406.05816)."""

from typing import ClassVar

from compworld.agents.networks.attention import Attending
from compworld.agents.networks.hyper_attention import HyperAttending
from compworld.agents.shown.transformer import ShownTransformer


class HYLA(ShownTransformer):
    """:class:`compworld.agents.shown.transformer.ShownTransformer` with layers of HYLA.

    Args:
        problem, width, layers, heads: as there.
    """

    attending: ClassVar[type[Attending]] = HyperAttending
