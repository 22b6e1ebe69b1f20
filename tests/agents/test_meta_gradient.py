"""The meta-gradient of every method, against autograd's double backward and against oracles written here from the formulas."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, grad

from agents import LEARNERS
from agents.adaptation import InnerLoop, adapt, sample_weights
from agents.base import Examples, Learner
from agents.compiled import function
from agents.metatraining import adapted_predictions
from compworld.families import GridFamily
from compworld.fewshot import Samples, dense
from tests.agents.conftest import ADAPTIVE, METHODS, OPTIONS, Case, case_of, small

LOOPS = {
    "adamw": InnerLoop(4, 0.1, weight_decay=0.02),
    "sgd": InnerLoop(3, 0.2, optimizer="sgd"),
    "first order": InnerLoop(3, 0.1, weight_decay=0.02, second_order=False),
    "first order sgd": InnerLoop(3, 0.2, optimizer="sgd", second_order=False),
    "minibatch": InnerLoop(5, 0.1, minibatch=3),
    "many steps": InnerLoop(23, 0.05),
    "one step": InnerLoop(1, 0.1),
    "no step": InnerLoop(0, 0.1),
}


def meta_loss(learner: Learner, inner: InnerLoop, support: Examples, query: Examples) -> Tensor:
    weights = sample_weights(inner, support, torch.Generator().manual_seed(3))
    predictions = adapted_predictions(learner, inner, support, query, weights)
    return learner.loss.value(predictions, query.targets, query.weights).mean()


def gradients_of(learner: Learner, loss: Tensor) -> dict[str, Tensor]:
    names = dict(learner.named_parameters())
    found = torch.autograd.grad(loss, list(names.values()), allow_unused=True)
    return {name: torch.zeros_like(p) if g is None else g for (name, p), g in zip(names.items(), found, strict=True)}


def assert_same(ours: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert ours.keys() == expected.keys()
    scale = max(float(value.abs().max()) for value in expected.values())
    assert scale > 0
    for name, value in ours.items():
        torch.testing.assert_close(
            value, expected[name], rtol=1e-8, atol=1e-10 * scale, msg=lambda text, n=name: f"{n}: {text}"
        )


def counts_walls_apart(method: str, case: Case) -> bool:
    """Whether a method means every wall of a maze on its own, where autograd sees only the row that stands for all of them."""
    return method == "maml" and isinstance(case.family, GridFamily)


FIRST_LAYERS = {"projected": 0, "generated": 10**6}
"""Values of GENERATED_ROWS_PER_SAMPLE that choose each way to mix a first layer."""


@pytest.fixture(params=FIRST_LAYERS)
def first_layer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("agents.templates.GENERATED_ROWS_PER_SAMPLE", FIRST_LAYERS[request.param])
    return str(request.param)


@pytest.mark.usefixtures("first_layer")
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("method", ADAPTIVE)
def test_written_out_equals_double_backward(method: str, loop: str, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    if counts_walls_apart(method, case):
        pytest.skip("its written-out gradient counts each wall on its own; compared with the dense oracle instead")
    learner = small(method, case.problem)
    explicit = meta_loss(learner, LOOPS[loop], case.support, case.query)
    ours = gradients_of(learner, explicit)
    monkeypatch.setattr(type(learner), "inner_problem", Learner.inner_problem)
    plain = meta_loss(learner, LOOPS[loop], case.support, case.query)
    torch.testing.assert_close(explicit, plain, rtol=1e-12, atol=1e-12)
    assert_same(ours, gradients_of(learner, plain))


COMPILED = [method for method in ADAPTIVE if LEARNERS[method].compiled_query_loss is not Learner.compiled_query_loss]


@pytest.mark.parametrize(("threads", "parts"), [(1, 1), (3, 12)])
@pytest.mark.parametrize("loop", ["adamw", "minibatch", "many steps", "one step"])
@pytest.mark.parametrize("method", COMPILED)
def test_compiled_equals_double_backward(
    method: str, loop: str, threads: int, parts: int, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one or two tasks in a part, and with all."""
    monkeypatch.setattr(function, "PARTS", parts)
    learner, inner = small(method, case.problem), LOOPS[loop]
    weights = sample_weights(inner, case.support, torch.Generator().manual_seed(3))
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    total = learner.compiled_query_loss(inner, case.support, case.query, weights)
    assert total is not None
    compiled = total / len(case.batch)
    ours = gradients_of(learner, compiled)
    if not counts_walls_apart(method, case):  # else the written-out path, which equals the dense oracle, stands in
        monkeypatch.setattr(type(learner), "inner_problem", Learner.inner_problem)
    plain = meta_loss(learner, inner, case.support, case.query)
    torch.testing.assert_close(compiled, plain, rtol=1e-12, atol=1e-12)
    assert_same(ours, gradients_of(learner, plain))


