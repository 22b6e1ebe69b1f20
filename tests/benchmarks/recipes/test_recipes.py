"""Presets, the choices of the command line, and options of methods."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from compworld import ENV_IDS, SUPPORTS, make_family
from compworld.agents import ANIL, MAML, METHODS, Actor, InnerLoop, LinearHypernetwork, Method, Problem
from compworld.benchmarks.data.episodes import BEHAVIOURS
from compworld.benchmarks.data.export import FORMATS
from compworld.benchmarks.recipes import names, shown, standard
from compworld.benchmarks.recipes.config import RunConfig, TrialTraining
from compworld.benchmarks.recipes.methods import ADAPTIVE, make_learner, method_class, options_of, track_of
from compworld.benchmarks.recipes.presets import PRESETS, preset
from compworld.benchmarks.runs.run import new_method
from compworld.benchmarks.runs.tuning import FIRST_WORLD, read_trials
from compworld.benchmarks.theory.studies import STUDIES
from compworld.benchmarks.worlds.problems import problem_of
from compworld.benchmarks.worlds.world import SETS, World
from compworld.envs.observations import OBSERVATIONS
from compworld.families import family_names
from tests.benchmarks.conftest import tiny


def test_the_command_lines_choices_are_those_that_there_are() -> None:
    there = {
        names.MethodName: METHODS,
        names.PresetName: PRESETS,
        names.FamilyName: family_names(),
        names.SupportName: SUPPORTS,
        names.EnvironmentId: ENV_IDS,
        names.ExperimentName: STUDIES,
        names.SetName: SETS,
        names.FormatName: FORMATS,
        names.BehaviourName: BEHAVIOURS,
        names.ObservationName: OBSERVATIONS,
    }
    for choices, registry in there.items():
        assert set(get_args(choices)) == set(registry)
    for study in STUDIES.values():
        assert tuple(study.budgets) == get_args(names.BudgetName)  # type: ignore[attr-defined]


def test_recipes_construct_every_method_at_its_published_size(preset_name: str) -> None:
    chosen = preset(preset_name)
    for config in chosen.configs(seeds=1):
        made = new_method(config, World(config))
        assert isinstance(made, method_class(config.method))
        assert made.trainable == (config.outer is not None)
        assert RunConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config


@pytest.mark.parametrize(
    ("name", "tracks"), [("quick", {"shown", "rewarded"}), ("rewarded-quick", {"rewarded", "told"}), ("teacher", {"shown"})]
)
def test_a_preset_has_the_methods_of_its_tracks(name: str, tracks: set[str]) -> None:
    configs = preset(name).configs(seeds=1)
    assert {config.track for config in configs} == tracks
    here = {config.method for config in configs}
    assert (here >= {*ADAPTIVE, "no_adaptation", "told_hypernetwork", "random"}) == ("shown" in tracks)
    assert (here >= {"gru", "recurrent_hypernetwork", "bayes", "bayes_trained", "random_play"}) == ("rewarded" in tracks)


def test_the_quick_preset_has_a_recipe_for_every_method_on_every_family_that_it_covers() -> None:
    chosen = preset("quick")
    for family in chosen.families:
        made = make_family(family)
        wanted = {name for name, method in METHODS.items() if method.covers(made) and track_of(name) != "told"}
        wanted -= {name for name, method in METHODS.items() if made.env_id is None and issubclass(method, Actor)}
        assert {config.method for config in chosen.configs(tuple(wanted), (family,), seeds=1)} == wanted


def test_baselines_see_the_tasks_that_all_see() -> None:
    """As many outer steps of as many tasks for every method that is trained; a preset may give others."""
    for family in preset("quick").families:
        configs = [preset("quick").config(family, method, 0) for method in (*ADAPTIVE, *shown.IN_CONTEXT, *shown.TOLD)]
        assert len({(config.steps, config.meta_batch, config.support_episodes) for config in configs}) == 1
        fewer = {method: recipe(family) for method, recipe in shown.recipes({family: 70}).items()}
        assert {recipe.outer.steps for recipe in fewer.values() if recipe.outer} == {70}


def test_rates_are_those_that_validation_chose() -> None:
    """Every record is of equal effort in worlds that no table plays, and every one was heeded."""
    folder = Path(__file__).parents[3] / "benchmarks" / "results" / "tuning"
    chosen: dict[str, dict[str, Any]] = {}
    efforts: dict[str, set[tuple[int, ...]]] = {}
    for path in sorted(folder.glob("*/*.json")):
        family, method = path.parent.name, path.stem
        trials = read_trials(path, {"family": family, "method": method})
        assert len({trial["world"] for trial in trials}) == 1
        efforts.setdefault(family, set()).add((len(trials), *{trial["steps"] for trial in trials}))
        assert all(trial["world"] >= FIRST_WORLD for trial in trials)
        best = min(
            (trial for trial in trials if trial["validation_loss"] is not None), key=lambda trial: trial["validation_loss"]
        )
        names, values = best["settings"].split()[::2], list(map(float, best["settings"].split()[1::2]))
        rates = dict(zip(names, values, strict=True))
        chosen.setdefault(family, {})[method] = rates.get("--inner.learning-rate"), rates["--outer.learning-rate"]
    of_baselines = {family: {name: (None, rate) for name, rate in rates.items()} for family, rates in shown.RATES.items()}
    assert all(len(equal) == 1 for equal in efforts.values())
    assert chosen == {**standard.RATES, **of_baselines}


def test_methods_that_are_asked_for_stay_on_the_protocols_that_name_them() -> None:
    night, trials = preset("standard"), preset("rewarded-quick")
    assert {config.support for config in night.configs(["maml"])} == {"random"}
    assert {config.support for config in night.configs(["anil"])} == {"random", *standard.CONDITIONS}
    assert {config.support for config in night.configs(["hyla"])} == {"random"}
    assert len(trials.configs(["gru"], ["goals-small"])) == 5
    assert len(trials.configs(["rl2"], ["goals-small"])) == 3


def test_a_method_that_none_of_the_chosen_takes_is_refused_by_name() -> None:
    """Never left out in silence; one that some of them take is played there."""
    for name, methods, options in (
        ("hour", ("anil", "gru"), {}),
        ("standard", ("anil", "maml"), {"supports": ("connected",)}),
        ("quick", ("shown_bayes",), {"families": ("teacher-small",)}),
    ):
        with pytest.raises(ValueError, match=f"has method '{methods[-1]}' on none of the .* chosen; allowed: 'linear_"):
            preset(name).configs(methods, **options)
    found = preset("quick").configs(("anil", "shown_bayes", "anil"), seeds=1)
    assert len(found) == len({config.run_id for config in found})
    assert {config.family for config in found if config.method == "shown_bayes"} == {"goals-small", "preferences-small"}


def test_supports_of_a_preset_can_be_chosen() -> None:
    night = preset("standard")
    chosen = night.configs(families=["goals"], supports=["connected", "disconnected"])
    assert {(config.support, config.method) for config in chosen} == set(
        itertools.product(("connected", "disconnected"), standard.COMPARED)
    )
    assert [*chosen] == [config for config in night.configs(families=["goals"]) if "connected" in config.support]
    with pytest.raises(ValueError, match="this preset has no support 'connected'; allowed: 'random'"):
        preset("quick").configs(supports=["connected"])


def test_methods_that_act_are_compared_at_equal_budgets() -> None:
    """As many batches of trials, and of updates that imitate, for every method of a family."""
    for family in preset("rewarded-quick").families:
        found = [config for config in preset("rewarded-quick").configs(families=[family], seeds=1) if config.outer]
        assert len({(config.steps, config.meta_batch, config.trials) for config in found}) == 1


def test_what_a_preset_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="this preset has no track 'rewarded' on 'goals'; allowed: 'shown'"):
        preset("iclr2024").config("goals", "gru", 0)
    with pytest.raises(ValueError, match="this preset has no track 'shown' on 'goals-small'; allowed: 'rewarded', 'told'"):
        preset("rewarded-quick").config("goals-small", "anil", 0)
    with pytest.raises(ValueError, match="this preset has no recipe for method 'hyla'; allowed: 'linear_hypernetwork'"):
        preset("teacher").config("teacher-small", "hyla", 0)


def test_a_run_is_named_by_everything_that_determines_it() -> None:
    config = tiny()
    changes = [
        {"seed": 1},
        {"world": 1},
        {"device": "cuda"},
        {"sizes": {"horizon": 9}},
        {"options": {"width": 9}},
        {"outer": None},
    ]
    ids = {tiny(**change).run_id for change in changes}  # type: ignore[arg-type]
    assert len(ids | {config.run_id}) == len(changes) + 1
    assert config.run_id.startswith("goals-small_anil_s0_")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"device": "tpu"}, "unknown device 'tpu'; allowed: 'cpu', 'cuda', 'mps'"),
        ({"support_episodes": 0}, "support_episodes is 0; allowed: at least 1"),
        ({"track": "heard"}, "unknown track 'heard'; allowed: 'shown', 'rewarded', 'told'"),
        ({"track": "told"}, "trials are None on track 'told'; allowed: None on 'shown', else how to act"),
    ],
)
def test_impossible_configs_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tiny(**change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TrialTraining(0), "trials.episodes is 0; allowed: at least 1"),
        (lambda: TrialTraining(3, replay=0), "trials.replay is 0; allowed: at least 1"),
    ],
)
def test_impossible_trials_are_refused(make: Callable[[], TrialTraining], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_runs_that_are_shown_demonstrations_keep_the_names_of_before_tracks() -> None:
    assert not {"track", "trials"} & set(tiny("anil").as_dict())
    assert {"track", "trials"} <= set(tiny("gru").as_dict())


class OwnLoop(LinearHypernetwork):
    """A method of one's own whose constructor has no inner loop."""

    def __init__(self, problem: Problem, width: int = 8) -> None:
        super().__init__(problem, InnerLoop(1, 0.1), width)


