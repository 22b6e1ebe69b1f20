"""Supports: the counts of the paper, coverage, balance, and what is refused."""

from itertools import combinations

import numpy as np
import pytest

from compworld import ModuleSpace, diagnose, make_split

PAIRS = ModuleSpace.subsets(8, 2)
TRIPLES = ModuleSpace.subsets(8, 3)
GOALS = ModuleSpace.product(quadrant=4, interaction=2, maze=5, object=5)
LAYERS = ModuleSpace.subsets(4, 2, layers=2)
LAYERS_OF_EIGHT = ModuleSpace.subsets(8, 2, layers=2)


def members(split, pool):
    return {split.space.decode(int(index)) for index in split.pool(pool)}


def applies(support, space):
    return not (support == "active_modules" and space.factors)


def test_trained_and_held_out_never_meet(family, support):
    if not applies(support, family.space):
        with pytest.raises(ValueError, match=r"support 'active_modules' needs .*; allowed: subset spaces"):
            make_split(family.space, support)
        return
    for world in range(10):
        split = make_split(family.space, support, world)
        train, held_out, both = (set(split.pool(name).tolist()) for name in ("train", "held_out", "all"))
        assert train
        assert held_out
        assert not train & held_out
        assert both == train | held_out
        for index in range(len(family.space)):
            expected = "train" if index in train else "held_out" if index in held_out else "unused"
            assert split.labels[index] == expected
        assert split.labels[-1] == "outside"


def test_splits_are_reproducible(family, support):
    if applies(support, family.space):
        one, other = (make_split(family.space, support, 3) for _ in range(2))
        assert one.as_lists() == other.as_lists()
        assert one.sha256 == other.sha256


@pytest.mark.parametrize("chance", ["random", "equal", "compositional"])
def test_random_supports_depend_on_the_world(chance):
    assert len({make_split(TRIPLES, chance, world).sha256 for world in range(5)}) > 1


def test_counts_with_pairs_of_eight():
    connected, disconnected = make_split(PAIRS, "connected"), make_split(PAIRS, "disconnected")
    assert len(PAIRS) == 36
    assert connected.trained.sum() == 24
    assert disconnected.trained.sum() == 20
    assert connected.held_out.sum() == disconnected.held_out.sum() == 10
    np.testing.assert_array_equal(connected.held_out, disconnected.held_out)
    singles = {(module,) for module in range(8)}
    near = {tuple(sorted((i, (i + step) % 8))) for i in range(8) for step in (1, 2)}
    halves = set(combinations(range(4), 2)) | set(combinations(range(4, 8), 2))
    assert members(connected, "train") == singles | near
    assert members(disconnected, "train") == singles | halves
    assert members(connected, "held_out") == set(combinations(range(8), 2)) - near - halves


def test_counts_with_two_layers_are_those_of_the_papers_code():
    """Brute force over pairs of combinations: near modules in each layer, or one half and as many modules in both."""
    connected, disconnected = (make_split(LAYERS_OF_EIGHT, support) for support in ("connected", "disconnected"))
    near = members(make_split(PAIRS, "connected"), "train")
    halves = [{c for c in near | set(combinations(half, 2)) if set(c) <= set(half)} for half in (range(4), range(4, 8))]

    def pairs(first, second):
        return {(*one, *(8 + module for module in other)) for one in first for other in second}

    of_size = [{c for c in half if len(c) == size} for half in halves for size in (1, 2)]
    assert members(connected, "train") == pairs(near, near)
    assert members(disconnected, "train") == set().union(*(pairs(group, group) for group in of_size))
    assert (len(LAYERS_OF_EIGHT), connected.trained.sum(), disconnected.trained.sum()) == (1296, 576, 104)
    np.testing.assert_array_equal(connected.held_out, disconnected.held_out)
    np.testing.assert_array_equal(connected.held_out, ~connected.trained & ~disconnected.trained)
    assert diagnose(connected).connected
    assert len(diagnose(disconnected).components) == 2
    assert diagnose(disconnected).compositional


def test_random_support_of_two_layers_trains_every_combination_of_a_layer_with_others():
    for world in range(150):
        split = make_split(LAYERS, "random", world)
        assert (len(LAYERS), split.held_out.sum()) == (100, 25)
        trained = split.trained.reshape(10, 10)  # by the combinations of the first and of the second layer
        assert trained.any(axis=0).all()
        assert trained.any(axis=1).all()
        assert diagnose(split).connected


