"""Supports compared on the held-out combinations that they have in common, and paired by seed."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from compworld import Split
from compworld.benchmarks.scores import statistics
from compworld.benchmarks.scores.names import COMBINATION
from compworld.benchmarks.theory.student import split_of

Results = dict[tuple[str, str], list[dict[str, Any]]]
"""Results of every (method, support), one for each seed."""


def common(splits: Sequence[Split]) -> np.ndarray:
    """The combinations that all of these hold out: one support's held-out set may be larger."""
    return np.flatnonzero(np.logical_and.reduce([split.held_out for split in splits]))


def compare(
    holds: Callable[[Split], bool], names: Sequence[str], splits: dict[str, list[Split]], results: Results
) -> dict[str, Any]:
    """Rows and differences of one family.

    Args:
        holds: whether a split meets the condition.
        names: of the scores.
        splits: of every world by support: the one that meets the condition, the same with fewer combinations, the one that does
            not meet it.
        results: of the runs.
    """
    held_out = [common(of_world) for of_world in zip(*splits.values(), strict=True)]

    def scores(cell: tuple[str, str], which: str, name: str) -> list[np.ndarray]:
        found = []
        for result, combinations in zip(results[cell], held_out, strict=True):
            values = result["scores"][which]
            chosen = np.isin(values[COMBINATION], combinations) | (which != "held_out")
            found.append(np.asarray(values[name])[chosen])
        return found

    def estimates(cell: tuple[str, str], name: str) -> dict[str, dict[str, Any]]:
        return {
            which: statistics.record_of(statistics.scored(scores(cell, which, name)))
            for which in ("fresh_episodes", "held_out")
        }

    rows = [
        {
            "method": method,
            "support": support,
            "trained": int(splits[support][0].trained.sum()),
            "met": all(holds(split) for split in splits[support]),
            "scores": {name: estimates((method, support), name) for name in names},
            "decoding": [
                {name: result["decoding"][name] for name in ("total_r2", "permuted_total_r2")}
                for result in results[method, support]
                if result["decoding"]
            ],
        }
        for method, support in results
    ]
    _, matched, missed = splits
    methods = list(dict.fromkeys(method for method, _ in results))
    confidence = statistics.simultaneous(len(methods) * len(names))

    def difference(method: str, name: str) -> dict[str, Any]:
        met, other = (scores((method, support), "held_out", name) for support in (matched, missed))
        return statistics.record_of(statistics.differences(met, other), confidence)

    differences = {method: {name: difference(method, name) for name in names} for method in methods}
    return {"held_out_combinations": len(held_out[0]), "rows": rows, "differences": differences}


def compare_students(holds: Callable[[Split], bool], results: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Students, scored on the same tasks of all combinations that neither support trains.

    Args:
        holds: whether a split meets the condition.
        results: of both supports, as lists of module sets, one for each seed.
    """
    splits = {sets: split_of(sets) for sets in results}
    combinations = common(list(splits.values()))
    rows: list[dict[str, Any]] = []
    scores: dict[str, list[np.ndarray]] = {}
    for sets, split in splits.items():
        found = results[sets]
        scores[sets] = [np.asarray(result["r2"])[np.isin(result[COMBINATION], combinations)] for result in found]
        rows.append(
            {
                "support": sets,
                "trained": int(split.trained.sum()),
                "met": holds(split),
                "training": [result["training"] for result in found],
                "held_out": statistics.record_of(statistics.scored(scores[sets])),
            }
        )
    met, missed = scores.values()
    return {
        "held_out_combinations": len(combinations),
        "rows": rows,
        "difference": statistics.record_of(statistics.differences(met, missed)),
    }
