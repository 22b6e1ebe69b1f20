"""Any field of a config is set by its name, with its type; what stays as it is leaves the run's name as it is."""

import re

import pytest

from compworld.agents import Updates
from compworld.benchmarks.recipes.changes import changed
from compworld.benchmarks.recipes.config import RunConfig, TrialTraining
from compworld.benchmarks.recipes.methods import method_class, parameters_of
from tests.benchmarks.conftest import tiny


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--width", "64"], {"options.width": 64}),
        (
            ["--inner.learning-rate", "0.5", "--inner.second-order", "False"],
            {"options.inner.learning_rate": 0.5, "options.inner.second_order": False},
        ),
        (["--inner.minibatch", "8"], {"options.inner.minibatch": 8}),
        (["--outer.steps=7", "--outer.clip", "1"], {"outer.steps": 7, "outer.clip": 1.0}),
        (["--evaluation.tasks", "3", "--meta_batch", "5"], {"evaluation.tasks": 3, "meta_batch": 5}),
        (["--imitation", "action_values"], {"imitation": "action_values"}),
        (["--sizes.horizon", "9"], {"sizes": {"horizon": 9}}),
        (["--support-options.held-out-fraction", "0.5"], {"support_options": {"held_out_fraction": 0.5}}),
    ],
)
def test_fields_are_set_and_recorded(arguments: list[str], expected: dict[str, object]) -> None:
    before = tiny()
    after = changed(before, arguments)
    record = after.as_dict()
    for path, value in expected.items():
        found: object = record
        for name in path.split("."):
            assert isinstance(found, dict)
            found = found[name]
        assert (found, type(found)) == (value, type(value))
    assert after.run_id != before.run_id
    assert RunConfig.from_dict(record) == after


@pytest.mark.parametrize(
    "arguments", [[], ["--width", "128", "--sizes.horizon", "40", "--support-options.held-out-fraction", "0.25"]]
)
def test_what_stays_keeps_the_runs_name(arguments: list[str]) -> None:
    assert changed(tiny(), arguments).run_id == tiny().run_id


def test_how_trials_are_played_can_be_set() -> None:
    config = changed(tiny("gru"), ["--trials.episodes", "2", "--trials.updates.trials", "32", "--temperature", "0.5"])
    assert config.trials == TrialTraining(2, updates=Updates(4, 32))
    assert config.options["temperature"] == 0.5
    assert RunConfig.from_dict(config.as_dict()) == config


def test_options_that_a_recipe_leaves_to_the_constructor_can_be_set() -> None:
    config = tiny("linear_hypernetwork")
    assert "normalised_start" not in config.options
    assert changed(config, ["--normalised-start", "True"]).options["normalised_start"] is True


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--width", "x"], "Error parsing --width: invalid literal for int() with base 10: 'x'"),
        (["--imitation"], "Missing value for argument '--imitation'"),
        (["--inner.steps", "9" * 20], f"--inner.steps is {'9' * 20}; allowed: at most 2147483647"),
        (["--evaluation.tasks", "2147483648"], "--evaluation.tasks is 2147483648; allowed: at most 2147483647"),
    ],
)
def test_values_that_a_field_cannot_have_are_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        changed(tiny(), arguments)
    assert capsys.readouterr().err == ""


def test_every_method_lists_its_fields(method: str, family_name: str) -> None:
    config = tiny(method, family_name)
    with pytest.raises(ValueError, match="unknown field '--nothing'") as error:
        changed(config, ["--nothing", "3"])
    listed = str(error.value)
    assert "--evaluation.tasks" in listed
    assert ("--outer.steps" in listed) == (config.outer is not None)
    assert ("--inner.steps" in listed) == ("inner" in parameters_of(method_class(config.method)))
    assert ("--trials.updates.number" in listed) == (config.track != "shown")
    assert ("--width" in listed) == ("width" in parameters_of(method_class(method)))
