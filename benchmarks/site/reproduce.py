"""The one command that makes the runs of a row again; it is shown only if it would make these very runs."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from compworld.agents import METHODS
from compworld.benchmarks.leaderboard.published import Board, PublishedSection
from compworld.benchmarks.recipes.changes import PLAIN, changed
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.presets import PRESETS, preset
from compworld.benchmarks.site.entries import Entry


def command_of(board: Board, section: PublishedSection, entry: Entry) -> str | None:
    """A command whose runs have the ids of the row's runs; None where today's recipes have none.

    Of a row that no preset makes it is the command of its first seed.
    """
    if entry.row.recomputed_by:
        return entry.row.recomputed_by
    if entry.row.method not in METHODS or not entry.runs:
        return None
    names = [board.name] if board.name in PRESETS else list(PRESETS)
    return next((found for name in names if (found := _of_preset(name, section, entry))), None) or _of_run(entry)


def why_no_command(entry: Entry) -> str:
    """Why there is none, in words."""
    if not entry.runs:
        return "Its runs were not published here."
    if "method" not in entry.runs[0].config:
        return "Its scores are from records, which do not say how it was made."
    return "No recipe of this version makes these very runs; their configuration is below."


def _of_preset(name: str, section: PublishedSection, entry: Entry) -> str | None:
    for seeds in (None, len(entry.row.runs)):
        try:
            chosen = preset(name)
            configs = chosen.configs([entry.row.method], [section.family], seeds, [section.support])
        except ValueError:  # not in this preset
            return None
        if {config.run_id for config in configs} == set(entry.row.runs):
            support = [] if len(chosen.supports) == 1 else ["--support", section.support]
            number = [] if seeds is None else ["--seeds", str(seeds)]
            asked = ["--preset", name, "--family", section.family, *support, "--method", entry.row.method, *number]
            return _text("leaderboard", *asked)
    return None


def _of_run(entry: Entry) -> str | None:
    """The shortest call of ``compworld train`` that makes the first run."""
    found = []
    for name in PRESETS:
        try:
            config = RunConfig.from_dict(entry.runs[0].config)
            base = preset(name).config(config.family, config.method, config.seed, config.support)
            fields = _differences(_flat(config), _flat(base))
            asked = ["--world", str(config.world)] if config.world != config.seed else []
            made = changed(base, fields)
        except (ValueError, TypeError):  # not in this preset, or of another version
            continue
        if replace(made, world=config.world, device=config.device).run_id == entry.runs[0].run_id:
            asked += ["--support", config.support] if config.support != "random" else []
            asked += ["--device", config.device] if config.device != "cpu" else []
            place = ["--preset", name, "--family", config.family, "--method", config.method, "--seed", str(config.seed)]
            found.append(_text("train", *place, *asked, *fields))
    return min(found, key=len, default=None)


def _flat(config: RunConfig) -> dict[str, Any]:
    """The fields that the command line can set, by its names for them."""
    data = config.as_dict()
    groups = {name: data.get(name) for name in ("evaluation", "outer", "trials", "sizes", "support_options")}
    return _leaves({**{name: data[name] for name in PLAIN}, **groups, **data["options"]}, "--")


def _leaves(data: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in data.items():
        spelled = prefix + name.replace("_", "-")
        found |= _leaves(value, f"{spelled}.") if isinstance(value, Mapping) else {spelled: value}
    return found


def _differences(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    return [word for name, value in wanted.items() if value != given.get(name) for word in (name, str(value))]


def _text(*words: str) -> str:
    return shlex.join(["compworld", *words])
