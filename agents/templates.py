"""A network whose weights are mixed from templates, the core of every hypernetwork here.

Axes of tensor names: T tasks, N samples, R active rows, C templates, H width, A outputs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from agents.base import Examples, Problem
from agents.compiled import hypernetwork, mixing
from agents.compiled.adamw import rates
from agents.compiled.function import Arrays, reused, rounded_up, sum_of_losses
from agents.compiled.tasks import task_sets
from agents.compiled.templates import Banks
from agents.first_layer import GeneratedInput, MixedInput, ProjectedInput
from agents.losses import CrossEntropy, Loss
from agents.networks import SparseInput, check_sizes, input_layer, truncated_normal
from agents.perceptron import Passes, Weights, directional, forward, passes, weight_gradients_along

if TYPE_CHECKING:
    from agents.adaptation import InnerLoop

GENERATED_ROWS_PER_SAMPLE = 8
"""Of a table, about as many rows are generated in the time in which one sample's projections are read (measured on CPUs)."""


@dataclass(frozen=True)
class Encoding:
    """A set of examples for a template network, and its scaled template banks."""

    first: MixedInput
    banks: tuple[Tensor, ...]
    """Banks of the layers behind the first, [C, H * H'] each and [C, A * H] for the outputs. A shared one stands here once."""

    def __len__(self) -> int:
        """Number of tasks."""
        return self.first.tasks