@pytest.mark.parametrize("method", COMPILED)
def test_compiled_networks_of_one_hidden_layer(method: str, case: Case) -> None:
    torch.manual_seed(1)
    options = {**OPTIONS[method], "hidden_layers": 1}
    learner, inner = LEARNERS[method](case.problem, **options).double(), LOOPS["adamw"]
    total = learner.compiled_query_loss(inner, case.support, case.query, case.support.weights[None])
    assert total is not None
    ours = gradients_of(learner, total / len(case.batch))
    assert_same(ours, gradients_of(learner, meta_loss(learner, inner, case.support, case.query)))


def test_anil_leaves_out_units_that_are_silent_on_the_support_set(case: Case) -> None:
    """Some of them are active on the query set, where their decayed weights count."""
    torch.manual_seed(1)
    learner, inner = LEARNERS["anil"](case.problem, width=40, hidden_layers=1).double(), LOOPS["adamw"]
    with torch.no_grad():
        learner.body.biases[0] -= learner.body(case.support.inputs).std()
    used, asked = (
        ((learner.body(examples.inputs) * (examples.weights > 0)[..., None]) > 0).any(1)
        for examples in (case.support, case.query)
    )
    assert (~used & asked).any()
    assert (~used & ~asked).any()
    assert (used.sum(1) != used.sum(1)[0]).any()
    total = learner.compiled_query_loss(inner, case.support, case.query, case.support.weights[None])
    plain = gradients_of(learner, len(case.batch) * meta_loss(learner, inner, case.support, case.query))
    assert_same(gradients_of(learner, total), plain)


def test_anil_keeps_a_loss_that_is_no_number() -> None:
    """A unit without a number on the support set is not silent."""
    case = case_of("teacher-small", "action_values")
    learner = small("anil", case.problem)
    broken = replace(case.support, inputs=case.support.inputs.clone())
    broken.inputs[2] = torch.nan
    total = learner.compiled_query_loss(LOOPS["adamw"], broken, case.query, broken.weights[None])
    assert total.isnan()


def test_a_compiled_gradient_is_taken_once() -> None:
    case = case_of("teacher-small", "action_values")
    learner = small("anil", case.problem)
    total = learner.compiled_query_loss(LOOPS["adamw"], case.support, case.query, case.support.weights[None])
    assert total is not None
    total.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="the gradient of a compiled loss was taken before; allowed: once"):
        total.backward()


def test_the_linear_hypernetworks_normalised_start(case: Case) -> None:
    torch.manual_seed(1)
    options = {**OPTIONS["linear_hypernetwork"], "normalised_start": True}
    learner, inner = LEARNERS["linear_hypernetwork"](case.problem, **options).double(), LOOPS["adamw"]
    layers, templates = options["hidden_layers"] + 1, options["templates"]
    start, _ = learner.split(learner.initial_fast(learner.encode(case.support))["coefficients_and_bias"])
    torch.testing.assert_close(start.norm(dim=-1), torch.full_like(start[..., 0], templates**0.5))
    ours = gradients_of(learner, learner.compiled_query_loss(inner, case.support, case.query, case.support.weights[None]))
    radial = (ours["coefficients"] * learner.coefficients.detach()).view(layers, templates).sum(1)
    assert float(radial.abs().max()) < 1e-10 * float(ours["coefficients"].norm())
    plain = gradients_of(learner, len(case.batch) * meta_loss(learner, inner, case.support, case.query))
    assert_same(ours, plain)