def test_non_compositional_support_of_two_layers_lacks_the_last_layers_last_module():
    split = make_split(LAYERS, "non_compositional")
    assert members(split, "held_out") == {c for c in map(LAYERS.decode, range(100)) if 7 in c}
    assert split.trained.sum() == 60


def test_connected_and_disconnected_share_their_held_out_set(family):
    connected, disconnected = (make_split(family.space, support) for support in ("connected", "disconnected"))
    np.testing.assert_array_equal(connected.held_out, disconnected.held_out)
    assert not (connected.held_out & (connected.trained | disconnected.trained)).any()


SPACES = [TRIPLES, PAIRS, LAYERS, ModuleSpace.subsets(4, 2), ModuleSpace.subsets(3, 3), GOALS, ModuleSpace.product(a=2, b=2)]


@pytest.mark.parametrize("space", SPACES, ids=len)
@pytest.mark.parametrize("fraction", [0.25, 0.4])
def test_random_support_holds_out_the_fraction_and_trains_every_module(space, fraction):
    for world in range(150):
        split = make_split(space, "random", world, held_out_fraction=fraction)
        assert split.held_out.sum() == round(fraction * len(space))
        assert (split.trained ^ split.held_out).all()
        assert space.combinations[split.trained].any(axis=0).all()


@pytest.mark.parametrize("world", range(20))
def test_connected_support_can_train_as_few_combinations_as_the_disconnected_one(world):
    space = ModuleSpace.subsets(8, 2)
    apart = make_split(space, "disconnected", world)
    together = make_split(space, "connected", world, trained_combinations=int(apart.trained.sum()))
    assert together.trained.sum() == apart.trained.sum() == 20
    assert (together.held_out == apart.held_out).all()
    found = diagnose(together)
    assert found.connected
    assert found.compositional


@pytest.mark.parametrize("space", [TRIPLES, PAIRS, LAYERS, ModuleSpace.subsets(4, 2), GOALS], ids=len)
@pytest.mark.parametrize("module", [None, 1])
def test_compositional_support_trains_half_of_what_its_counterpart_holds_out(space, module):
    without = make_split(space, "non_compositional", module=module)
    count = int(without.trained.sum())
    for world in range(10):
        everything = make_split(space, "compositional", world, module=module)
        matched = make_split(space, "compositional", world, module=module, trained_combinations=count)
        assert matched.trained.sum() == count
        assert everything.trained.sum() == len(space) - without.held_out.sum() // 2
        assert (everything.trained ^ everything.held_out).all()
        assert (matched.held_out == everything.held_out).all()
        assert not (matched.trained & ~everything.trained).any()
        assert not (everything.held_out & ~without.held_out).any()
        assert (matched.trained & without.held_out).sum() == (without.held_out.sum() + 1) // 2
        for split in (everything, matched):
            found = diagnose(split)
            assert found.compositional
            assert found.connected
        assert not diagnose(without).compositional


@pytest.mark.parametrize("support_name", ["connected", "compositional"])
def test_too_few_combinations_cannot_be_connected(support_name):
    with pytest.raises(ValueError, match=r"trained_combinations is 3; allowed: in this world at least \d+, to stay connected"):
        make_split(ModuleSpace.subsets(8, 2), support_name, trained_combinations=3)


@pytest.mark.parametrize(("support_name", "most"), [("connected", 24), ("compositional", 32)])
def test_more_combinations_than_there_are_cannot_be_trained(support_name, most):
    with pytest.raises(ValueError, match=rf"trained_combinations is 33; allowed: integers from 1 to {most}"):
        make_split(ModuleSpace.subsets(8, 2), support_name, trained_combinations=33)


def test_single_modules_never_hang_together():
    with pytest.raises(ValueError, match=r"support 'compositional' with options {} leaves no combination held_out out of 8"):
        make_split(ModuleSpace.subsets(8, 1), "compositional")


def test_random_support_refuses_to_leave_modules_untrained():
    with pytest.raises(ValueError, match=r"held_out_fraction 0.9 leaves modules untrained; allowed: a smaller fraction"):
        make_split(ModuleSpace.subsets(8, 1), "random", held_out_fraction=0.9)


@pytest.mark.parametrize("space", [TRIPLES, PAIRS, LAYERS, ModuleSpace.subsets(6, 2), GOALS], ids=len)
def test_equal_support_is_equal(space):
    for world in range(20):
        split = make_split(space, "equal", world)
        times = space.combinations[split.trained].sum(axis=0)
        for group in space.groups:
            assert len({int(times[module]) for module in group}) == 1
        assert 0 < split.held_out.sum() <= round(0.25 * len(space))
        assert times.min() > 0
        if not space.factors:
            assert split.trained[space.active_counts == len(space.layers)].all()


