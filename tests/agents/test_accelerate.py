"""Compiled code against the plain definitions in float64: adapted parameters, query losses and meta-gradients."""

from dataclasses import replace
from pathlib import Path

import numba
import pytest
import torch
from torch import Tensor

from compworld.agents import ANIL, LEARNERS, InnerLoop, LinearHypernetwork, Problem, accelerate
from compworld.agents.compiled import compiler, function
from compworld.agents.evidence import Demonstrations
from tests.agents.conftest import ADAPTIVE, LOOPS, OPTIONS, Case, assert_same, case_of, gradients_of, made, meta_loss, small

KERNELS = [name for name in ADAPTIVE if LEARNERS[name] in accelerate.KERNELS]
APPLIES = ["adamw", "minibatch", "minibatch with empty rows", "many steps", "one step"]


def compiled_loss(learner: torch.nn.Module, case: Case) -> Tensor:
    """Mean over tasks, with the random choices of :func:`meta_loss`."""
    shown = learner.draw(Demonstrations(case.batch.support), torch.Generator().manual_seed(3))
    total = accelerate.query_loss(learner, shown, case.batch.query)
    assert total is not None
    return total / len(case.batch)


def test_every_gradient_based_method_has_a_kernel() -> None:
    assert list(ADAPTIVE) == KERNELS