@pytest.mark.usefixtures("first_layer")
@pytest.mark.parametrize("loop", ["adamw", "sgd", "first order", "first order sgd"])
@pytest.mark.parametrize("method", ["anil", "maml", "linear_hypernetwork"])
def test_equals_networks_on_dense_observations_task_by_task(method: str, loop: str, case: Case) -> None:
    """Dense inputs, one task after the other, torch.func's gradient inside, AdamW by its formula."""
    learner, inner = small(method, case.problem), LOOPS[loop]
    ours = gradients_of(learner, meta_loss(learner, inner, case.support, case.query))
    parameters = {name: p.detach().clone().requires_grad_() for name, p in learner.named_parameters()}
    network, start = ORACLES[method]
    batch = case.batch
    support, query = (dense_inputs(case, samples) for samples in (batch.support, batch.query))
    total = torch.zeros((), dtype=torch.float64)
    for task in range(len(batch)):
        fast = start(parameters)

        def loss(fast: dict[str, Tensor], inputs: Tensor, examples: Examples, task: int = task) -> Tensor:
            one = examples[task : task + 1]
            outputs = network(parameters, fast, inputs[task])[None]
            return learner.loss.value(outputs, one.targets, one.weights).sum()

        fast = adapted_by_formula(lambda fast, loss=loss: grad(loss)(fast, support, case.support), fast, inner)
        total = total + loss(fast, query, case.query) / len(batch)
    expected = dict(zip(parameters, torch.autograd.grad(total, list(parameters.values())), strict=True))
    assert_same(ours, expected)
    if loop == "adamw":
        compiled = learner.compiled_query_loss(inner, case.support, case.query, case.support.weights[None])
        assert compiled is not None
        assert_same(gradients_of(learner, compiled / len(batch)), expected)


def dense_inputs(case: Case, samples: Samples) -> Tensor:
    if isinstance(case.family, GridFamily):
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
            name: first[name] / (1 - 0.9**step) / (torch.sqrt(second[name] / (1 - 0.999**step) + 1.19e-7) + 1e-8)
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
    """Every weight matrix mixed from its templates, as the paper writes it."""
    width, templates = OPTIONS["linear_hypernetwork"]["width"], OPTIONS["linear_hypernetwork"]["templates"]
    layers = OPTIONS["linear_hypernetwork"]["hidden_layers"] + 1
    coefficients = fast["coefficients"].view(layers, templates)
    scale = templates**0.5 / coefficients.detach().norm(dim=1, keepdim=True)
    first, *hidden, last = (coefficients * scale).unbind()
    banks = slow["network.input"].view(-1, templates, width).transpose(0, 1)
    value = inputs @ torch.einsum("c,cdh->dh", first, banks) / inputs.shape[1] ** 0.5
    for mixture in hidden:
        bank = slow["network.hidden.0"].view(templates, width, width)
        value = torch.relu(value) @ torch.einsum("c,cij->ij", mixture, bank) / width**0.5
    bank = slow["network.output"].view(templates, width, -1)
    return torch.relu(value) @ torch.einsum("c,cha->ha", last, bank) / width**0.5 + fast["bias"]


ORACLES = {
    "anil": (anil_network, lambda p: {"head": p["head"], "bias": p["bias"]}),
    "maml": (maml_network, dict),
    "linear_hypernetwork": (linear_network, lambda p: {"coefficients": p["coefficients"], "bias": p["bias"]}),
}