def test_non_compositional_holds_out_one_module_everywhere():
    assert all(7 in combination for combination in members(make_split(TRIPLES, "non_compositional"), "held_out"))
    assert not any(7 in combination for combination in members(make_split(TRIPLES, "non_compositional"), "train"))
    goals = make_split(GOALS, "non_compositional")
    assert goals.held_out.sum() == 50
    assert all(3 in combination for combination in members(goals, "held_out"))
    other = make_split(TRIPLES, "non_compositional", module=2)
    assert members(other, "held_out") == {c for c in map(TRIPLES.decode, range(92)) if 2 in c}


def test_k_hot_trains_few_departures_from_value_0():
    split = make_split(GOALS, "k_hot")
    for index in range(len(GOALS)):
        departures = sum(value != 0 for value in GOALS.factor_values(GOALS.decode(index)))
        assert split.trained[index] == (departures <= 2)
    assert members(make_split(TRIPLES, "k_hot", k=1), "train") == {(module,) for module in range(8)}


def test_active_modules_scores_each_number_above_the_trained_one():
    split = make_split(TRIPLES, "active_modules", trained_active=1)
    by_number = split.held_out_by_active_modules()
    assert {number: len(indices) for number, indices in by_number.items()} == {2: 28, 3: 56}
    for number, indices in by_number.items():
        assert (TRIPLES.active_counts[indices] == number).all()
        assert split.held_out[indices].all()
    assert sum(map(len, by_number.values())) == split.held_out.sum()
    assert list(make_split(TRIPLES, "active_modules").held_out_by_active_modules()) == [3]


def test_hash_is_of_the_content():
    assert make_split(PAIRS, "connected", 0).sha256 == make_split(PAIRS, "connected", 7).sha256
    assert make_split(PAIRS, "active_modules").sha256 == make_split(PAIRS, "k_hot").sha256
    assert make_split(PAIRS, "connected").sha256 != make_split(PAIRS, "disconnected").sha256


def test_masks_cannot_be_overwritten():
    with pytest.raises(ValueError, match="read-only"):
        make_split(PAIRS).trained[0] = True


def test_unknown_support():
    with pytest.raises(ValueError, match=r"unknown support 'conected'; allowed: 'random', 'compositional', "):
        make_split(PAIRS, "conected")


def test_unknown_option():
    with pytest.raises(
        ValueError, match=r"support 'random' got an unexpected keyword argument 'fraction'; allowed: 'held_out_fraction'"
    ):
        make_split(PAIRS, "random", fraction=0.5)


def test_unknown_pool():
    with pytest.raises(ValueError, match=r"unknown split 'test'; allowed: 'train', 'held_out', 'all'"):
        make_split(PAIRS).pool("test")


@pytest.mark.parametrize("fraction", [0, 1, -0.5, 1.5, float("nan")])
@pytest.mark.parametrize("chance", ["random", "equal"])
def test_impossible_fraction(chance, fraction):
    with pytest.raises(ValueError, match=rf"held_out_fraction is {fraction}; allowed: above 0 and below 1"):
        make_split(PAIRS, chance, held_out_fraction=fraction)


@pytest.mark.parametrize(
    ("space", "support_name", "options", "name"),
    [
        (PAIRS, "random", {"held_out_fraction": 0.01}, "held_out"),
        (PAIRS, "k_hot", {"k": 2}, "held_out"),
        (PAIRS, "active_modules", {"trained_active": 5}, "held_out"),
        (PAIRS, "active_modules", {"trained_active": 0}, "trained"),
        (ModuleSpace.product(a=1, b=3), "non_compositional", {}, "trained"),
        (ModuleSpace.subsets(3, 1), "connected", {}, "held_out"),
    ],
)
def test_a_split_with_nothing_on_one_side(space, support_name, options, name):
    with pytest.raises(ValueError, match=f"support '{support_name}' with options .* leaves no combination {name} out of"):
        make_split(space, support_name, **options)


@pytest.mark.parametrize("support_name", ["compositional", "non_compositional"])
@pytest.mark.parametrize("module", [-1, 8])
def test_impossible_module(module, support_name):
    with pytest.raises(ValueError, match=rf"module is {module}; allowed: integers from 0 to 7"):
        make_split(PAIRS, support_name, module=module)


def test_impossible_k():
    with pytest.raises(ValueError, match=r"k is 0; allowed: integers from 1"):
        make_split(PAIRS, "k_hot", k=0)
