"""Verdicts follow from intervals that are corrected for their number, and one world has none."""

import json

import numpy as np
import pytest

from compworld import make_family
from compworld.benchmarks.leaderboard.comparisons import Comparison, comparisons_of
from compworld.benchmarks.leaderboard.sections import Row, Section
from compworld.benchmarks.leaderboard.sentences import leads
from compworld.benchmarks.scores.statistics import estimate, recomputed

FAMILY = make_family("teacher-small")
METHODS = ("linear_hypernetwork", "anil", "maml", "no_adaptation")


def section(levels: dict[str, float], worlds: int, spread: float = 0.02) -> Section:
    """Rows whose scores lie around these levels."""
    rng = np.random.default_rng(worlds)
    rows = {}
    for method, level in levels.items():
        rows[method] = Row(method)
        for world in range(worlds):
            scores = level + spread * rng.normal() + 0.05 * rng.normal(size=(2, 40))
            of_sets = {which: {"r2": values} for which, values in zip(("fresh_episodes", "held_out"), scores, strict=True)}
            rows[method].results[world] = {"scores": of_sets}
    return Section(FAMILY, "random", rows)


def verdicts(found: list[Comparison]) -> dict[tuple[str, str], str]:
    return {(one.method, one.other): one.verdict for one in found}


def test_what_is_far_apart_in_many_worlds_is_decided() -> None:
    levels = dict(zip(METHODS, (0.5, 0.9, 0.5, 0.1), strict=True))
    found = comparisons_of(section(levels, 10))
    assert verdicts(found) == {
        ("linear_hypernetwork", "no_adaptation"): "ahead",
        ("anil", "no_adaptation"): "ahead",
        ("maml", "no_adaptation"): "ahead",
        ("linear_hypernetwork", "anil"): "behind",
        ("linear_hypernetwork", "maml"): "undecided",
    }
    assert [one.confidence for one in found] == pytest.approx([0.99] * 5)


@pytest.mark.parametrize("worlds", [2, 3, 5, 8])
def test_a_verdict_never_contradicts_the_interval_beside_it(worlds: int) -> None:
    for spread in (0.01, 0.1, 0.5):
        for one in comparisons_of(section(dict.fromkeys(METHODS, 0.5), worlds, spread)):
            touches = one.estimate.low <= 0 <= one.estimate.high
            assert (one.verdict == "undecided") == touches
            plain = estimate(one.worlds)
            assert one.estimate.low <= plain.low <= plain.high <= one.estimate.high


def test_equal_methods_are_hardly_ever_told_apart() -> None:
    """In at most 5 % of tables is there any verdict of methods that are the same: the correction is for the whole table."""
    tables = 400
    wrong = 0
    rng = np.random.default_rng(0)
    for _ in range(tables):
        rows = {method: Row(method) for method in METHODS}
        for world in range(3):
            shared = rng.normal()
            for row in rows.values():
                values = {"r2": shared + rng.normal() + rng.normal(size=4)}
                row.results[world] = {"scores": {"fresh_episodes": values, "held_out": values}}
        wrong += set(verdicts(comparisons_of(Section(FAMILY, "random", rows))).values()) != {"undecided"}
    assert wrong / tables <= 0.07


def test_exactly_equal_scores_are_undecided() -> None:
    same = section({"linear_hypernetwork": 0.5}, 3)
    same.rows["anil"] = Row("anil", same.rows["linear_hypernetwork"].results)
    (found,) = comparisons_of(same)
    assert found.estimate.low < found.estimate.value == 0 < found.estimate.high
    assert found.verdict == "undecided"


def test_one_world_has_no_verdict_however_clear_it_is() -> None:
    found = comparisons_of(section({"linear_hypernetwork": 0.9, "anil": 0.1}, 1))
    assert found[0].estimate.low > 0
    assert verdicts(found) == {("linear_hypernetwork", "anil"): "over tasks of one world: no verdict"}


def test_only_worlds_that_both_have_are_compared() -> None:
    both = section({"linear_hypernetwork": 0.9, "anil": 0.1}, 5)
    del both.rows["anil"].results[1]
    (found,) = comparisons_of(both)
    assert found.seeds == (0, 2, 3, 4)
    both.rows["anil"].results.clear()
    assert comparisons_of(both) == leads(both) == []


def test_sentences_and_data_say_the_same() -> None:
    made = section({"linear_hypernetwork": 0.9, "anil": 0.1}, 5)
    (found,) = comparisons_of(made)
    first, line = leads(made)
    assert first.startswith("- 1 comparison, paired by world, with an interval at 95 %; ")
    data = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert recomputed(data) == found.estimate
    shown = f"{found.estimate.value:+.3f} [{found.estimate.low:+.3f}, {found.estimate.high:+.3f}]"
    assert line == f"- linear hypernetwork minus ANIL, R², held out (5 worlds): {shown}, {data['verdict']}"
