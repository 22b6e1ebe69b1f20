"""The search for gradient steps that adapt to own experience: ``python -m compworld.benchmarks.runs.adaptation_search``.

Every configuration is trained in a world that no table plays and asked one thing, on trained combinations: is a task's score
after the last adaptation above that before the first. What was found: docs/decisions/0022-gradient-adaptation-from-rewards.md.
"""

import dataclasses
import itertools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compworld.agents.reward.adapting import AdaptingLearner
from compworld.benchmarks.recipes.changes import changed
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.ending import in_one_line
from compworld.benchmarks.recipes.numbers import Count
from compworld.benchmarks.recipes.parsing import parsed_one
from compworld.benchmarks.recipes.presets import preset
from compworld.benchmarks.reports.table import Table
from compworld.benchmarks.runs.courses import course_of
from compworld.benchmarks.runs.provenance import provenance
from compworld.benchmarks.runs.run import new_method
from compworld.benchmarks.runs.surroundings import of_a_run
from compworld.benchmarks.runs.threads import limit_threads
from compworld.benchmarks.scores.trials import VALIDATION_SEED, evaluation_of
from compworld.benchmarks.worlds.world import World
from compworld.evaluation.interval import DIFFERENCE, Tasks
from compworld.evaluation.result import linearised
from compworld.files import json_of, read_bytes, write_json, write_text

PREFERENCES, GOALS = "preferences-small", "goals-small"
WORLDS = {PREFERENCES: 101, GOALS: 100}
BATCHES = {PREFERENCES: 200, GOALS: 150}
ALWAYS = {
    PREFERENCES: "--temperature 0.3 --sampled False",
    GOALS: "--temperature 1.0 --sampled True --sizes.horizon 12",
}
"""Arguments of every configuration: how actions are chosen, as of other methods, and in Goals a horizon with room to adapt."""

OWN = "compworld.agents.reward.adapting_methods:"
MIXING, VALUES, DEFINITION = "adapting_hypernetwork", f"{OWN}AdaptingValues", f"{OWN}AdaptingDefinition"
LONG = "--trials.episodes 16 --round-episodes 8 --meta-batch 32 --trials.updates.trials 16 --trials.replay 1024"
"""As many steps of the environment in a batch, in trials with one adaptation, to eight episodes."""

SETTINGS = (
    (MIXING, ""),
    (MIXING, "--reading 1"),
    (MIXING, "--reading 0.3"),
    (MIXING, "--reading 0.3 --inner.steps 1"),
    (MIXING, "--reading 0.3 --inner.optimizer adamw"),
    (MIXING, "--inner-loss returns"),
    (MIXING, "--inner-loss policy_gradient"),
    (MIXING, "--inner-loss learned"),
    (MIXING, f"--reading 0.3 {LONG}"),
    (MIXING, f"--inner-loss policy_gradient {LONG}"),
    (MIXING, "--imitation action_values --temperature 0.1 --sampled False"),
    (VALUES, "--inner-loss returns"),
    (DEFINITION, "--definition linear_hypernetwork --reading 0.3"),
    (DEFINITION, "--definition deep_hypernetwork --reading 0.3"),
    (DEFINITION, "--definition anil --width 64 --inner-loss policy_gradient"),
    (DEFINITION, "--definition maml --reading 0.3"),
    (DEFINITION, f"--definition maml --inner-loss policy_gradient {LONG}"),
)
"""Methods with arguments of ``compworld train``; tried on both families."""


@dataclass(frozen=True)
class Setting:
    """A configuration to try."""

    family: str
    method: str
    arguments: str

    def config(self, batches: int) -> RunConfig:
        """What is trained, in so many batches of trials."""
        base = preset("rewarded-quick").config(self.family, self.method, seed=0)
        # Options are the method's defaults, not what the search led to.
        base = dataclasses.replace(base.with_steps(batches, batches // 20), options={}, world=WORLDS[self.family])
        return changed(changed(base, ALWAYS[self.family].split()), self.arguments.split())


@of_a_run()
def tried(config: RunConfig, tasks: int) -> dict[str, Any]:
    """Train a configuration; normalised returns of the rounds before the first and after the last adaptation.

    Args:
        config: of a method that adapts every ``round_episodes`` episodes.
        tasks: of trained combinations, on which it is asked.
    """
    limit_threads()
    started = time.process_time()
    world = World(config)
    method = new_method(config, world)
    assert isinstance(method, AdaptingLearner)
    course = course_of(method, config, world)
    losses = [course.step() for _ in range(config.steps)]
    played = evaluation_of(method, config, world, "fresh_episodes", tasks, VALIDATION_SEED).played
    gained, possible = played.returns - played.random, played.optimal - played.random
    episodes = method.round_episodes
    before, after = (
        linearised(gained[:, part].sum(axis=1), possible[:, part].sum(axis=1))
        for part in (slice(None, episodes), slice(-episodes, None))
    )
    gain = Tasks.of(after - before, DIFFERENCE)
    low, high = gain.interval()
    return {
        "before": round(float(before.mean()), 3),
        "after": round(float(after.mean()), 3),
        "gain": round(gain.mean, 3),
        "gain_low": round(float(low), 3),
        "gain_high": round(float(high), 3),
        "last_loss": round(sum(losses[-10:]) / len(losses[-10:]), 3),
        **course.spent(),
        "processor_minutes": round((time.process_time() - started) / 60, 2),
    }


def table_of(rows: list[dict[str, Any]]) -> str:
    """What was tried, best gain first on each family, as a page of Markdown."""
    table = Table(["family", "method", "settings", "before", "after", "gain", "processor minutes"])
    for row in sorted(rows, key=lambda row: (row["family"], -row["gain"])):
        interval = f"{row['gain']:+.2f} [{row['gain_low']:+.2f}, {row['gain_high']:+.2f}]"
        scores = f"{row['before']:.2f}", f"{row['after']:.2f}", interval, f"{row['processor_minutes']:.1f}"
        table.rows.append((row["family"], row["method"].removeprefix(OWN), row["arguments"], *scores))
    about = "Normalised return before the first and after the last adaptation, on trained combinations of one world."
    return f"# Search for gradient steps that adapt to own experience\n\n{about}\n\n{table.markdown()}\n"


def main(out: Path = Path("benchmarks/results/adaptation-search"), batches: Count | None = None, tasks: Count = 256) -> None:
    """Try every configuration; what came of each is written at once, and not tried again.

    Args:
        out: Folder of ``search.json`` and ``search.md``.
        batches: Of trials; by default 200 on Preferences-Small and 150 on Goals-Small.
        tasks: To ask on.
    """
    path = out / "search.json"
    rows: list[dict[str, Any]] = json_of(read_bytes(path), path)["rows"] if path.exists() else []
    for (method, arguments), family in itertools.product(SETTINGS, WORLDS):
        setting = Setting(family, method, arguments)
        config = setting.config(batches or BATCHES[family])
        if any(row["run_id"] == config.run_id and row["tasks"] == tasks for row in rows):
            continue
        about = {"run_id": config.run_id, "world": config.world, "batches": config.steps, "tasks": tasks}
        rows.append({**dataclasses.asdict(setting), **about, **tried(config, tasks)})
        print(rows[-1], flush=True)
        out.mkdir(parents=True, exist_ok=True)
        write_json(path, {**provenance(), "rows": rows})
        write_text(out / "search.md", table_of(rows))


if __name__ == "__main__":
    with in_one_line():
        parsed_one(main, "python -m compworld.benchmarks.runs.adaptation_search")()
