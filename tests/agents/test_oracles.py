"""The plain definitions against oracles written here from the formulas, on dense observations, one task after the other."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, grad

from compworld.agents import Examples, InnerLoop, Learner
from compworld.families.samples import Samples
from compworld.fewshot import dense
from tests.agents.conftest import LOOPS, OPTIONS, Case, assert_same, gradients_of, meta_loss, small

FIRST_LAYERS = {"projected": 0, "generated": 10**6}
"""Values of GENERATED_ROWS_PER_SAMPLE that choose each way to mix a first layer."""


@pytest.fixture(params=FIRST_LAYERS)
def first_layer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("compworld.agents.networks.templates.GENERATED_ROWS_PER_SAMPLE", FIRST_LAYERS[request.param])
    return str(request.param)


@pytest.mark.usefixtures("first_layer")
@pytest.mark.parametrize("loop", ["adamw", "sgd", "first order", "first order sgd"])
@pytest.mark.parametrize("method", ["anil", "maml", "linear_hypernetwork"])
def test_equals_networks_on_dense_observations_task_by_task(method: str, loop: str, case: Case) -> None:
    """Dense inputs, one task after the other, torch.func's gradient inside, AdamW by its formula."""
    learner, inner = small(method, case.problem, LOOPS[loop]), LOOPS[loop]
    support_set, query_set = case.batch.support, case.batch.query
    ours = gradients_of(learner, meta_loss(learner, case.batch))
    parameters = {name: p.detach().clone().requires_grad_() for name, p in learner.named_parameters()}
    network, start = ORACLES[method]
    support, query = (dense_inputs(case, samples) for samples in (case.few_shot.support, case.few_shot.query))
    total = torch.zeros((), dtype=torch.float64)
    for task in range(len(case.batch)):
        fast = start(parameters)

        def loss(fast: dict[str, Tensor], inputs: Tensor, examples: Examples, task: int = task) -> Tensor:
            one = examples[task : task + 1]
            outputs = network(parameters, fast, inputs[task])[None]
            return learner.loss(outputs, one.targets, one.weights).sum()

        fast = adapted_by_formula(lambda fast, loss=loss: grad(loss)(fast, support, support_set), fast, inner)
        total = total + loss(fast, query, query_set) / len(case.batch)
    expected = dict(zip(parameters, torch.autograd.grad(total, list(parameters.values())), strict=True))
    assert_same(ours, expected)


def dense_inputs(case: Case, samples: Samples) -> Tensor:
    if case.family.wall_rows is not None:
        return torch.as_tensor(dense(case.family, samples.rows_TNR)).double().flatten(2)
    return torch.as_tensor(samples.rows_TNR).double()


def adapted_by_formula(
    gradient: Callable[[dict[str, Tensor]], dict[str, Tensor]], fast: dict[str, Tensor], inner: InnerLoop
) -> dict[str, Tensor]:
    """AdamW with bias-corrected moments and the epsilon inside the root, or plain gradient descent."""
    first = {name: torch.zeros_like(value) for name, value in fast.items()}
    second = {name: torch.zeros_like(value) for name, value in fast.items()}
    for step in range(1, inner.steps + 1):
        gradients = gradient(fast)
        if not inner.second_order:
            gradients = {name: value.detach() for name, value in gradients.items()}
        if inner.optimizer == "sgd":
            fast = {name: fast[name] - inner.learning_rate * gradients[name] for name in fast}
            continue
        first = {name: 0.9 * first[name] + 0.1 * gradients[name] for name in fast}
        second = {name: 0.999 * second[name] + 0.001 * gradients[name] ** 2 for name in fast}
        update = {
            name: first[name] / (1 - 0.9**step) / (torch.sqrt(second[name] / (1 - 0.999**step) + 2**-23) + 1e-8)
            for name in fast
        }
        fast = {name: fast[name] - inner.learning_rate * (update[name] + inner.weight_decay * fast[name]) for name in fast}
    return fast