class TemplateNetwork(nn.Module):
    """ReLU network without hidden biases; the weights of layer l are ``sum over c of coefficient[l, c] * template[l, c]``.

    Generated weights are divided by the square root of the fan-in.

    Args:
        problem: gives inputs and outputs.
        width: H.
        hidden_layers: number of hidden layers.
        templates: C.
        shared: whether the hidden layers share one bank of templates (each has its own coefficients).
    """

    def __init__(self, problem: Problem, width: int, hidden_layers: int, templates: int, shared: bool) -> None:
        super().__init__()
        check_sizes(width=width, hidden_layers=hidden_layers, templates=templates)
        self.problem, self.width, self.templates = problem, width, templates
        self.layers = hidden_layers + 1
        deviation = 1 / math.sqrt(templates)
        self.input_layer = input_layer(problem)
        self.input = truncated_normal(problem.inputs, templates * width, deviation=deviation)
        self.hidden = nn.ParameterList(
            truncated_normal(templates, width * width, deviation=deviation)
            for _ in range(min(1, hidden_layers - 1) if shared else hidden_layers - 1)
        )
        self.output = truncated_normal(templates, width * problem.outputs, deviation=deviation)
        self.shared = shared

    def encode(self, inputs_TNR: Tensor, support: Encoding | None = None) -> Encoding:
        """The first layer for these inputs, the cheaper way; a query set shares the banks of its support set."""
        tasks, samples, _ = inputs_TNR.shape
        table = self.input_layer.table(self.input / math.sqrt(self.problem.inputs))
        first: MixedInput
        if samples * GENERATED_ROWS_PER_SAMPLE < len(table):
            split = self.input_layer(table, inputs_TNR).view(tasks, samples, self.templates, self.width)
            first = ProjectedInput(split.transpose(1, 2).reshape(tasks, self.templates, samples * self.width), self.width)
        else:
            by_template = self._by_template(table)
            incidence = self.input_layer.incidence(inputs_TNR, len(table))
            first = GeneratedInput(by_template, incidence, tasks, self.width)
        return Encoding(first, self._banks() if support is None else support.banks)

    def _banks(self) -> tuple[Tensor, ...]:
        """Scaled banks of the layers behind the first."""
        scale = 1 / math.sqrt(self.width)
        output = self.output.view(self.templates, self.width, -1).mT.reshape(self.templates, -1)
        return tuple(bank * scale for bank in (*self.hidden, output))

    def _by_template(self, table: Tensor) -> Tensor:
        """A first layer's table [V, C * H] as [C, V * H]."""
        return table.view(-1, self.templates, self.width).transpose(0, 1).reshape(self.templates, -1)

    def compiled_query_loss(
        self,
        inner: "InnerLoop",
        loss: Loss,
        support: Examples,
        query: Examples,
        weights_WTN: Tensor,
        start_F: Tensor,
        embedding: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """Sum of the tasks' query losses after adapting what mixes the templates, by compiled code.

        Args:
            inner, support, query, weights_WTN: as of :meth:`Learner.compiled_query_loss`.
            loss: the loss.
            start_F: fast parameters before adaptation.
            embedding: tensors of :class:`agents.compiled.mixing.Embedding`; None if the fast parameters are the coefficients.
        """
        few_set, asked_set = task_sets(self.input_layer, support, query, weights_WTN)
        table = self.input_layer.table(self.input / math.sqrt(self.problem.inputs))
        *hidden, output = self._banks()
        banks = (
            table if isinstance(self.input_layer, SparseInput) else self._by_template(table),
            torch.stack(hidden) if hidden else output.new_empty(0, self.templates, self.width**2),
            output,
        )
        nothing = start_F.new_empty(0, self.templates)
        blocks = embedding or [nothing, nothing, nothing, nothing, start_F.new_empty(0, self.problem.outputs)]
        inner_rates, classes = rates(inner, few_set.targets.dtype), isinstance(loss, CrossEntropy)
        samples = rounded_up(max(support.weights.shape[1], query.weights.shape[1]))
        dense = few_set.inputs.shape[1]

        def kernel(first: int, last: int, slow: Arrays, of_slow: Arrays) -> float:
            start, *others = slow
            of_start, *of_others = of_slow
            templates, mixer = others[:3], others[3:]
            return hypernetwork.query_losses(
                first,
                last,
                few_set,
                asked_set,
                inner_rates,
                classes,
                start,
                Banks(*templates),
                mixing.Embedding(*mixer),
                of_start,
                Banks(*of_others[:3]),
                mixing.Embedding(*of_others[3:]),
                reused(_room, inner.steps, samples, dense, self.problem.outputs, self.layers, start, *templates, *mixer),
            )

        return sum_of_losses(kernel, np.diff(few_set.starts), [start_F, *banks, *blocks])

    def weights(self, mixtures: Sequence[Tensor], bias_TA: Tensor, banks: Sequence[Tensor]) -> Weights:
        """Weights behind the first layer, for coefficients [T, C] of every layer."""
        generated = [
            (mixture @ bank).view(len(mixture), -1, self.width)
            for mixture, bank in zip(mixtures[1:], self.per_layer(banks), strict=True)
        ]
        return Weights(generated[:-1], generated[-1], [None] * (self.layers - 2), bias_TA)

    def forward(self, mixtures: Sequence[Tensor], bias_TA: Tensor, encoded: Encoding) -> Tensor:
        """Outputs [T, N, A]."""
        first = encoded.first.mix(mixtures[0])
        return forward(first, self.weights(mixtures, bias_TA, encoded.banks))[1].mT

    def per_layer(self, banks: Sequence[Tensor]) -> list[Tensor]:
        """The bank of each layer behind the first."""
        return [*[banks[0]] * (self.layers - 2), banks[-1]] if self.shared else list(banks)


@dataclass(frozen=True)
class MixtureKept:
    """What the gradient with respect to the mixtures leaves for its adjoint."""

    mixtures: Sequence[Tensor]
    weights: Weights
    passes: Passes
    pulled_TP: Tensor
    weight_gradients: list[Tensor]


class MixtureProblem:
    """Gradient of the loss with respect to a template network's coefficients and output bias, and its adjoint.

    Args:
        network: the network.
        encoded: of the support set.
        loss: the loss.
        targets_TNA: of the support set.
    """

    def __init__(self, network: TemplateNetwork, encoded: Encoding, loss: Loss, targets_TNA: Tensor) -> None:
        self.network, self.loss = network, loss
        self.slow = (encoded.first.slow, *encoded.banks)
        self.input = encoded.first.detached()
        self.banks = [bank.detach() for bank in encoded.banks]
        self.targets_TAN = targets_TNA.mT.contiguous()
        self._forget()

    def _forget(self) -> None:
        self._coefficients: list[Tensor] = []
        self._pulled: list[Tensor] = []
        self._of_banks = [torch.zeros_like(bank) for bank in self.banks]

    def gradient(
        self, mixtures: Sequence[Tensor], bias_TA: Tensor, weights_TN: Tensor
    ) -> tuple[list[Tensor], Tensor, MixtureKept]:
        """Gradients with respect to each layer's coefficients [T, C] and to the bias [T, A], and what the adjoint needs."""
        weights = self.network.weights(mixtures, bias_TA, self.banks)
        result = passes(self.input.mix(mixtures[0]), weights, self.loss, self.targets_TAN, weights_TN)
        of_weights = result.weight_gradients()
        pulled = self.input.pull(result.deltas[0])
        kept = MixtureKept(mixtures, weights, result, pulled, of_weights)
        return *self._onto_banks(result, pulled, of_weights), kept

    def adjoint(self, kept: MixtureKept, directions: Sequence[Tensor], of_bias_TA: Tensor) -> tuple[list[Tensor], Tensor]:
        """Derivative of the gradient's product with a direction, with respect to coefficients and bias."""
        moved = self.network.weights(directions, of_bias_TA, self.banks)
        along = directional(kept.passes, kept.weights, self.input.mix(directions[0]), moved, self.loss)
        of_weights = weight_gradients_along(kept.passes, along)
        pulled = self.input.pull(along.deltas[0])
        # The first layer's derivative is a sum of products over all steps, left to the end.
        self._coefficients += [directions[0], kept.mixtures[0]]
        self._pulled += [kept.pulled_TP, pulled]
        for layer, of_bank in enumerate(self.network.per_layer(self._of_banks)):
            of_bank.addmm_(directions[layer + 1].mT, kept.weight_gradients[layer].flatten(1))
            of_bank.addmm_(kept.mixtures[layer + 1].mT, of_weights[layer].flatten(1))
        return self._onto_banks(along, pulled, of_weights)

    def slow_adjoints(self) -> tuple[Tensor, ...]:
        """Derivatives of the same sum of products with respect to the first layer and the banks."""
        of_slow = (self.input.of_slow(self._coefficients, self._pulled), *self._of_banks)
        self._forget()
        return of_slow

    def _onto_banks(self, result: Passes, pulled_TP: Tensor, of_weights: list[Tensor]) -> tuple[list[Tensor], Tensor]:
        later = [
            gradient.flatten(1) @ bank.mT for gradient, bank in zip(of_weights, self.network.per_layer(self.banks), strict=True)
        ]
        return [self.input.correlate(pulled_TP), *later], result.output_delta_TAN.sum(2)


def _room(steps: int, samples: int, dense: int, outputs: int, layers: int, start: np.ndarray, *slow: np.ndarray) -> Any:
    banks, embedding = Banks(*slow[:3]), mixing.Embedding(*slow[3:])
    return hypernetwork.room(steps, samples, dense, outputs, layers, start, banks, embedding)


def rescaled(coefficients_TLC: Tensor) -> tuple[Tensor, Tensor]:
    """Coefficients scaled to norm sqrt(C), and the scale; the scale counts as a constant for every gradient."""
    templates = coefficients_TLC.shape[-1]
    scale = math.sqrt(templates) / coefficients_TLC.detach().norm(dim=-1, keepdim=True).clamp_min(1e-12)
    return coefficients_TLC * scale, scale
