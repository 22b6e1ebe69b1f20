"""Nonlinear hypernetwork: the coefficients pass through a deep network before they mix the templates (ICLR 2024, section 5).

Axes of tensor names: T tasks, N samples, C coefficients or templates.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from agents.base import Examples, Fast, Learner, Problem
from agents.embedding import (
    Block,
    BlockGradient,
    BlockPass,
    Embedding,
    run_block,
    run_block_along,
    run_block_back,
    run_block_back_along,
)
from agents.explicit import InnerProblem
from agents.networks import lecun_normal, truncated_normal
from agents.templates import Encoding, MixtureKept, MixtureProblem, TemplateNetwork, rescaled

if TYPE_CHECKING:
    from agents.adaptation import InnerLoop


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
        self.embedding = Embedding(templates, embedding_width, depth)

    def encode(self, examples: Examples, support: Encoding | None = None) -> Encoding:
        return self.network.encode(examples.inputs, support)

    def initial_fast(self, support: Encoding) -> Fast:
        return {"coefficients": self.coefficients.expand(len(support), -1)}

    def predict(self, fast: Fast, encoded: Encoding) -> Tensor:
        mixture = self.embedding(rescaled(fast["coefficients"])[0])
        return self.network([mixture] * self.network.layers, mixture @ self.bias_head, encoded)

    def compiled_query_loss(self, inner: "InnerLoop", support: Examples, query: Examples, weights_WTN: Tensor) -> Tensor:
        matrices, *vectors = zip(*self.embedding.blocks(), strict=True)
        embedding = [torch.cat(matrices), *(torch.stack(values) for values in vectors), self.bias_head]
        return self.network.compiled_query_loss(inner, self.loss, support, query, weights_WTN, self.coefficients, embedding)

    def inner_problem(self, encoded: Encoding, support: Examples) -> InnerProblem:
        return _EmbeddedProblem(self, encoded, support)


@dataclass(frozen=True)
class _Kept:
    scale_T1: Tensor
    blocks: list[BlockPass]
    gradients: list[BlockGradient]
    mixture: MixtureKept
    of_bias: Tensor


class _EmbeddedProblem(InnerProblem):
    def __init__(self, learner: DeepHypernetwork, encoded: Encoding, support: Examples) -> None:
        self.mixture = MixtureProblem(learner.network, encoded, learner.loss, support.targets)
        self.layers = learner.network.layers
        blocks = learner.embedding.blocks()
        self.slow = (*self.mixture.slow, learner.bias_head, *(value for block in blocks for value in block))
        self.bias_head = learner.bias_head.detach()
        self.blocks: list[Block] = [(w.detach(), b.detach(), g.detach(), s.detach()) for w, b, g, s in blocks]
        self._forget()

    def _forget(self) -> None:
        self._of_bias_head = torch.zeros_like(self.bias_head)
        # Factors of every use: block passes and gradients, and their derivatives along the adjoint's direction.
        self._uses: list[list[tuple[BlockPass, BlockGradient, BlockPass, BlockGradient]]] = [[] for _ in self.blocks]

    def gradient(self, fast: Tensor, weights_TN: Tensor) -> tuple[Tensor, _Kept]:
        value, scale = rescaled(fast)
        blocks, gradients = [], []
        for block in self.blocks:
            blocks.append(run_block(block, value))
            value = blocks[-1].output
        of_mixtures, of_bias, kept = self.mixture.gradient([value] * self.layers, value @ self.bias_head, weights_TN)
        gradient = torch.addmm(_total(of_mixtures), of_bias, self.bias_head.mT)
        for block, at in zip(reversed(self.blocks), reversed(blocks), strict=True):
            gradient, of_block = run_block_back(block, at, gradient)
            gradients.append(of_block)
        return gradient.mul_(scale), _Kept(scale, blocks, gradients[::-1], kept, of_bias)

    def adjoint(self, kept: _Kept, direction: Tensor) -> Tensor:
        value, along = direction * kept.scale_T1, []
        for block, at in zip(self.blocks, kept.blocks, strict=True):
            along.append(run_block_along(block, at, value))
            value = along[-1].output
        of_mixtures, of_bias = self.mixture.adjoint(kept.mixture, [value] * self.layers, value @ self.bias_head)
        gradient = torch.addmm(_total(of_mixtures), of_bias, self.bias_head.mT)
        self._of_bias_head.addmm_(value.mT, kept.of_bias).addmm_(kept.mixture.mixtures[0].mT, of_bias)
        for i in reversed(range(len(self.blocks))):
            at, back = kept.blocks[i], kept.gradients[i]
            gradient, of_block = run_block_back_along(self.blocks[i], at, back, along[i], gradient)
            self._uses[i].append((at, back, along[i], of_block))
        return gradient.mul_(kept.scale_T1)

    def slow_adjoints(self) -> tuple[Tensor, ...]:
        of_blocks: list[Tensor] = []
        for uses in self._uses:
            inputs = torch.cat([value for at, _, along, _ in uses for value in (along.inputs, at.inputs)])
            of_linear = torch.cat([value for _, back, _, of_block in uses for value in (back.linear, of_block.linear)])
            normalised = torch.cat([value for at, _, along, _ in uses for value in (along.normalised, at.normalised)])
            of_affine = torch.cat([value for _, back, _, of_block in uses for value in (back.affine, of_block.affine)])
            of_bias = torch.stack([of_block.linear for *_, of_block in uses]).sum((0, 1))
            of_shift = torch.stack([of_block.affine for *_, of_block in uses]).sum((0, 1))
            of_blocks += [inputs.mT @ of_linear, of_bias, (normalised * of_affine).sum(0), of_shift]
        of_slow = (*self.mixture.slow_adjoints(), self._of_bias_head, *of_blocks)
        self._forget()
        return of_slow


def _total(parts: list[Tensor]) -> Tensor:
    total = parts[0]
    for part in parts[1:]:
        total += part
    return total
