"""Learners that read demonstrations, and networks that are told the task, against formulas and torch's own layers."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from compworld.agents import Demonstrations, Examples, MetaBatch
from compworld.agents.networks.attention import Attending
from compworld.agents.networks.hyper_attention import EPSILON, HyperAttending
from compworld.agents.shown.bottleneck import Bottleneck
from compworld.agents.shown.recurrent import ShownRecurrent
from compworld.agents.told.network import ToldNetwork
from compworld.fewshot import dense
from tests.agents.conftest import IN_CONTEXT, Case, small

IN_ANY_ORDER = tuple(name for name in IN_CONTEXT if name != "shown_gru")
TIGHT = {"rtol": 1e-9, "atol": 1e-11}


def shuffled(shown: Examples) -> Examples:
    """The steps of each task in another order, among themselves."""
    order = torch.stack([torch.randperm(shown.weights.shape[1], generator=torch.Generator().manual_seed(4))] * len(shown))

    def moved(values: Tensor) -> Tensor:
        return torch.stack([value[places] for value, places in zip(values, order, strict=True)])

    names = ("inputs", "actions", "targets", "rewards", "episodes", "weights")
    return Examples(**{name: moved(getattr(shown, name)) for name in names})


def outputs(method: str, case: Case, shown: Examples, asked: Tensor) -> Tensor:
    with torch.no_grad():
        return small(method, case.problem).adapt(Demonstrations(shown)).predict(asked)


@pytest.mark.parametrize("method", IN_ANY_ORDER)
def test_the_order_of_demonstrated_steps_does_not_matter(method: str, case: Case) -> None:
    shown, asked = case.batch.support, case.batch.query.inputs
    torch.testing.assert_close(outputs(method, case, shuffled(shown), asked), outputs(method, case, shown, asked), **TIGHT)


def test_the_order_matters_to_the_recurrent_one(case: Case) -> None:
    shown, asked = case.batch.support, case.batch.query.inputs
    moved = outputs("shown_gru", case, shuffled(shown), asked) - outputs("shown_gru", case, shown, asked)
    assert float(moved.abs().max()) > 1e-4


@pytest.mark.parametrize("method", IN_CONTEXT)
def test_answers_depend_on_demonstrations_and_not_on_what_else_is_asked(method: str, case: Case) -> None:
    shown, asked = case.batch.support, case.batch.query.inputs
    together, alone = outputs(method, case, shown, asked), outputs(method, case, shown, asked[:, 3:4])
    torch.testing.assert_close(together[:, 3:4], alone, **TIGHT)
    others = outputs(method, case, shown[torch.arange(len(shown)).roll(1)], asked)
    assert float((together - others).abs().max()) > 1e-4


@pytest.mark.parametrize("method", IN_CONTEXT)
def test_actions_and_rewards_are_not_read(method: str, case: Case) -> None:
    """Labels are, as by learners that adapt by gradients."""
    shown, asked = case.batch.support, case.batch.query.inputs
    changed = replace(shown, actions=shown.actions + 1, rewards=shown.rewards + 1.0)
    assert torch.equal(outputs(method, case, changed, asked), outputs(method, case, shown, asked))
    relabelled = outputs(method, case, replace(shown, targets=shown.targets.roll(1, 2)), asked)
    assert float((relabelled - outputs(method, case, shown, asked)).abs().max()) > 1e-4


@pytest.mark.parametrize("method", IN_CONTEXT)
def test_readings_tell_of_the_demonstrations(method: str, case: Case) -> None:
    """Equal for tasks of which the same was shown, else not; of one size for all tasks."""
    same = torch.zeros(len(case.batch), dtype=torch.int64)
    learner, probes = small(method, case.problem), case.batch.query[same].inputs
    with torch.no_grad():
        alike = learner.adapt(Demonstrations(case.batch.support[same])).readings(probes)
        apart = learner.adapt(Demonstrations(case.batch.support)).readings(probes)
    for name, values in alike.items():
        torch.testing.assert_close(values, values[:1].expand_as(values), **TIGHT)
        assert apart[name].shape == values.shape
        assert float((apart[name][0] - apart[name][1]).abs().max()) > 1e-6


@pytest.mark.parametrize("method", ["bottleneck_transformer", "shown_gru"])
def test_nothing_but_the_latent_passes_the_bottleneck(method: str, case: Case) -> None:
    learner = small(method, case.problem)
    assert isinstance(learner, Bottleneck)
    adapted = learner.adapt(Demonstrations(case.batch.support))
    (latent,) = adapted.readings(case.batch.query.inputs).values()
    expected = learner.policy(latent, case.batch.query.inputs)
    torch.testing.assert_close(adapted.predict(case.batch.query.inputs), expected, **TIGHT)


def test_attention_is_torchs() -> None:
    torch.manual_seed(0)
    layer, torchs = Attending(12, 3).double(), nn.MultiheadAttention(12, 3, batch_first=True).double()
    with torch.no_grad():
        torchs.in_proj_weight.copy_(layer.asked.weight)
        torchs.in_proj_bias.copy_(layer.asked.bias)
        torchs.out_proj.weight.copy_(layer.answer.weight)
        torchs.out_proj.bias.copy_(layer.answer.bias)
    asked, shown = torch.randn(2, 4, 12).double(), torch.randn(2, 5, 12).double()
    there = torch.tensor([[True] * 5, [True, False, True, True, False]])
    found = layer(asked, layer.known(shown), there[:, None, None])
    normed, known = layer.norms[0](asked), layer.norms[0](shown)
    tokens = asked + torchs(normed, known, known, key_padding_mask=~there)[0]
    torch.testing.assert_close(found, tokens + layer.narrow(torch.relu(layer.wide(layer.norms[1](tokens)))), **TIGHT)


def test_attention_as_a_hypernetwork_goes_pair_by_pair() -> None:
    """The formula of arXiv 2406.05816 for one pair of tokens after the other, every matrix mixed; the mean over pairs."""
    torch.manual_seed(0)
    width, heads, size = 12, 3, 4
    layer = HyperAttending(width, heads).double()
    asked, shown = torch.randn(2, 4, width).double(), torch.randn(2, 5, width).double()
    there = torch.tensor([[True] * 5, [True, False, True, True, False]])
    query, key, value = (part.view(heads, size, width) for part in layer.asked.weight.chunk(3))
    query_bias, key_bias, value_bias = (part.view(heads, size) for part in layer.asked.bias.chunk(3))
    output = layer.answer.weight.view(width, heads, size)
    found = asked.clone()
    for task in range(2):
        for place in range(4):
            x = layer.norms[0](asked[task, place])
            results = []
            for y in layer.norms[0](shown[task][there[task]]):
                code = torch.stack([(query[h] @ x + query_bias[h]) @ (key[h] @ y + key_bias[h]) for h in range(heads)]) / 2
                code = code / (code.square().mean() + EPSILON).sqrt()
                first = torch.einsum("h,hdw->dw", code, value)
                second = torch.einsum("h,whd->wd", code, output)
                results.append(second @ torch.relu(first @ y + code @ value_bias))
            found[task, place] += torch.stack(results).mean(0) + layer.answer.bias
    expected = found + layer.narrow(torch.relu(layer.wide(layer.norms[1](found))))
    torch.testing.assert_close(layer(asked, layer.known(shown), there[:, None, None]), expected, **TIGHT)


def test_the_recurrent_one_reads_each_task_from_its_first_step_to_its_last(case: Case) -> None:
    learner = small("shown_gru", case.problem)
    assert isinstance(learner, ShownRecurrent)
    shown, cell = case.batch.support, learner.cell
    torchs = nn.GRU(cell.input.in_features, cell.width, batch_first=True).double()
    with torch.no_grad():
        torchs.weight_ih_l0.copy_(cell.input.weight)
        torchs.bias_ih_l0.copy_(cell.input.bias)
        torchs.weight_hh_l0.copy_(cell.recurrent.T)
        torchs.bias_hh_l0.copy_(torch.cat([torch.zeros(2 * cell.width), cell.bias]))
    latents, tokens = learner.infer(shown), torch.relu(learner.tokens.shown(shown))
    for task, length in enumerate(shown.lengths.tolist()):
        _, last = torchs(tokens[task : task + 1, :length])
        torch.testing.assert_close(latents[task], last[0, 0], **TIGHT)


def test_the_told_network_is_one_network_of_observation_and_code(case: Case) -> None:
    learner = small("told_network_128", case.problem)
    assert isinstance(learner, ToldNetwork)
    rows = case.few_shot.query.rows_TNR
    scenes = torch.as_tensor(rows if case.family.wall_rows is None else dense(case.family, rows)).double()
    scenes = scenes.flatten(2)
    inputs = torch.cat([scenes, case.batch.codes[:, None].expand(-1, scenes.shape[1], -1)], 2)
    hidden = torch.relu(inputs @ torch.cat([learner.body.first, learner.code]) + learner.body.biases[0])
    hidden = torch.relu(hidden @ learner.body.weights[0] + learner.body.biases[1])
    expected = hidden @ learner.head + learner.bias
    found = learner.adapt(case.batch.shown_to(learner)).predict(case.batch.query.inputs)
    torch.testing.assert_close(found, expected, **TIGHT)


@pytest.mark.parametrize("method", IN_CONTEXT)
def test_a_whole_meta_batch_is_learned_from_in_one_go(method: str, case: Case) -> None:
    """Steps of demonstrations that do not count, wherever they are, change nothing."""
    learner, shown = small(method, case.problem), case.batch.support
    fewer = shown.weights.clone()
    fewer[:, 1::3] = 0
    counted = replace(shown, weights=fewer)
    broken = replace(counted, targets=torch.where(fewer[..., None] > 0, shown.targets, 100.0))
    batches = (MetaBatch(examples, case.batch.query, case.batch.codes) for examples in (counted, broken))
    ours, theirs = (learner.meta_loss(batch.shown_to(learner), batch.query) for batch in batches)
    torch.testing.assert_close(ours, theirs, **TIGHT)
