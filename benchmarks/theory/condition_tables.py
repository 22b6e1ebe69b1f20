"""The tables of an experiment on a condition."""

from typing import Any

import numpy as np

from compworld.benchmarks.recipes.methods import title_of
from compworld.benchmarks.reports.table import Table, spread_of, text_of
from compworld.benchmarks.scores.names import SET_TITLES, title_of_score
from compworld.benchmarks.scores.statistics import INTERVALS, Estimate, together
from compworld.benchmarks.theory.student import MODULES, TASKS_EACH


def markdown(found: dict[str, Any], met: str, missed: str) -> str:
    """The tables as Markdown.

    Args:
        found: the experiment's data.
        met: name of the condition.
        missed: the support that does not meet it.
    """
    machine = found["hardware"]
    lines = [
        f"# {found['title']}",
        "",
        f"Each seed plays in its own world; {machine['cores']} cores of {machine['processor']}. Mean over seeds with "
        f"{INTERVALS}; within a world the held-out combinations are the same in all rows. Decoding: R² of all modules' weights "
        "together, read off the adapted learner linearly on the support's own held-out combinations; mean over seeds (lowest "
        "and highest), and with features shuffled among tasks.",
    ]
    for family in found["families"]:
        lines += _family(family, met, missed)
    return "\n".join([*lines, "", *_students(found["theory_setting"], met)]) + "\n"


def _family(family: dict[str, Any], met: str, missed: str) -> list[str]:
    steps = ", ".join(f"{title_of(method)} {count:,}" for method, count in family["steps"].items())
    scores = [(name, which) for name in family["metrics"] for which in ("fresh_episodes", "held_out")]
    titles = [f"{title_of_score(name)}, {SET_TITLES[which]}" for name, which in scores]
    table = Table(["method", "support", "combinations trained", f"{met} (diagnosis)", *titles, "decoding", "shuffled"])
    for row in family["rows"]:
        values = [Estimate.from_dict(row["scores"][name][which]) for name, which in scores]
        table.rows.append(
            (title_of(row["method"]), row["support"], row["trained"], row["met"], *values, *_decoding(row["decoding"]))
        )
    lines = [
        "",
        f"## {family['family']}",
        "",
        f"{family['seeds']} seeds; sizes {family['sizes']}; outer steps: {steps}; {family['held_out_combinations']} held-out "
        "combinations.",
        "",
        table.markdown(),
        "",
        f"{family['seeds']} worlds; {together(sum(map(len, family['differences'].values())))}:",
        "",
    ]
    for method, differences in family["differences"].items():
        for name, difference in differences.items():
            lines.append(
                f"- {title_of(method)}, matched {met} minus {missed}, {title_of_score(name)}, held out: "
                f"{text_of(Estimate.from_dict(difference), '+.3f')}"
            )
    return lines


def _students(found: dict[str, Any], met: str) -> list[str]:
    columns = "support", "combinations trained", f"{met} (diagnosis)", "R² training (lowest to highest)", "R² held out"
    table = Table(columns)
    for row in found["rows"]:
        training = f"{min(row['training']):.5f} to {max(row['training']):.5f}"
        table.rows.append((row["support"], row["trained"], row["met"], training, Estimate.from_dict(row["held_out"])))
    return [
        "## In the theory's setting",
        "",
        f"Students of a teacher with {MODULES} modules (`compworld theory identification`); {found['seeds']} "
        f"seeds, each with a teacher of its own; {found['tasks']} training tasks and {found['steps']:,} steps for either "
        f"support. Held out: the same {TASKS_EACH} tasks of each of the {found['held_out_combinations']} "
        "combinations that neither trains; R² after fitting a code, aggregated as above.",
        "",
        table.markdown(),
        "",
        f"- The first minus the second, held out: {text_of(Estimate.from_dict(found['difference']), '+.3f')}",
    ]


def _decoding(records: list[dict[str, float]]) -> tuple[str, str]:
    if not records:
        return "", ""
    r2, shuffled = ([record[name] for record in records] for name in ("total_r2", "permuted_total_r2"))
    return spread_of(r2), f"{np.mean(shuffled):.2f}"
