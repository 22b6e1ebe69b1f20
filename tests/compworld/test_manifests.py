"""Frozen splits: the code still gives what was released."""

import json
from importlib import resources

import pytest

from compworld import SUPPORTS, make_family, make_split
from compworld.manifests.frozen import FAMILY_NAMES, WORLDS, build_manifest, load_manifest, manifest_names, write_manifests

NAMES = manifest_names()


@pytest.mark.parametrize(("frozen_family", "frozen_support"), NAMES)
def test_code_regenerates_the_frozen_manifest(frozen_family, frozen_support):
    frozen = load_manifest(frozen_family, frozen_support)
    assert frozen == build_manifest(frozen_family, frozen_support)
    assert sorted(map(int, frozen["worlds"])) == list(range(10)) == list(WORLDS)


def test_every_family_and_support_has_a_manifest(family_name, support):
    applies = support != "active_modules" or not make_family(family_name).space.factors
    assert ((family_name, support) in NAMES) == (applies and family_name != "teacher-scaling2025")


def test_the_package_holds_the_manifests_and_no_others():
    files = {path.name for path in (resources.files("compworld") / "manifests").iterdir() if path.name.endswith(".json")}
    assert files == {f"{family}.{support}.json" for family, support in NAMES}
    assert {support for _, support in NAMES} == set(SUPPORTS)


@pytest.mark.parametrize("frozen_family", FAMILY_NAMES)
def test_a_split_carries_the_hash_of_its_manifest(frozen_family):
    for world in (0, 9):
        frozen = load_manifest(frozen_family, "random")["worlds"][str(world)]
        split = make_split(make_family(frozen_family).space, "random", world)
        assert split.sha256 == frozen["sha256"]
        assert split.as_lists() == {"train": frozen["train"], "held_out": frozen["held_out"]}


def test_unknown_manifest():
    with pytest.raises(ValueError, match=r"no manifest for family 'goals' and support 'active_modules'; allowed: \[\('pref"):
        load_manifest("goals", "active_modules")


def test_damaged_manifest_is_refused(tmp_path):
    path = tmp_path / "goals-small.random.json"
    manifest = load_manifest("goals-small", "random")
    path.write_text(json.dumps(manifest))
    assert load_manifest("goals-small", "random", tmp_path) == manifest
    moved = manifest["worlds"]["3"]["held_out"].pop()
    path.write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match=r"goals-small.random.json is damaged: its SHA-256 is [0-9a-f]{64}, it claims"):
        load_manifest("goals-small", "random", tmp_path)
    manifest["worlds"]["3"]["held_out"].append(moved)
    path.write_text(json.dumps(manifest)[:-20])
    with pytest.raises(ValueError, match=r"goals-small.random.json is damaged \(.*\); allowed: the file as it was"):
        load_manifest("goals-small", "random", tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"sha256": 3}'])
def test_foreign_manifest_is_refused(tmp_path, text):
    (tmp_path / "goals.random.json").write_text(text)
    with pytest.raises(ValueError, match=r"goals.random.json (cannot be read|is damaged)"):
        load_manifest("goals", "random", tmp_path)


def test_missing_manifest_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"goals.random.json cannot be read"):
        load_manifest("goals", "random", tmp_path)


def test_written_manifests_are_the_frozen_ones(tmp_path, monkeypatch):
    monkeypatch.setattr("compworld.manifests.frozen.manifest_names", lambda: [("preferences-small", "random")])
    write_manifests(tmp_path)
    frozen = resources.files("compworld") / "manifests" / "preferences-small.random.json"
    assert (tmp_path / "preferences-small.random.json").read_text() == frozen.read_text()
