"""Nonlinear hypernetwork: the coefficients pass through a deep network before they mix the templates (ICLR 2024, section 5)."""

import torch
from torch import Tensor, nn

from agents.base import Examples, Fast, Learner, Problem
from agents.networks import lecun_normal, truncated_normal
from agents.projection import Projection
from agents.templates import TemplateNetwork, rescaled

LAYER_NORM_EPSILON = 1e-6


class DeepHypernetwork(Learner):
    """Adapts one vector of coefficients, from which ``depth`` blocks of [linear, layer norm, ELU] make the mixture.

    Args:
        problem: inputs, outputs and loss.
        width: units of each hidden layer of the generated network.
        hidden_layers: number of hidden layers of the generated network.
        templates: number of coefficients that adapt.
        embedding_width: units of each block, and number of templates that the last one mixes.
        depth: number of blocks.
    """

    def __init__(
        self,
        problem: Problem,
        width: int = 64,
        hidden_layers: int = 2,
        templates: int = 32,
        embedding_width: int = 32,
        depth: int = 4,
    ) -> None:
        super().__init__(problem)
        self.network = TemplateNetwork(problem, width, hidden_layers, embedding_width, shared=False)
        self.bias_head = lecun_normal(embedding_width, embedding_width, problem.outputs)
        self.coefficients = truncated_normal(templates, deviation=1.0)
        sizes = [templates, *[embedding_width] * depth]
        self.weights = nn.ParameterList(lecun_normal(sizes[i], sizes[i], sizes[i + 1]) for i in range(depth))
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(embedding_width)) for _ in range(depth))
        self.gains = nn.ParameterList(nn.Parameter(torch.ones(embedding_width)) for _ in range(depth))
        self.shifts = nn.ParameterList(nn.Parameter(torch.zeros(embedding_width)) for _ in range(depth))

    def encode(self, examples: Examples, support: Projection | None = None) -> Projection:
        return self.network.encode(examples.inputs)

    def initial_fast(self, support: Projection) -> Fast:
        return {"coefficients": self.coefficients.expand(len(support), -1)}

    def predict(self, fast: Fast, encoded: Projection) -> Tensor:
        mixture, _ = self._embed(rescaled(fast["coefficients"])[0])
        return self.network([mixture] * self.network.layers, mixture @ self.bias_head, encoded)[0]

    def gradient(self, fast: Fast, encoded: Projection, examples: Examples, create_graph: bool) -> Fast:
        coefficients, scale = rescaled(fast["coefficients"])
        mixture, blocks = self._embed(coefficients)
        outputs, activity = self.network([mixture] * self.network.layers, mixture @ self.bias_head, encoded)
        delta = self.loss.gradient(outputs, examples.targets, examples.weights)
        of_mixture, of_bias = self.network.gradients(encoded, activity, delta)
        total = torch.stack(of_mixture).sum(0) + of_bias @ self.bias_head.T
        return {"coefficients": self._embed_backward(blocks, total) * scale}

    def _embed(self, coefficients_TC: Tensor) -> tuple[Tensor, list[tuple[Tensor, Tensor, Tensor]]]:
        """The mixture [T, C'], and for each block its normalised values, inverse deviations and activations."""
        blocks = []
        value = coefficients_TC
        for weight, bias, gain, shift in zip(self.weights, self.biases, self.gains, self.shifts, strict=True):
            linear = torch.addmm(bias, value, weight)
            centred = linear - linear.mean(1, keepdim=True)
            inverse = torch.rsqrt(centred.square().mean(1, keepdim=True) + LAYER_NORM_EPSILON)
            normalised = centred * inverse
            value = nn.functional.elu(torch.addcmul(shift, normalised, gain))
            blocks.append((normalised, inverse, value))
        return value, blocks

    def _embed_backward(self, blocks: list[tuple[Tensor, Tensor, Tensor]], gradient_TC: Tensor) -> Tensor:
        """Backward pass of :meth:`_embed` as ordinary differentiable code."""
        for (normalised, inverse, value), weight, gain in zip(
            reversed(blocks), reversed(list(self.weights)), reversed(list(self.gains)), strict=True
        ):
            # ELU's slope is 1 where its value is positive, and value + 1 elsewhere.
            slope = value.clamp_max(0) + 1
            of_normalised = gradient_TC * slope * gain
            mean = of_normalised.mean(1, keepdim=True)
            along = (of_normalised * normalised).mean(1, keepdim=True)
            gradient_TC = ((of_normalised - mean - normalised * along) * inverse) @ weight.T
        return gradient_TC
