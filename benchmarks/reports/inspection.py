"""Which modules a learner fails on: a finished run's scores by module, pair of modules and distance, with pictures."""

from collections.abc import Iterator, Sequence
from itertools import combinations as subsets_of
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from compworld import Split, diagnose
from compworld.agents import Learner
from compworld.benchmarks.recipes.methods import title_of
from compworld.benchmarks.reports import split_plots
from compworld.benchmarks.reports.style import support_title
from compworld.benchmarks.reports.table import Table
from compworld.benchmarks.runs.run import TrainedRun, trained_run
from compworld.benchmarks.scores.decoding import readings_of
from compworld.benchmarks.scores.names import COMBINATION, headline, main_scores, title_of_score
from compworld.files import write_json, write_text


def inspect_run(runs: Path, run_id: str, out: Path, trust: bool = False) -> list[Path]:
    """Write tables and pictures of a finished run.

    Args:
        runs: folder of all runs.
        run_id: the run, or the beginning of its name.
        out: folder for the files.
        trust: see :func:`compworld.benchmarks.runs.run.trained_run`.

    Returns:
        The files: ``scores.md``, ``scores.json``, ``combinations.png`` and, of methods that adapt, ``adapted.png``.

    Raises:
        ValueError: no such run, it has not finished, or its method acts in trials.
    """
    run = trained_run(runs, run_id, trust)
    learner = run.learner
    config, split, scores = run.config, run.world.split, run.result["scores"]
    shown = main_scores(run.world.family)
    rows = list(grouped(scores, split, shown))
    title = f"{title_of(config.method)}, {config.family}, {support_title(config.support)} support, seed {config.seed}"
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "scores.json", {"run": config.run_id, "rows": rows})
    write_text(out / "scores.md", markdown(title, rows, shown))
    score = headline(run.world.family)
    mean = by_combination(scores, split, score)
    split_plots.combinations_picture(diagnose(split), mean, title_of_score(score), title, out / "combinations.png")
    files = ["scores.md", "scores.json", "combinations.png"]
    if _picture_of_readings(run, learner, title, out / "adapted.png"):
        files.append("adapted.png")
    return [out / name for name in files]


def _picture_of_readings(run: TrainedRun, learner: Learner, title: str, path: Path) -> bool:
    """What adapted, in two dimensions; whether there is anything."""
    found = [readings_of(learner, run.config, run.world, which)[:2] for which in ("fresh_episodes", "held_out")]
    layers = [name for name in found[0][0] if name in found[1][0]]
    if not layers:
        return False
    features_TF = np.concatenate([np.concatenate([readings[name] for name in layers], 1) for readings, _ in found])
    weights_TM = np.concatenate([weights for _, weights in found])
    held_out_T = np.arange(len(features_TF)) >= len(found[0][1])
    model = PCA(2)
    points = model.fit_transform(StandardScaler().fit_transform(features_TF))
    share = model.explained_variance_ratio_.sum()
    note = f"{title}: what adapted, on two principal components ({share:.0%} of variance); triangles: held out"
    names = run.world.split.space.module_names
    if weights_TM.shape[1] > len(names):
        note += "; modules of the first layer"
    split_plots.adapted_picture(points, weights_TM[:, : len(names)], held_out_T, names, note, path)
    return True


def by_combination(scores: dict[str, dict[str, list[float]]], split: Split, score: str) -> np.ndarray:
    """Mean score of each combination [C] on fresh episodes, or as a held-out one; not a number where no task has it."""
    total, count = np.zeros(len(split.space)), np.zeros(len(split.space))
    for which in ("fresh_episodes", "held_out"):
        index = np.asarray(scores[which][COMBINATION], dtype=np.int64)
        np.add.at(total, index, scores[which][score])
        np.add.at(count, index, 1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def grouped(scores: dict[str, dict[str, list[float]]], split: Split, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Means over the tasks that have a module, two modules together, or a distance to the nearest trained combination.

    Yields:
        ``set``, ``group`` ("module", "pair" or "distance"), ``name``, ``tasks`` and the mean of every score.
    """
    space = split.space
    distances = dict(zip(np.flatnonzero(split.held_out).tolist(), diagnose(split).distances.tolist(), strict=True))
    for which in ("fresh_episodes", "held_out"):
        values = scores[which]
        index = np.asarray(values[COMBINATION], dtype=np.int64)
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
                means = {score: float(np.asarray(values[score])[chosen].mean()) for score in names}
                yield {"set": which, "group": group, "name": name, "tasks": int(chosen.sum()), **means}


def markdown(title: str, rows: list[dict[str, Any]], scores: Sequence[str]) -> str:
    """The groups as tables, by their headline score, the worst first."""
    lines = [f"# {title}", "", "Means over the tasks of a group, the worst group first."]
    headings = {"module": "with a module", "pair": "with two modules", "distance": "by distance to the trained ones"}
    for which, group in dict.fromkeys((row["set"], row["group"]) for row in rows):
        chosen = sorted((row for row in rows if (row["set"], row["group"]) == (which, group)), key=lambda row: row[scores[0]])
        table = Table([group, "tasks", *map(title_of_score, scores)])
        table.rows += [(row["name"], row["tasks"], *(row[score] for score in scores)) for row in chosen]
        lines += ["", f"## {which.replace('_', ' ')}, {headings[group]}", "", table.markdown()]
    return "\n".join(lines) + "\n"