@pytest.mark.parametrize("method", ["anil", "maml", "no_adaptation", "oracle"])
def test_meta_gradient_is_the_slope_of_the_meta_loss(method: str, case: Case) -> None:
    """Central differences along random directions of all parameters but those whose scale counts as a constant."""
    learner, inner = small(method, case.problem), InnerLoop(2, 0.02, optimizer="sgd")
    parameters = dict(learner.named_parameters())
    ours = gradients_of(learner, meta_loss(learner, inner, case.support, case.query))
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        direction = {
            name: torch.randn(p.shape, generator=generator, dtype=p.dtype) * (name != "mixing")
            for name, p in parameters.items()
        }

        def at(step: float, direction: dict[str, Tensor] = direction) -> float:
            moved = {name: p + step * direction[name] for name, p in parameters.items()}
            wrapped = _MetaLoss(learner, inner, case)
            return float(functional_call(wrapped, {f"learner.{name}": value for name, value in moved.items()}, ()).detach())

        slope = (at(1e-7) - at(-1e-7)) / 2e-7
        expected = sum(float((ours[name] * direction[name]).sum()) for name in ours)
        assert slope == pytest.approx(expected, rel=1e-4, abs=1e-6)


class _MetaLoss(torch.nn.Module):
    def __init__(self, learner: Learner, inner: InnerLoop, case: Case) -> None:
        super().__init__()
        self.learner, self.inner, self.case = learner, inner, case

    def forward(self) -> Tensor:
        return meta_loss(self.learner, self.inner, self.case.support, self.case.query)


@pytest.mark.parametrize("method", ADAPTIVE)
def test_evaluation_without_gradients_adapts_alike(method: str, case: Case) -> None:
    learner = small(method, case.problem)
    with torch.no_grad():
        without = adapted_predictions(learner, LOOPS["adamw"], case.support, case.query)
    torch.testing.assert_close(without, adapted_predictions(learner, LOOPS["adamw"], case.support, case.query))
    assert not without.requires_grad


@pytest.mark.parametrize("method", METHODS)
def test_tasks_do_not_interact_and_padding_has_no_influence(method: str, case: Case) -> None:
    learner = small(method, case.problem)
    together = adapted_predictions(learner, LOOPS["adamw"], case.support, case.query)
    for task in range(len(together)):
        one_support, one_query = (_without_padding(e[task : task + 1]) for e in (case.support, case.query))
        alone = adapted_predictions(learner, LOOPS["adamw"], one_support, one_query)
        torch.testing.assert_close(alone[0], together[task, : alone.shape[1]], rtol=1e-9, atol=1e-11)


def _without_padding(examples: Examples) -> Examples:
    steps = int((examples.weights > 0).sum())
    return Examples(examples.inputs[:, :steps], examples.targets[:, :steps], examples.weights[:, :steps], examples.codes)


def test_a_minibatch_is_a_random_part_of_the_support_set(case: Case) -> None:
    """The step on a minibatch of one sample equals the step on that sample alone, for some sample of the task."""
    learner = small("anil", case.problem)
    encoded = learner.encode(case.support)
    inner = InnerLoop(1, 0.1, optimizer="sgd", minibatch=1)
    seen = set()
    for seed in range(12):
        weights = sample_weights(inner, case.support, torch.Generator().manual_seed(seed))
        got = adapt(learner, inner, encoded, case.support, weights)["head"][0]
        alone = []
        for sample in range(int((case.support.weights[0] > 0).sum())):
            weights = torch.zeros_like(case.support.weights)
            weights[:, sample] = 1
            single = Examples(case.support.inputs, case.support.targets, weights, case.support.codes)
            alone.append(adapt(learner, InnerLoop(1, 0.1, optimizer="sgd"), encoded, single)["head"][0])
        matches = [number for number, head in enumerate(alone) if torch.allclose(head, got, rtol=1e-9, atol=1e-12)]
        assert matches
        seen.add(matches[0])
    assert len(seen) > 1
