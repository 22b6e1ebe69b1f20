"""Which modules a learner fails on: a finished run's scores by module, pair of modules and distance, with pictures."""

from collections.abc import Iterator
from itertools import combinations as subsets_of
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from benchmarks import plots
from benchmarks.decoding import readings_of
from benchmarks.methods import title_of
from benchmarks.results import RunFolder, write_json, write_text
from benchmarks.runner import trained_learner
from compworld import diagnose
from compworld.tasks.splits import Split

METRICS = ("action_accuracy", "r2", "success_rate", "normalised_return")
"""Those of them that the run has are shown; the last of these is in the picture."""


def inspect_run(runs: Path, run_id: str, out: Path) -> list[Path]:
    """Write tables and pictures of a finished run.

    Args:
        runs: folder of all runs.
        run_id: the run, or the beginning of its name.
        out: folder for the files.

    Returns:
        The files: ``scores.md``, ``scores.json``, ``combinations.png`` and, of methods that adapt, ``adapted.png``.

    Raises:
        ValueError: no such run, or it has not finished.
    """
    learner, config, world = trained_learner(runs, run_id)
    scores = (RunFolder.open(runs, run_id).result() or {})["scores"]
    metrics = [metric for metric in METRICS if metric in scores["held_out"]]
    rows = list(grouped(scores, world.split, metrics))
    title = f"{title_of(config.method)}, {config.family}, {config.support} support, seed {config.seed}"
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "scores.json", {"run": config.run_id, "rows": rows})
    write_text(out / "scores.md", markdown(title, rows, metrics))
    mean = by_combination(scores, world.split, metrics[-1])
    plots.combinations_picture(diagnose(world.split), mean, _words(metrics[-1]), title, out / "combinations.png")
    files = ["scores.md", "scores.json", "combinations.png"]
    if learner.adapts and config.inner.steps:
        found = [readings_of(learner, config, world, which)[:2] for which in ("fresh_episodes", "held_out")]
        layers = [name for name in found[0][0] if name in found[1][0]]
        if layers:
            features = np.concatenate([np.concatenate([readings[name] for name in layers], 1) for readings, _ in found])
            weights = np.concatenate([weights for _, weights in found])
            held_out = np.arange(len(features)) >= len(found[0][1])
            _picture_of_readings(features, weights, held_out, world.split, title, out / "adapted.png")
            files.append("adapted.png")
    return [out / name for name in files]


def _picture_of_readings(
    features_TF: np.ndarray, weights_TM: np.ndarray, held_out_T: np.ndarray, split: Split, title: str, path: Path
) -> None:
    model = PCA(2)
    points = model.fit_transform(StandardScaler().fit_transform(features_TF))
    share = model.explained_variance_ratio_.sum()
    note = f"{title}: what adapted, on two principal components ({share:.0%} of variance); triangles: held out"
    names = split.space.module_names
    if weights_TM.shape[1] > len(names):
        note += "; modules of the first layer"
    plots.adapted_picture(points, weights_TM[:, : len(names)], held_out_T, names, note, path)


def by_combination(scores: dict[str, dict[str, list[float]]], split: Split, metric: str) -> np.ndarray:
    """Mean score of each combination [C] on fresh episodes, or as a held-out one; not a number where no task has it."""
    total, count = np.zeros(len(split.space)), np.zeros(len(split.space))
    for which in ("fresh_episodes", "held_out"):
        index = np.asarray(scores[which]["combination"], dtype=np.int64)
        np.add.at(total, index, scores[which][metric])
        np.add.at(count, index, 1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def grouped(scores: dict[str, dict[str, list[float]]], split: Split, metrics: list[str]) -> Iterator[dict[str, Any]]:
    """Means over the tasks that have a module, two modules together, or a distance to the nearest trained combination.

    Yields:
        ``set``, ``group`` ("module", "pair" or "distance"), ``name``, ``tasks`` and the mean of every metric.
    """
    space = split.space
    distances = dict(zip(np.flatnonzero(split.held_out).tolist(), diagnose(split).distances.tolist(), strict=True))
    for which in ("fresh_episodes", "held_out"):
        values = scores[which]
        index = np.asarray(values["combination"], dtype=np.int64)
        active = space.combinations[index]
        groups = [("module", space.module_names[m], active[:, m]) for m in range(space.modules)]
        groups += [
            ("pair", f"{space.module_names[i]} + {space.module_names[j]}", active[:, i] & active[:, j])
            for i, j in subsets_of(range(space.modules), 2)
        ]
        if which == "held_out":
            distance = np.asarray([distances[combination] for combination in index.tolist()])
            groups += [("distance", str(value), distance == value) for value in np.unique(distance).tolist()]
        for group, name, chosen in groups:
            if chosen.any():
                means = {metric: float(np.asarray(values[metric])[chosen].mean()) for metric in metrics}
                yield {"set": which, "group": group, "name": name, "tasks": int(chosen.sum()), **means}


def markdown(title: str, rows: list[dict[str, Any]], metrics: list[str]) -> str:
    """The groups as tables, the worst first."""
    lines = [f"# {title}", "", "Means over the tasks of a group, the worst group first."]
    for which, group in dict.fromkeys((row["set"], row["group"]) for row in rows):
        heading = {"module": "with a module", "pair": "with two modules", "distance": "by distance to the trained ones"}[group]
        lines += ["", f"## {which.replace('_', ' ')}, {heading}", ""]
        lines.append(f"| {group} | tasks | {' | '.join(map(_words, metrics))} |")
        lines.append("|---" * (2 + len(metrics)) + "|")
        chosen = [row for row in rows if (row["set"], row["group"]) == (which, group)]
        for row in sorted(chosen, key=lambda row: row[metrics[-1]]):
            lines.append(f"| {row['name']} | {row['tasks']} | {' | '.join(f'{row[metric]:.3f}' for metric in metrics)} |")
    return "\n".join(lines) + "\n"


def _words(metric: str) -> str:
    return "R²" if metric == "r2" else metric.replace("_", " ")
