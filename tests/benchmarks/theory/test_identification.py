"""Identification of modules: the measure on networks whose answer is known, and the command."""

import json

import imageio.v3 as iio
import pytest
import torch

from compworld.benchmarks.cli import main
from compworld.benchmarks.theory.alignment import module_alignment
from compworld.benchmarks.theory.identification import SUPPORTS, Budget, Identification
from compworld.benchmarks.theory.student import Setting, identifiable, identify, run, split_of
from compworld.benchmarks.theory.study import carry_out


def random_networks(seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(40, 6, generator=generator), torch.randn(6, 16, 16, generator=generator), generator


@pytest.mark.parametrize("seed", range(5))
def test_alignment_sees_through_linear_map_permutation_and_scale(seed):
    codes, modules, generator = random_networks(seed)
    mixing = torch.randn(6, 6, generator=generator)
    order = torch.randperm(16, generator=generator)
    scale = torch.rand(16, generator=generator) + 0.5
    hidden = torch.einsum("cm,mdh->cdh", torch.linalg.inv(mixing), modules)[:, :, order] * scale
    extra = torch.randn(6, 16, 8, generator=generator)
    student = torch.cat([extra, hidden], 2)
    assert module_alignment(codes, modules, codes @ mixing, student) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_alignment_of_unrelated_modules_is_low(seed):
    codes, modules, generator = random_networks(seed)
    student = torch.randn(6, 16, 32, generator=generator)
    assert module_alignment(codes, modules, torch.randn(40, 6, generator=generator), student) < 0.6


def test_theory_calls_the_first_two_supports_identifiable():
    assert [identifiable(support) for support in SUPPORTS] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("support", "words"), [("0,6", "no combination"), ("", "allowed: sets"), ("0,1;;2", "allowed"), ("0,0", "no combination")]
)
def test_bad_supports_are_named(support, words):
    with pytest.raises(ValueError, match=words):
        split_of(support)


def test_training_learns_and_is_reproducible(tmp_path):
    setting = Setting("0,1;1,2;2,3;3,4;4,5;5,0", steps=300)
    result = identify(setting)
    assert 0.5 < result["training"] <= 1
    assert run(tmp_path, setting) == result
    assert run(tmp_path, setting) == json.loads(json.dumps(result))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "invalid choice 'nothing'"),
        (["identification", "--preset", "slow"], "invalid choice 'slow'"),
        (["identification", "--support", "9"], "no combination has modules"),
    ],
)
def test_command_refuses(arguments, words, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["theory", *arguments, "--runs", str(tmp_path), "--out", str(tmp_path)])
    assert words in capsys.readouterr().err


def test_the_study_writes_table_data_and_figure(tmp_path, monkeypatch):
    monkeypatch.setattr(Identification, "budgets", {"tiny": Budget(2, ("exponential", "tenths"), 3)})
    found = carry_out(Identification(SUPPORTS[:2]), "tiny", tmp_path / "runs", tmp_path, 1)
    assert [(row["support"], row["weights"]) for row in found["rows"]] == [
        (support, weights) for weights in ("exponential", "tenths") for support in SUPPORTS[:2]
    ]
    assert json.loads((tmp_path / "identification.json").read_text()) == json.loads(json.dumps(found))
    table = (tmp_path / "identification.md").read_text()
    assert "| trained together | weights | theory | alignment | R² training | R² held out |" in table
    assert table.count("| identifiable |") == 4
    assert iio.imread(tmp_path / "identification.png").std() > 0