@pytest.mark.parametrize(("threads", "parts"), [(1, 1), (3, 12)])
@pytest.mark.parametrize("loop", APPLIES)
@pytest.mark.parametrize("method", KERNELS)
def test_meta_gradients_are_those_of_double_backward(
    method: str, loop: str, threads: int, parts: int, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one or two tasks in a part, and with all; MAML on grids included."""
    monkeypatch.setattr(function, "PARTS", parts)
    learner = small(method, case.problem, LOOPS[loop])
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    compiled, plain = compiled_loss(learner, case), meta_loss(learner, case.batch)
    torch.testing.assert_close(compiled, plain, rtol=1e-12, atol=1e-12)
    assert_same(gradients_of(learner, compiled), gradients_of(learner, plain))


@pytest.mark.parametrize("loop", APPLIES)
@pytest.mark.parametrize("method", KERNELS)
def test_adapted_learners_are_the_same(method: str, loop: str, case: Case) -> None:
    learner = small(method, case.problem, LOOPS[loop])
    shown = learner.draw(Demonstrations(case.batch.support), torch.Generator().manual_seed(3))
    ours, plain = accelerate.adapt(learner, shown), learner.adapt(shown)
    assert_same(ours.fast, {name: value.detach() for name, value in plain.fast.items()})
    asked = case.batch.query.inputs
    torch.testing.assert_close(ours.predict(asked), plain.predict(asked), rtol=1e-9, atol=1e-11)
    assert not any(value.requires_grad for value in ours.fast.values())


@pytest.mark.parametrize("method", KERNELS)
def test_where_numba_compiles_nothing_definitions_run(method: str, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """``NUMBA_DISABLE_JIT=1``: kernels would take hours."""
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    learner = small(method, case.problem, LOOPS["adamw"])
    shown = learner.draw(Demonstrations(case.batch.support), torch.Generator().manual_seed(3))
    assert accelerate.query_loss(learner, shown, case.batch.query) is None
    found = accelerate.adapt(learner, shown)
    assert_same(found.fast, {name: value.detach() for name, value in learner.adapt(shown).fast.items()})


@pytest.mark.parametrize("method", KERNELS)
def test_networks_of_one_hidden_layer(method: str, case: Case) -> None:
    torch.manual_seed(1)
    learner = made(method, case.problem, LOOPS["adamw"], **{**OPTIONS[method], "hidden_layers": 1})
    plain = gradients_of(learner, meta_loss(learner, case.batch))
    assert_same(gradients_of(learner, compiled_loss(learner, case)), plain)


@pytest.mark.parametrize("hidden_layers", [1, 2])
@pytest.mark.parametrize("method", ["linear_hypernetwork", "deep_hypernetwork"])
def test_hidden_layers_without_biases(method: str, hidden_layers: int, case: Case) -> None:
    torch.manual_seed(1)
    options = {**OPTIONS[method], "hidden_layers": hidden_layers, "hidden_biases": False}
    learner = made(method, case.problem, LOOPS["adamw"], **options)
    assert not any(name.startswith("network.hidden_biases") for name, _ in learner.named_parameters())
    plain = gradients_of(learner, meta_loss(learner, case.batch))
    assert_same(gradients_of(learner, compiled_loss(learner, case)), plain)


@pytest.mark.parametrize("loop", ["sgd", "first order", "no step"])
@pytest.mark.parametrize("method", KERNELS)
def test_other_loops_are_left_to_the_definition(method: str, loop: str) -> None:
    case = case_of("teacher-small", "action_values", 2)
    learner = small(method, case.problem, LOOPS[loop])
    shown = case.batch.shown_to(learner)
    assert accelerate.query_loss(learner, shown, case.batch.query) is None
    expected = learner.adapt(shown).predict(case.batch.query.inputs)
    torch.testing.assert_close(accelerate.adapt(learner, shown).predict(case.batch.query.inputs), expected)


class Doubled(ANIL):
    """Predicts something else than its parent."""

    def predict(self, fast: dict[str, Tensor], encoded: Tensor) -> Tensor:
        return 2 * super().predict(fast, encoded)


def test_a_subclass_is_not_taken_for_its_parent() -> None:
    case = case_of("teacher-small", "action_values", 2)
    learner = Doubled(case.problem, LOOPS["adamw"], width=6, hidden_layers=1).double()
    shown = case.batch.shown_to(learner)
    assert accelerate.query_loss(learner, shown, case.batch.query) is None
    expected = learner.adapt(shown).predict(case.batch.query.inputs)
    assert torch.equal(accelerate.adapt(learner, shown).predict(case.batch.query.inputs), expected)


def test_anil_leaves_out_units_that_are_silent_on_the_support_set(case: Case) -> None:
    """Some of them are active on the query set, where their decayed weights count."""
    torch.manual_seed(1)
    learner = made("anil", case.problem, LOOPS["adamw"], width=40, hidden_layers=1)
    with torch.no_grad():
        learner.body.biases[0] -= learner.body(case.batch.support.inputs).std()
    used, asked = (
        ((learner.body(examples.inputs) * (examples.weights > 0)[..., None]) > 0).any(1)
        for examples in (case.batch.support, case.batch.query)
    )
    assert (~used & asked).any()
    assert (~used & ~asked).any()
    assert (used.sum(1) != used.sum(1)[0]).any()
    plain = gradients_of(learner, meta_loss(learner, case.batch))
    assert_same(gradients_of(learner, compiled_loss(learner, case)), plain)


def test_anil_keeps_a_loss_that_is_no_number() -> None:
    """A unit without a number on the support set is not silent."""
    case = case_of("teacher-small", "action_values")
    broken = replace(case.batch.support, inputs=case.batch.support.inputs.clone())
    broken.inputs[2] = torch.nan
    total = accelerate.query_loss(small("anil", case.problem), Demonstrations(broken), case.batch.query)
    assert total is not None
    assert total.isnan()


def test_a_compiled_gradient_is_taken_once() -> None:
    case = case_of("teacher-small", "action_values")
    total = compiled_loss(small("anil", case.problem), case)
    total.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="the gradient of a compiled loss was taken before; allowed: once"):
        total.backward()


def test_the_linear_hypernetworks_normalised_start(case: Case) -> None:
    torch.manual_seed(1)
    options = {**OPTIONS["linear_hypernetwork"], "normalised_start": True}
    learner = made("linear_hypernetwork", case.problem, LOOPS["adamw"], **options)
    assert isinstance(learner, LinearHypernetwork)
    start = learner.initial_coefficients()
    assert start.shape == (options["hidden_layers"] + 1, options["templates"])
    torch.testing.assert_close(start.norm(dim=-1), torch.full_like(start[..., 0], options["templates"] ** 0.5))
    ours = gradients_of(learner, compiled_loss(learner, case))
    radial = (ours["coefficients"] * learner.coefficients.detach()).view_as(start).sum(1)
    assert float(radial.abs().max()) < 1e-10 * float(ours["coefficients"].norm())
    assert_same(ours, gradients_of(learner, meta_loss(learner, case.batch)))


# The cache of compiled code -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "depends_on"),
    [
        ("compworld.agents.compiled.anil", ["compworld.agents.compiled.units", "compworld.agents.gradient.adamw"]),
        (
            "compworld.agents.compiled.hypernetwork",
            ["compworld.agents.compiled.uses", "compworld.agents.networks.embedding", "compworld.agents.gradient.adamw"],
        ),
        ("compworld.agents.compiled.maml", ["compworld.agents.compiled.rows", "compworld.agents.compiled.gemm"]),
    ],
)
def test_the_cache_is_keyed_by_every_source(module: str, depends_on: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever source is touched, of those that a kernel is made from, its code is compiled anew; others change nothing."""
    before, source = compiler.hash_of_sources(module), compiler._source
    for changed in [module, *depends_on]:
        with monkeypatch.context() as patch:
            patch.setattr(compiler, "_source", lambda name, c=changed: source(name) + (b"# changed" if name == c else b""))
            compiler._imported.cache_clear()
            assert compiler.hash_of_sources(module) != before, changed
    with monkeypatch.context() as patch:
        patch.setattr(
            compiler, "_source", lambda name: source(name) + (b"# changed" if name == "compworld.agents.floors" else b"")
        )
        assert compiler.hash_of_sources(module) == before
    assert len(before) == 16


def test_problems_without_walls_are_dense() -> None:
    problem = Problem(3, 2, 1, "squared_error")
    assert not hasattr(ANIL(problem, InnerLoop(1, 0.1), 4, 1).body.input_layer, "place")


def test_compiled_code_is_kept_where_one_may_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiler._folder("").name == "__pycache__"
    chosen, beside, home = tmp_path / "chosen", tmp_path / "package" / "__pycache__", tmp_path / "home" / ".cache" / "compworld"
    monkeypatch.setattr(compiler, "__file__", str(tmp_path / "package" / "compiler.py"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    locked: list[Path] = []
    monkeypatch.setattr(compiler, "_can_be_written", lambda folder: folder not in locked)
    for place in (chosen, beside, home):
        assert compiler._folder(str(chosen)) == place
        locked.append(place)
    assert compiler._folder(str(chosen)) is None


def test_a_folder_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert compiler._can_be_written(tmp_path / "new" / "folder")
    assert not compiler._can_be_written(tmp_path / "file" / "folder")
