"""Module spaces: counts, encoding and decoding."""

import pytest

from compworld import ModuleSpace


@pytest.mark.parametrize(
    ("space", "count"),
    [
        (ModuleSpace.subsets(8, 3), 92),
        (ModuleSpace.subsets(8, 2), 36),
        (ModuleSpace.subsets(6, 2), 21),
        (ModuleSpace.subsets(3, 3), 7),
        (ModuleSpace.subsets(4, 2, layers=2), 100),
        (ModuleSpace.subsets(3, 2, layers=3), 216),
        (ModuleSpace.product(quadrant=4, interaction=2, maze=5, object=5), 200),
        (ModuleSpace.product(only=1), 1),
    ],
)
def test_counts(space, count):
    assert len(space) == len(space.combinations) == count
    assert len({row.tobytes() for row in space.combinations}) == count


def test_families_have_the_papers_counts():
    from compworld import make_family

    assert len(make_family("preferences").space) == 92
    assert len(make_family("goals").space) == 200
    assert len(make_family("teacher").space) == 100


def test_encode_and_decode_are_inverse(family):
    space = family.space
    for index in range(len(space)):
        modules = space.decode(index)
        assert list(modules) == sorted(set(modules))
        assert space.encode(reversed(modules)) == index
        assert len(modules) == space.active_counts[index]
    assert space.index_of(space.combinations).tolist() == list(range(len(space)))


def test_index_of_an_unknown_combination_is_minus_one():
    space = ModuleSpace.subsets(4, 2)
    rows = [[True, True, True, False], [False] * 4, [True, False, False, False]]
    assert space.index_of(rows).tolist() == [-1, -1, 0]


def test_product_combinations_have_one_value_of_each_factor():
    space = ModuleSpace.product(a=2, b=3)
    assert space.factors == ((0, 1), (2, 3, 4))
    assert [space.factor_values(space.decode(index)) for index in range(6)] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert space.module_names == ("a 0", "a 1", "b 0", "b 1", "b 2")
    assert space.name_of(5) == "a 1 + b 2"
    assert space.ring_positions.tolist() == pytest.approx([0, 1 / 2, 0, 1 / 3, 2 / 3])


def test_subset_names_and_order():
    space = ModuleSpace.subsets(3, 2)
    assert [space.decode(index) for index in range(6)] == [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]
    assert space.name_of(4) == "module 0 + module 2"


def test_layers_have_independent_combinations():
    one, several = ModuleSpace.subsets(4, 2), ModuleSpace.subsets(4, 2, layers=2)
    assert several.layers == ((0, 1, 2, 3), (4, 5, 6, 7))
    assert (several.modules, several.factors, one.layers) == (8, (), ((0, 1, 2, 3),))
    expected = [[*first, *second] for first in one.combinations.tolist() for second in one.combinations.tolist()]
    assert several.combinations.tolist() == expected
    assert several.name_of(15) == "module 1 of layer 0 + module 0 of layer 1 + module 2 of layer 1"
    assert several.ring_positions.tolist() == [0, 1 / 4, 1 / 2, 3 / 4] * 2


@pytest.mark.parametrize("modules", [(0, 1), (0, 1, 2, 4), (4, 5), ()])
def test_unknown_layered_combination_is_refused(modules):
    message = r"no combination has modules \[.*\]; allowed: 1 to 2 different modules of each of \[0, 1, 2, 3\], \[4, 5, 6, 7\]"
    with pytest.raises(ValueError, match=message):
        ModuleSpace.subsets(4, 2, layers=2).encode(modules)


def test_combinations_cannot_be_overwritten():
    with pytest.raises(ValueError, match="read-only"):
        ModuleSpace.subsets(3, 2).combinations[0, 0] = False


@pytest.mark.parametrize(("modules", "max_active"), [(3, 4), (3, 0), (0, 1)])
def test_impossible_subset_spaces(modules, max_active):
    with pytest.raises(ValueError, match=rf"max_active is {max_active} with modules {modules}; allowed: 1 to"):
        ModuleSpace.subsets(modules, max_active)


def test_impossible_number_of_layers():
    with pytest.raises(ValueError, match=r"layers is 0; allowed: integers from 1"):
        ModuleSpace.subsets(4, 2, layers=0)
    with pytest.raises(ValueError, match=r"number of combinations is 71639296; allowed: at most 100000"):
        ModuleSpace.subsets(8, 3, layers=4)
    with pytest.raises(ValueError, match=r"number of modules is 64; allowed: at most 62"):
        ModuleSpace.subsets(8, 1, layers=8)


def test_impossible_factor():
    with pytest.raises(ValueError, match=r"number of values of factor 'maze' is 0; allowed: integers from 1"):
        ModuleSpace.product(quadrant=4, maze=0)


@pytest.mark.parametrize("modules", [(), (0, 1, 2), (4,), (1, 1)])
def test_unknown_subset_is_refused(modules):
    with pytest.raises(ValueError, match=r"no combination has modules \[.*\]; allowed: 1 to 2 different modules out of 0 to 3"):
        ModuleSpace.subsets(4, 2).encode(modules)


def test_unknown_product_combination_is_refused():
    with pytest.raises(ValueError, match=r"no combination has modules \[0, 1\]; allowed: one module of each of \[0, 1\]"):
        ModuleSpace.product(a=2, b=1).encode((0, 1))


@pytest.mark.parametrize("index", [-1, 10])
def test_unknown_index_is_refused(index):
    with pytest.raises(ValueError, match=rf"combination index is {index}; allowed: integers from 0 to 9"):
        ModuleSpace.subsets(4, 2).decode(index)


def test_what_are_no_modules_is_refused():
    goals = ModuleSpace.product(quadrant=4, maze=2)
    for call, message in (
        (lambda: goals.factor_values([0]), r"no combination has modules \[0\]; allowed: one module of each"),
        (lambda: goals.encode(5), r"modules are 5; allowed: numbers of modules, such as \(0, 4\)"),
        (lambda: goals.encode([0.0, 4]), "module is 0.0; allowed: integers from 0"),
        (lambda: goals.encode([True, 4]), "module is True; allowed: integers from 0"),
        (
            lambda: ModuleSpace.subsets(4, 2).factor_values([0]),
            "no factors, but 4 modules; allowed: a product",
        ),
        (lambda: ModuleSpace.product(), "there are no factors; allowed: at least one"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
