"""A transformer infers a latent, which mixes the network that acts from templates (after arXiv 2407.12275).

Axes of tensor names: T tasks, C length of a latent.
"""

from dataclasses import replace

from torch import Tensor, nn

from compworld.agents.examples import Examples, Problem
from compworld.agents.shown.bottleneck import Bottleneck
from compworld.agents.shown.reader import Reader
from compworld.agents.told.hypernetwork import ToldHypernetwork


class BottleneckTransformer(Bottleneck):
    """:class:`compworld.agents.shown.transformer.ShownTransformer` up to its reading; the mean over steps gives the latent.

    Args:
        problem: inputs, outputs and loss.
        width: of the transformer.
        layers, heads: of it.
        latent: C.
        policy_width: units of each hidden layer of the network that acts.
        hidden_layers: their number.
        templates: that it is mixed from.
    """

    def __init__(
        self,
        problem: Problem,
        width: int = 64,
        layers: int = 2,
        heads: int = 4,
        latent: int = 16,
        policy_width: int = 32,
        hidden_layers: int = 2,
        templates: int = 8,
    ) -> None:
        super().__init__(problem, ToldHypernetwork(replace(problem, modules=latent), policy_width, hidden_layers, templates))
        self.reader = Reader(problem, width, layers, heads)
        self.latent = nn.Linear(width, latent)

    def infer(self, shown: Examples) -> Tensor:
        latents: Tensor = self.latent(self.reader.gist(self.reader.read(shown)))
        return latents