def test_own_methods_take_anils_loops() -> None:
    chosen = preset("quick")
    anil = chosen.config("goals-small", "anil", 0)
    config = chosen.config("goals-small", "examples.my_method:Bias", 0)
    assert config.options == {"inner": anil.options["inner"]}
    assert config.outer == anil.outer
    assert chosen.config("goals-small", f"{__name__}:OwnLoop", 0).options == {}


def test_options_are_checked_against_the_constructor() -> None:
    options = options_of(ANIL, inner=InnerLoop(3, 0.1), width=8)
    assert options == {"inner": {**options["inner"], "steps": 3, "learning_rate": 0.1}, "width": 8}
    problem = problem_of(make_family("goals-small"), "optimal_action")
    learner = make_learner("anil", json.loads(json.dumps(options)), problem)
    assert learner.inner == InnerLoop(3, 0.1)
    with pytest.raises(ValueError, match="ANIL cannot be built: got an unexpected keyword argument 'depth'"):
        options_of(ANIL, inner=InnerLoop(3, 0.1), depth=8)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="MAML cannot be built: missing a required argument: 'inner'"):
        options_of(MAML, width=8)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="'anil' has no option 'depth'; allowed: 'inner', 'width', 'hidden_layers'"):
        make_learner("anil", {**options, "depth": 3}, problem)
    with pytest.raises(ValueError, match="'anil' needs option 'inner'; given: 'width'"):
        make_learner("anil", {"width": 3}, problem)


@pytest.mark.parametrize("name", ["amil", "json:JSONDecoder", "nowhere:Learner"])
def test_unknown_methods_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="allowed: "):
        method_class(name)


def test_every_method_is_a_learner(method: str) -> None:
    assert issubclass(method_class(method), Method)
