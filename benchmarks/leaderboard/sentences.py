"""What stands below a section's table: who leads, how well modules are decoded, who adapts; and above all: what it cost."""

from collections.abc import Sequence

import numpy as np

from compworld.benchmarks.leaderboard.comparisons import comparisons_of
from compworld.benchmarks.leaderboard.sections import GENERALISATION, Section, TrialSection, heading
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.methods import title_of
from compworld.benchmarks.reports.table import text_of
from compworld.benchmarks.runs.executors import Outcome
from compworld.benchmarks.runs.provenance import provenance
from compworld.benchmarks.scores.names import SET_TITLES
from compworld.benchmarks.scores.statistics import INTERVALS, together, within_worlds


def leads(section: Section) -> list[str]:
    """What the intervals carry about one method against another, and how they were made."""
    found = comparisons_of(section)
    if not found:
        return []
    lines = [f"- {together(len(found))}; ahead or behind: the interval does not touch 0"]
    for one in found:
        names = f"{title_of(one.method)} minus {title_of(one.other)}, {heading(one.which, one.score)}"
        worlds = "1 world" if len(one.worlds) == 1 else f"{len(one.worlds)} worlds"
        lines.append(f"- {names} ({worlds}): {text_of(one.estimate, '+.3f')}, {one.verdict}")
    return lines


def decoded(section: Section) -> list[str]:
    """How well modules can be read off each method after adaptation, altogether and from each layer alone."""
    lines = []
    for row in section.rows.values():
        found = [result["decoding"] for result in row.results.values() if result.get("decoding")]
        if not found:
            continue
        r2, shuffled = (np.asarray([record[name] for record in found]) for name in ("total_r2", "permuted_total_r2"))
        # A seed that diverged may have no finite reading of some layer.
        common = [name for name in found[0]["layers"] if all(name in record["layers"] for record in found)]
        layers = {name: np.mean([record["layers"][name]["total_r2"] for record in found]) for name in common}
        each = ", ".join(f"{name} {value:.2f}" for name, value in layers.items())
        alone = f"; alone: {each}" if len(layers) > 1 else ""
        lines.append(
            f"- modules decoded linearly from {title_of(row.method)}, held out: R² {r2.mean():.2f} "
            f"({r2.min():.2f} to {r2.max():.2f} over seeds); shuffled {shuffled.mean():.2f}{alone}"
        )
    return lines


def adapted(section: Section) -> list[str]:
    """The last episode of trials against the first in the same worlds, with intervals for what changes within worlds."""
    if not isinstance(section, TrialSection):
        return []
    lines = []
    for row in section.rows.values():
        if len(row.results) > 1:
            sets = [f"{SET_TITLES[which]} {changed(*section.first_and_last(row, which))}" for which in GENERALISATION]
            lines.append(f"- {title_of(row.method)} ({len(row.results)} worlds): {'; '.join(sets)}")
    if not lines:
        return []
    return [
        "",
        f"Episode 1 and episode {section.episodes} with 95 % intervals for what changes within worlds (Morey 2008); apart: "
        "they do not touch.",
        "",
        *lines,
    ]


def changed(first: Sequence[float], last: Sequence[float]) -> str:
    """What the means of the same worlds were in one episode and in another."""
    before, after = within_worlds([first, last])
    return f"{text_of(before)} to {text_of(after)}{', apart' if before.high < after.low or after.high < before.low else ''}"


def played(section: Section) -> list[str]:
    """How many steps methods that act learned from."""
    steps = {
        title_of(row.method): [result["environment_steps"] / 1e6 for result in row.results.values()]
        for row in section.rows.values()
        if any("environment_steps" in result for result in row.results.values())
    }
    if not steps:
        return []
    each = "; ".join(f"{name} {np.mean(million):.2f}" for name, million in steps.items())
    return [f"- million environment steps in training, mean over seeds (episodes end sooner for who does well): {each}"]


def missing(section: Section) -> list[str]:
    """Which runs have no scores, or diverged, and why."""
    lines = []
    for row in section.rows.values():
        for seed, problem in row.problems.items():
            state = "scored as it was at its best validation" if seed in row.results else "missing from the table"
            lines.append(f"- {title_of(row.method)}, seed {seed}: {problem} ({state})")
    return lines


def budget(title: str, outcomes: Sequence[Outcome], seconds: float) -> list[str]:
    """What the numbers cost and what the intervals are; goes with every table."""
    configs = [outcome.config for outcome in outcomes]
    scored = [outcome.result for outcome in outcomes if outcome.result is not None]
    machine = provenance()["hardware"]
    trained = sum(result.get("training_seconds", 0.0) for result in scored)
    count = f"{len(configs)} runs" if len(scored) == len(configs) else f"{len(scored)} of {len(configs)} runs"
    return [
        f"Budget: {title}; {count} of one thread each, {trained / 60:.1f} minutes of training in total; "
        f"this call took {seconds / 60:.1f} minutes on {machine['processor']} ({machine['cores']} cores).",
        f"Tasks (of trials: those played) seen in meta-training: {_tasks_seen(configs)}.",
        "Each seed plays in its own world (mazes, preferences and split). Values: mean over "
        f"{_seeds(configs)} of the mean over {configs[0].evaluation.tasks} tasks per set, with {INTERVALS}.",
        "Fresh: trained combinations with new episodes; held out: combinations never trained; gap: fresh minus held out.",
    ]


def _seeds(configs: Sequence[RunConfig]) -> str:
    """The number of seeds; where families and tracks differ, of each."""
    seeds: dict[str, set[int]] = {}
    for config in configs:
        seeds.setdefault(f"{config.family} {config.track}", set()).add(config.seed)
    numbers = {len(found) for found in seeds.values()}
    if len(numbers) == 1:
        return f"{numbers.pop()} seeds"
    return f"seeds ({', '.join(f'{place} {len(found)}' for place, found in seeds.items())})"


def _tasks_seen(configs: Sequence[RunConfig]) -> str:
    """The number of tasks for each family and kind of tracks; where methods differ, of each."""
    seen: dict[str, dict[str, int]] = {}
    for config in configs:
        if config.outer is not None:
            place = f"{config.family}{'' if config.trials is None else ' (trials)'}"
            seen.setdefault(place, {})[title_of(config.method)] = config.steps * config.meta_batch
    found: list[str] = []
    for place, tasks in seen.items():
        alike = {f"{place} {number:,}" for number in tasks.values()}
        found += alike if len(alike) == 1 else [f"{place} {method} {number:,}" for method, number in tasks.items()]
    return "; ".join(found) or "none"