def anil_network(slow: dict[str, Tensor], fast: dict[str, Tensor], inputs: Tensor) -> Tensor:
    hidden = torch.relu(inputs @ slow["body.first"] + slow["body.biases.0"])
    hidden = torch.relu(hidden @ slow["body.weights.0"] + slow["body.biases.1"])
    return hidden @ fast["head"] + fast["bias"]


def maml_network(slow: dict[str, Tensor], fast: dict[str, Tensor], inputs: Tensor) -> Tensor:
    hidden = torch.relu(inputs @ fast["first"] + fast["biases.0"])
    for layer in range(OPTIONS["maml"]["hidden_layers"] - 1):
        hidden = torch.relu(hidden @ fast[f"hidden.{layer}"] + fast[f"biases.{layer + 1}"])
    return hidden @ fast["output"].T + fast["output_bias"]


def linear_network(slow: dict[str, Tensor], fast: dict[str, Tensor], inputs: Tensor) -> Tensor:
    """Every weight matrix and bias mixed from its templates, as the paper writes it."""
    width, templates = OPTIONS["linear_hypernetwork"]["width"], OPTIONS["linear_hypernetwork"]["templates"]
    coefficients = fast["coefficients"]
    scale = templates**0.5 / coefficients.detach().norm(dim=1, keepdim=True)
    first, *hidden, last = (coefficients * scale).unbind()
    banks = slow["network.input"].view(-1, templates, width).transpose(0, 1)
    value = inputs @ torch.einsum("c,cdh->dh", first, banks) / inputs.shape[1] ** 0.5 + first @ slow["network.hidden_biases.0"]
    for mixture in hidden:
        bank = slow["network.hidden.0"].view(templates, width, width)
        value = (
            torch.relu(value) @ torch.einsum("c,cij->ij", mixture, bank) / width**0.5
            + mixture @ slow["network.hidden_biases.1"]
        )
    bank = slow["network.output"].view(templates, width, -1)
    generated = torch.relu(value) @ torch.einsum("c,cha->ha", last, bank) / width**0.5 + last @ slow["network.output_bias"]
    return generated + fast["bias"]


ORACLES = {
    "anil": (anil_network, lambda p: {"head": p["head"], "bias": p["bias"]}),
    "maml": (maml_network, dict),
    "linear_hypernetwork": (
        linear_network,
        lambda p: {"coefficients": p["coefficients"], "bias": torch.zeros_like(p["network.output_bias"][0])},
    ),
}


@pytest.mark.parametrize(
    "method",
    ["anil", "maml", "no_adaptation", "told_hypernetwork", "told_network_128", "shown_transformer", "hyla", "shown_gru"],
)
def test_meta_gradient_is_the_slope_of_the_meta_loss(method: str, case: Case) -> None:
    """Central differences along random directions of all parameters but those whose scale counts as a constant."""
    learner = small(method, case.problem, InnerLoop(2, 0.02, optimizer="sgd"))
    parameters = dict(learner.named_parameters())
    ours = gradients_of(learner, meta_loss(learner, case.batch))
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        direction = {
            name: torch.randn(p.shape, generator=generator, dtype=p.dtype) * (name != "mixing")
            for name, p in parameters.items()
        }

        def at(step: float, direction: dict[str, Tensor] = direction) -> float:
            moved = {name: p + step * direction[name] for name, p in parameters.items()}
            wrapped = _MetaLoss(learner, case)
            return float(functional_call(wrapped, {f"learner.{name}": value for name, value in moved.items()}, ()).detach())

        slope = (at(1e-7) - at(-1e-7)) / 2e-7
        expected = sum(float((ours[name] * direction[name]).sum()) for name in ours)
        assert slope == pytest.approx(expected, rel=1e-4, abs=1e-6)


class _MetaLoss(torch.nn.Module):
    def __init__(self, learner: Learner, case: Case) -> None:
        super().__init__()
        self.learner, self.case = learner, case

    def forward(self) -> Tensor:
        return meta_loss(self.learner, self.case.batch)
