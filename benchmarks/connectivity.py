"""Connected against disconnected support, scored on the same held-out combinations (ICLR 2024, sections 3.2 and 4.2).

The paper's supports train different numbers of combinations; beside them stands a connected one that trains no more of them
than the disconnected one. What is predicted is written down before anything is trained: :func:`compworld.diagnose`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import statistics
from benchmarks.config import RunConfig
from benchmarks.executors import run_all
from benchmarks.methods import title_of
from benchmarks.recipes import preset as preset_of
from benchmarks.results import provenance, write_json, write_text
from compworld import diagnose, make_family, make_split


@dataclass(frozen=True)
class Experiment:
    """A preset's recipes on one family and several methods."""

    preset: str
    family: str
    sizes: dict[str, Any]
    methods: tuple[str, ...]
    seeds: int


PRESETS = {
    "quick": Experiment("teacher", "teacher-small", {"modules": 8}, ("linear_hypernetwork", "deep_hypernetwork"), 3),
    "full": Experiment("iclr2024", "teacher", {"modules": 8}, ("linear_hypernetwork", "deep_hypernetwork", "anil", "maml"), 3),
}


def connectivity(preset: str, runs: Path, out: Path, workers: int | None = None) -> dict[str, Any]:
    """Run all cells that have no result yet; writes table and data into ``out``.

    Returns:
        ``rows``: for each method and support, whether it is connected, how many combinations it trains, and its scores;
        ``differences``: matched connected minus disconnected support, paired by seed; provenance.

    Raises:
        ValueError: unknown preset.
    """
    if preset not in PRESETS:
        raise ValueError(f"unknown preset {preset!r}; allowed: {', '.join(map(repr, PRESETS))}")
    chosen = PRESETS[preset]
    space = make_family(chosen.family, 0, **chosen.sizes).space
    count = int(make_split(space, "disconnected").trained.sum())
    supports: dict[str, tuple[str, dict[str, Any]]] = {
        "connected": ("connected", {}),
        f"connected, {count} combinations": ("connected", {"trained_combinations": count}),
        "disconnected": ("disconnected", {}),
    }
    cells = [(method, name) for method in chosen.methods for name in supports]
    configs = [_config(chosen, method, seed, *supports[name]) for method, name in cells for seed in range(chosen.seeds)]
    results = run_all(configs, runs, workers)
    scores: dict[tuple[str, str], dict[str, list[np.ndarray]]] = {}
    for number, cell in enumerate(cells):
        found = results[number * chosen.seeds : (number + 1) * chosen.seeds]
        scores[cell] = {
            which: [np.asarray(result["scores"][which]["action_accuracy"]) for result in found]
            for which in ("fresh_episodes", "held_out")
        }
    rows = []
    for method, name in cells:
        support, options = supports[name]
        splits = [make_split(space, support, world, **options) for world in range(chosen.seeds)]
        row: dict[str, Any] = {"method": method, "support": name, "trained": int(splits[0].trained.sum())}
        row["connected"] = all(diagnose(split).connected for split in splits)
        for which, values in scores[method, name].items():
            row[which] = statistics.estimate(values, np.random.default_rng(0)).as_dict()
        rows.append(row)
    matched = list(supports)[1]
    differences = {
        method: statistics.difference(
            scores[method, matched]["held_out"], scores[method, "disconnected"]["held_out"], np.random.default_rng(0)
        ).as_dict()
        for method in chosen.methods
    }
    steps = {config.method: config.outer.steps for config in configs}
    found_all = {
        "preset": preset,
        "family": chosen.family,
        "sizes": chosen.sizes,
        "seeds": chosen.seeds,
        "outer_steps": steps,
        "rows": rows,
        "differences": differences,
        "runs": [result["run_id"] for result in results],
        **provenance(),
    }
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "connectivity.json", found_all)
    write_text(out / "connectivity.md", markdown(found_all))
    return found_all


def _config(chosen: Experiment, method: str, seed: int, support: str, options: dict[str, Any]) -> RunConfig:
    return preset_of(chosen.preset).config(chosen.family, method, seed, support, support_options=options, sizes=chosen.sizes)


def markdown(found: dict[str, Any]) -> str:
    """The table as Markdown."""
    steps = ", ".join(f"{title_of(method)} {count:,}" for method, count in found["outer_steps"].items())
    lines = [
        "# Connected against disconnected support",
        "",
        f"{found['family']} with {found['sizes']}; {found['seeds']} seeds; outer steps: {steps}. Action accuracy, "
        "interquartile mean over seeds with 95 % intervals from a bootstrap over seeds and tasks; held-out combinations are "
        "the same in all rows.",
        "",
        "| method | support | combinations trained | connected (diagnosis) | fresh episodes | held out |",
        "|---|---|---|---|---|---|",
    ]
    for row in found["rows"]:
        values = " | ".join(_interval(row[which], ".3f") for which in ("fresh_episodes", "held_out"))
        connected = "yes" if row["connected"] else "no"
        lines.append(f"| {title_of(row['method'])} | {row['support']} | {row['trained']} | {connected} | {values} |")
    lines.append("")
    for method, difference in found["differences"].items():
        lines.append(f"- {title_of(method)}, matched connected minus disconnected, held out: {_interval(difference, '+.3f')}")
    return "\n".join(lines) + "\n"


def _interval(estimate: dict[str, float], form: str) -> str:
    return f"{estimate['value']:{form}} [{estimate['low']:{form}}, {estimate['high']:{form}}]"
