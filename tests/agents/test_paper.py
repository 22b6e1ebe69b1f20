"""Equality with the public code of the paper (arXiv 2312.15001), whose figures lie in ``tests/data``, and its numbers of
parameters.

The linear hypernetwork's figures are those of four Teacher tasks at the paper's sizes: 128 wide, 3 hidden layers, 16 templates.
They were made with the epsilon in the root rounded to 1.19e-7.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from compworld import make_family
from compworld.agents import DeepHypernetwork, Examples, InnerLoop, LinearHypernetwork, Problem, accelerate
from compworld.agents.evidence import Demonstrations
from compworld.agents.learner import Learner
from compworld.benchmarks.recipes import iclr2024
from compworld.benchmarks.recipes.methods import make_learner
from compworld.benchmarks.worlds.problems import problem_of

FIGURES = Path(__file__).parents[1] / "data" / "linear_hypernetwork_teacher.npz"
BANKS = ("input", "hidden", "output")


@dataclass(frozen=True)
class Paper:
    """The paper's learner and tasks, in float64."""

    figures: dict[str, Tensor]
    learner: LinearHypernetwork
    support: Examples
    query: Examples

    def stacked(self, name: str) -> Tensor:
        """One of the figures that there are of each bank, by layer: [..., L, C]."""
        return torch.cat([self.figures[f"{name}_{bank}"] for bank in BANKS], -2)


@pytest.fixture(scope="module")
def paper() -> Paper:
    with np.load(FIGURES) as file:
        figures = {name: torch.from_numpy(file[name]) for name in file.files}
    problem = Problem(inputs=16, outputs=8, modules=8, loss="cross_entropy")
    learner = LinearHypernetwork(problem, InnerLoop(10, 0.3), width=128, hidden_layers=3, templates=16).double()
    weights = [figures[f"templates_{bank}_weight"] for bank in BANKS]
    network = learner.network
    with torch.no_grad():
        learner.coefficients.copy_(torch.cat([figures[f"initial_coefficients_{bank}"] for bank in BANKS]))
        for parameter, values in zip((network.input, network.hidden[0], network.output), weights, strict=True):
            parameter.copy_(as_stored(values, parameter is network.input))
        for parameter, bank in zip(network.biases, BANKS, strict=True):
            parameter.copy_(figures[f"templates_{bank}_bias"])
    sets = (examples(figures[f"{name}_inputs"], figures[f"{name}_targets"]) for name in ("support", "query"))
    return Paper(figures, learner, *sets)


def as_stored(templates_CDH: Tensor, inputs_first: bool) -> Tensor:
    """A bank's templates [C, D, H] in the shape of our parameters, [D, C * H] or [C, D * H]."""
    return (templates_CDH.transpose(0, 1) if inputs_first else templates_CDH).flatten(1)


def examples(inputs: Tensor, targets: Tensor) -> Examples:
    tasks, samples, _ = targets.shape
    zeros, weights = (
        torch.zeros(tasks, samples, dtype=torch.int64),
        torch.full((tasks, samples), 1 / samples, dtype=torch.float64),
    )
    return Examples(inputs, zeros, targets, torch.zeros_like(weights), zeros, weights)


@pytest.fixture
def rounded_epsilon(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("gradient", "compiled"):
        monkeypatch.setattr(f"compworld.agents.{module}.adamw.EPSILON_IN_ROOT", 1.19e-7)


def same(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours.detach(), theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("rounded_epsilon")
@pytest.mark.parametrize("compiled", [False, True])
def test_the_linear_hypernetwork_adapts_as_in_the_papers_code(paper: Paper, compiled: bool) -> None:
    shown = Demonstrations(paper.support)
    adapted = accelerate.adapt(paper.learner, shown) if compiled else paper.learner.adapt(shown)
    same(adapted.fast["coefficients"], paper.stacked("adapted_coefficients"))
    same(adapted.fast["bias"], paper.figures["adapted_output_bias"])
    same(adapted.predict(paper.query.inputs), paper.figures["predictions_after"])
    encoded = paper.learner.encode(paper.query.inputs)
    same(paper.learner.predict(paper.learner.initial_fast(encoded), encoded), paper.figures["predictions_before"])


@pytest.mark.usefixtures("rounded_epsilon")
@pytest.mark.parametrize("compiled", [False, True])
def test_its_loss_and_meta_gradient_are_those_of_the_papers_code(paper: Paper, compiled: bool) -> None:
    learner, figures, shown = paper.learner, paper.figures, Demonstrations(paper.support)
    losses = learner.meta_loss(shown, paper.query)
    entropy = -torch.special.xlogy(paper.query.targets, paper.query.targets).sum(-1).mean(-1)
    same(losses - entropy, figures["query_losses"])
    total = accelerate.query_loss(learner, shown, paper.query) if compiled else losses.sum()
    assert total is not None
    same(total, losses.sum().detach())
    network = learner.network
    names = [f"templates_{bank}_{kind}" for kind in ("weight", "bias") for bank in BANKS]
    parameters = [network.input, network.hidden[0], network.output, *network.biases]
    found = torch.autograd.grad(total / len(losses), [learner.coefficients, *parameters])
    same(found[0], paper.stacked("meta_gradient_initial_coefficients"))
    for ours, parameter, name in zip(found[1:], parameters, names, strict=True):
        theirs = figures[f"meta_gradient_{name}"]  # single precision
        stored = theirs if name.endswith("bias") else as_stored(theirs, parameter is network.input)
        torch.testing.assert_close(ours.float(), stored, rtol=2e-7, atol=1e-9)


def numbers_of(learner: Learner) -> tuple[int, int]:
    """Of fast and of meta-learned parameters."""
    assert isinstance(learner, LinearHypernetwork | DeepHypernetwork)
    outputs = learner.problem.outputs if isinstance(learner, LinearHypernetwork) else 0
    return learner.coefficients.numel() + outputs, sum(parameter.numel() for parameter in learner.parameters())


@pytest.mark.parametrize(
    ("method", "family", "numbers"),
    [
        ("deep_hypernetwork", "goals", (24, 919_688)),
        ("deep_hypernetwork", "preferences", (96, 1_162_816)),
        ("linear_hypernetwork", "goals", (30, 227_144)),
        ("linear_hypernetwork", "preferences", (133, 1_149_216)),
        ("linear_hypernetwork", "teacher", (72, 315_584)),
    ],
)
def test_hypernetworks_have_as_many_parameters_as_the_papers(method: str, family: str, numbers: tuple[int, int]) -> None:
    preset, made = iclr2024.preset(), make_family(family)
    problem = problem_of(made, preset.protocol(family).imitation)
    assert numbers_of(make_learner(method, preset.recipe(family, method).options, problem)) == numbers
