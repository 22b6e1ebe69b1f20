"""Families by name: what each of them says of itself, and what is refused."""

import pytest

import compworld
from compworld import make_family
from compworld.families import Goals, Preferences, family_names
from compworld.families.scores import TITLES


def test_families_have_their_own_rules():
    assert isinstance(make_family("preferences"), Preferences)
    assert isinstance(make_family("goals-small"), Goals)
    assert make_family("preferences").action_names == ("nothing", "up", "right", "down", "left")
    assert make_family("goals").action_names == ("up", "right", "down", "left", "toggle", "pick up")
    assert make_family("goals", size=7, start_distance=3).shape == (7, 7)


def test_a_family_says_what_is_true_of_it(family, family_name):
    assert family.label == family_name
    assert make_family(family.label, family.world).sizes == family.sizes == type(family).sizes_of(family.variant)
    assert compworld.FAMILIES[family.name] is type(family)
    assert compworld.ENV_IDS.get(family.env_id) == (family_name if family.env_id else None)
    assert family.label_of(family.variant).startswith(family.title.lower())
    assert family.horizon >= 1
    assert set(family.scores) <= set(TITLES)
    assert len(set(family.scores)) == len(family.scores) > 0
    assert (family.wall_rows is None) == (family.possible_rows is None) == (family.env_id is None)


def test_the_headline_comes_first():
    headlines = {name: make_family(name).scores[0] for name in family_names()}
    assert headlines == {
        "preferences": "normalised_return",
        "preferences-small": "normalised_return",
        "goals": "success_rate",
        "goals-small": "success_rate",
        "teacher": "action_accuracy",
        "teacher-small": "r2",
        "teacher-scaling2025": "r2",
        "teacher-layerwise": "action_accuracy",
    }


def test_sizes_leave_the_name_alone():
    family = make_family("goals-small", horizon=50)
    assert (family.label, family.env_id, family.horizon) == ("goals-small", "CompWorld-Goals-Small-v0", 50)
    assert Goals().label == "goals"


@pytest.mark.parametrize("name", ["preference", "goals-Small", "goals-small-v0", "", "goals-small-small"])
def test_unknown_family(name):
    with pytest.raises(ValueError, match=rf"unknown family '{name}'; allowed: 'preferences', 'preferences-small', 'goals'"):
        make_family(name)


@pytest.mark.parametrize("world", [-1, 1.5, "0", None, True])
def test_impossible_world(world):
    with pytest.raises(ValueError, match=rf"world is {world!r}; allowed: integers from 0"):
        make_family("goals", world)


@pytest.mark.parametrize(
    ("name", "sizes", "message"),
    [
        (
            "preferences",
            {"mazes": 2},
            "family 'preferences' got an unexpected keyword argument 'mazes'; allowed: 'size', 'modules', 'max_active'",
        ),
        (
            "goals",
            {"modules": 2},
            "family 'goals' got an unexpected keyword argument 'modules'; allowed: 'size', 'interactions', 'mazes'",
        ),
        ("preferences", {"objects": 2.5}, "size 'objects' is 2.5; allowed: integers from 0"),
        ("preferences", {"objects": -1}, "size 'objects' is -1; allowed: integers from 0"),
        ("preferences", {"objects": 0}, "number of objects is 0; allowed: at least 1"),
        ("preferences", {"objects": 19}, "19 objects and the agent do not fit on 19 free cells; allowed: fewer objects"),
        ("preferences", {"size": 9, "objects": 11}, "size 'objects' is 11; allowed: 1 to 10"),
        ("preferences", {"size": 6}, "size of a four-rooms layout is 6; allowed: odd numbers from 5"),
        ("preferences", {"features": 16}, "number of object features is 16; allowed: 1 to 15"),
        ("preferences", {"features": 0}, "number of object features is 0; allowed: 1 to 15"),
        ("preferences", {"max_active": 9}, "max_active is 9 with modules 8; allowed: 1 to the number of modules"),
        ("preferences", {"horizon": 0}, "size 'horizon' is 0; allowed: integers from 1 to 10000"),
        ("goals", {"horizon": 0}, r"size 'horizon' is 0; allowed: at least 1 \+ start_distance = 12"),
        ("goals", {"size": 10}, "size of a maze is 10; allowed: odd numbers from 5"),
        ("goals", {"mazes": 0}, "number of values of factor 'maze' is 0; allowed: integers from 1"),
        ("goals", {"interactions": 5}, "size 'interactions' is 5; allowed: 1 to 4"),
        ("goals", {"distractors": 5}, r"size 'distractors' is 5; allowed: 0 to object_types - 1 = 4"),
        ("goals", {"start_distance": 0}, "size 'start_distance' is 0; allowed: at least 1"),
        (
            "goals",
            {"start_distance": 100},
            "'start_distance': 100, .* cannot hold the objects: maze 0 of world 0 has no",
        ),
        ("goals", {"object_types": 16, "distractors": 2}, "number of object features is 16; allowed: 1 to 15"),
    ],
)
def test_impossible_sizes(name, sizes, message):
    with pytest.raises(ValueError, match=message):
        make_family(name, **sizes)
