"""A page for each method: its definition, what it is shown, its settings in every preset, and committed curves and scores."""

import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from compworld.agents import METHODS, Method
from compworld.benchmarks.leaderboard.published import Board, PublishedSection, read_boards
from compworld.benchmarks.published.index import FOLDER, published
from compworld.benchmarks.published.publish import score_of
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.methods import FLOORS, title_of, track_of
from compworld.benchmarks.recipes.presets import PRESETS
from compworld.benchmarks.reports.result_plots import OF_TRIALS, Panel, learning_curves
from compworld.benchmarks.reports.table import Table
from compworld.benchmarks.runs.folder import RunFolder
from compworld.benchmarks.scores.names import SET_TITLES, title_of_score
from compworld.benchmarks.scores.statistics import Estimate, counted
from generate.pages import contents, markdown, overview, write_page

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
ARXIV = re.compile(r"arXiv (\d{4}\.\d{5})")


def write_pages(folder: Path) -> None:
    """Write an index and the page of every method.

    Args:
        folder: of the pages, below Sphinx's source.
    """
    rows = {}
    for name, method in METHODS.items():
        rows[name] = title_of(name), f"`{name}`", track_of(name), method.evidence.__name__
        write_page(folder / f"{name}.md", _page(name, method, folder))
    text = f"""# Methods

Each method declares what it is shown of a task, and is handed nothing else. A method of your own stands beside them as
`module:Class`, see {{doc}}`/generated/examples/my_method`.

{overview(("method", "name", "track", "is shown"), rows)}

![Validation of methods while they train, quick preset](../../../benchmarks/results/quick/learning_curves.png)

Validation while training, preset `quick`: trained combinations with fresh episodes; mean and range over seeds.

{contents(METHODS)}"""
    write_page(folder / "index.md", text)


def _page(name: str, method: type[Method], folder: Path) -> str:
    return f"""# {title_of(name)}

`{name}` is on the track **{track_of(name)}** and is shown `{method.evidence.__name__}`: {_shown(method)}

{_source(method)}

```bash
compworld train --method {name} --preset {_presets_of(name)[0]}
```

## Definition

```{{eval-rst}}
.. autoclass:: {method.__module__}.{method.__qualname__}
   :no-index:
```

## Settings

{_settings(name)}

## Learning curves

{_curves(name, folder)}

## Scores

{_scores(name)}

## Checkpoints

{_checkpoints(name)}
"""


def _checkpoints(name: str) -> str:
    """The published agents of a method, with what their runs' records say."""
    table = Table(["agent", "world", "score", "trained, fresh episodes", "held out", "tasks seen", "bytes"])
    for agent, entry in published().items():
        folder, result = RunFolder.open_finished(FOLDER, str(FOLDER / entry.run))
        if folder.config.method != name:
            continue
        score = score_of(folder.config)
        means = [float(np.mean(result["scores"][which][score])) for which in ("fresh_episodes", "held_out")]
        line = agent, folder.config.world, title_of_score(score), *means
        table.rows.append((*line, result["tasks_seen"], folder.learner.stat().st_size))
    if not table.rows:
        return "None is shipped; `compworld publish` makes one of a run."
    return f"For `compworld.load_agent`, see {{doc}}`/trained`.\n\n{table.markdown()}"


def _shown(method: type[Method]) -> str:
    """The first sentence about the evidence, within a sentence."""
    text = (inspect.getdoc(method.evidence) or "").splitlines()[0]
    return markdown(text[0].lower() + text[1:])


def _source(method: type[Method]) -> str:
    """The first line of the method's module where it has no other method: what it is, and from which paper."""
    alone = [other for other in METHODS.values() if other.__module__ == method.__module__] == [method]
    line = (inspect.getdoc(sys.modules[method.__module__]) or "").splitlines()[0] if alone else ""
    return ARXIV.sub(r"[arXiv \1](https://arxiv.org/abs/\1)", markdown(line))


def _presets_of(name: str) -> list[str]:
    return [preset for preset, make in PRESETS.items() if name in make().recipes]


def _settings(name: str) -> str:
    """For each preset a table with a column for each family."""
    parts = []
    for label in _presets_of(name):
        preset = PRESETS[label]()
        track = track_of(name)
        families = [protocol.family for protocol in preset.protocols if protocol.takes(track)]
        columns = {family: _flat(preset.config(family, name, 0)) for family in dict.fromkeys(families)}
        rows = [name for name in next(iter(columns.values())) if any(name in column for column in columns.values())]
        table = Table(["setting", *columns])
        table.rows += [(row, *(_text(column.get(row)) for column in columns.values())) for row in rows]
        parts.append(f"### {label}\n\n{preset.title[0].upper()}{preset.title[1:]}.\n\n{table.markdown()}\n")
    return "\n".join(parts)


def _flat(config: RunConfig) -> dict[str, Any]:
    """What of a config is the method's, by the names that ``compworld train`` has for it."""
    data = config.as_dict()
    chosen = {**data["options"], "outer": data["outer"]}
    of_track = ("support_episodes", "query_episodes") if config.trials is None else ("trials",)
    for shared in ("imitation", "meta_batch", *of_track):
        chosen[shared] = data.get(shared)
    flat: dict[str, Any] = {}
    for name, value in chosen.items():
        parts = {f"{name}.{part}": of for part, of in value.items()} if isinstance(value, dict) else {name: value}
        flat.update({part: of for part, of in parts.items() if of is not None})
    return flat


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value)


def _curves(name: str, folder: Path) -> str:
    """A picture for each committed leaderboard, with a panel for each table that has the method's runs, and its floors."""
    parts = []
    for board in read_boards(RESULTS):
        found = [panel for section in board.table.sections if name in (panel := _panel(board, section, name)).curves]
        if not found:
            continue
        picture = f"{name}_{board.name}_curves.png"
        validated = next(iter(found[0].curves[name][0][0]))
        learning_curves(found, folder / picture, *(OF_TRIALS if validated == OF_TRIALS[0] else ()))
        parts.append(f"### {board.name}\n\n![{title_of(name)} while it is trained, {board.name}]({picture})\n")
    return "\n".join(parts) or "No committed table has trained runs of this method."


def _panel(board: Board, section: PublishedSection, name: str) -> Panel:
    """The curves of a method and of floors in a table, a list of validation records for each run."""
    panel = Panel(section.title, "")
    for row in board.table.rows:
        curves = [run.curve for run_id in row.runs if (run := board.runs.get(run_id)) is not None and run.curve is not None]
        if row.section == section.title and row.method in (name, *FLOORS) and curves:
            panel.curves[row.method] = [
                [{curve.score: value, "tasks": seen} for seen, value in zip(curve.tasks, curve.values, strict=True)]
                for curve in curves
            ]
    return panel


def _scores(name: str) -> str:
    """What committed leaderboards say."""
    parts = []
    for path in sorted(RESULTS.glob("*/leaderboard.json")):
        found = [row for row in json.loads(path.read_text(encoding="utf-8"))["rows"] if row["method"] == name]
        if not found:
            continue
        table = Table(["family", "support", "worlds", "tasks", "score", "estimate"])
        for row in found:
            for key, estimate in row["estimates"].items():
                which, _, score = key.partition("/")
                titles = SET_TITLES.get(which, which), title_of_score(score)
                worlds = counted(len(row["seeds"]))
                table.rows.append((row["family"], row["support"], worlds, *titles, Estimate.from_dict(estimate)))
        parts.append(f"### {path.parent.name}\n\n{table.markdown()}\n")
    return "\n".join(parts) or "No committed table has this method yet; the command above makes a run of it."
