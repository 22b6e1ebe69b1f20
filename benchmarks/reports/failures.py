"""Where each method fails: scores by module, pair of modules and distance to the nearest trained combination, of all worlds.

Axes of array names: T tasks, M modules, C combinations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from compworld import diagnose, make_split
from compworld.benchmarks.recipes.config import RunConfig
from compworld.benchmarks.recipes.methods import title_of
from compworld.benchmarks.reports import style
from compworld.benchmarks.scores import statistics
from compworld.benchmarks.scores.names import COMBINATION, headline, title_of_score
from compworld.benchmarks.scores.statistics import Estimate
from compworld.families.family import Family
from compworld.modules.spaces import ModuleSpace


@dataclass(frozen=True)
class ScoredTasks:
    """Tasks that a method was scored on.

    Attributes:
        active_TM: whether a module is active, bool.
        distance_T: modules to exchange, add or remove to reach the nearest trained combination; 0 of those that were trained.
        world_T: which world each is from.
        score_T: of each.
    """

    active_TM: np.ndarray
    distance_T: np.ndarray
    world_T: np.ndarray
    score_T: np.ndarray

    @classmethod
    def of_run(cls, result: Mapping[str, Any], space: ModuleSpace, score: str) -> "ScoredTasks":
        """The tasks of a run, those of trained combinations (with fresh episodes) before those of held-out ones."""
        config = RunConfig.from_dict(result["config"])
        split = make_split(space, config.support, config.world, **config.support_options)
        distance_C = np.zeros(len(space), dtype=np.int64)
        distance_C[split.held_out] = diagnose(split).distances
        sets = [result["scores"][which] for which in ("fresh_episodes", "held_out")]
        index_T = np.concatenate([np.asarray(values[COMBINATION], dtype=np.int64) for values in sets])
        score_T = np.concatenate([np.asarray(values[score], dtype=np.float64) for values in sets])
        return cls(space.combinations[index_T], distance_C[index_T], np.full(len(index_T), config.world), score_T)

    @classmethod
    def joined(cls, parts: Sequence["ScoredTasks"]) -> "ScoredTasks":
        """All of them."""
        return cls(*(np.concatenate(columns) for columns in zip(*(vars(part).values() for part in parts), strict=True)))

    @property
    def worlds(self) -> int:
        """How many worlds they are from."""
        return len(np.unique(self.world_T))

    def by_modules(self) -> np.ndarray:
        """Mean score of the held-out tasks that have two modules, on the diagonal of those that have one, [M, M].

        Not a number where no task has them.
        """
        held_out_T = self.distance_T > 0
        active_TM = self.active_TM[held_out_T].astype(np.float64)
        number_MM = active_TM.T @ active_TM
        total_MM = active_TM.T @ (active_TM * self.score_T[held_out_T, None])
        return np.divide(total_MM, number_MM, out=np.full_like(total_MM, np.nan), where=number_MM > 0)

    def by_distance(self) -> dict[int, tuple[Estimate, int]]:
        """The mean over worlds, and the number of tasks, for each distance that there is; ascending."""
        found = {}
        for distance in np.unique(self.distance_T).tolist():
            at_T = self.distance_T == distance
            worlds = [self.score_T[at_T & (self.world_T == world)] for world in np.unique(self.world_T[at_T])]
            found[distance] = statistics.estimate(statistics.scored(worlds)), int(at_T.sum())
        return found


def hardest_first(space: ModuleSpace, methods: Sequence[ScoredTasks]) -> np.ndarray:
    """The modules in the order in which a picture has them, int [M]: as they are where they are values of named factors.

    The modules of a layer have only numbers, which mean something else in each world: they are sorted from hardest to easiest
    by the mean over methods, those without held-out tasks last. Part of such a slope is chance, for the same scores make it.
    Most values of factors mean the same in each world; mazes do not, of which a row is a mean over those of all worlds.

    Args:
        space: of the modules.
        methods: tasks of each method, in one world.
    """
    mean_M = np.mean([tasks.by_modules().diagonal() for tasks in methods], axis=0)
    order_M = np.arange(space.modules)
    for layer in map(np.asarray, space.layers):
        order_M[layer] = layer[np.argsort(mean_M[layer], kind="stable")]
    return order_M


def sorted_by_world(space: ModuleSpace, methods: Mapping[str, Sequence[ScoredTasks]]) -> dict[str, ScoredTasks]:
    """The tasks of each method in all its worlds, with modules in the order of :func:`hardest_first` in each world.

    Args:
        space: of the modules.
        methods: tasks of each method in each of its worlds.
    """
    worlds: dict[int, list[ScoredTasks]] = {}
    for tasks in (each for there in methods.values() for each in there):
        worlds.setdefault(int(tasks.world_T[0]), []).append(tasks)
    orders = {world: hardest_first(space, there) for world, there in worlds.items()}
    return {
        method: ScoredTasks.joined(
            [replace(tasks, active_TM=tasks.active_TM[:, orders[int(tasks.world_T[0])]]) for tasks in there]
        )
        for method, there in methods.items()
    }


def names_in_order(space: ModuleSpace) -> list[str]:
    """What modules are called in the order of :func:`hardest_first`: modules of layers by their ranks."""
    names = list(space.module_names)
    for layer in space.layers:
        for rank, module in enumerate(layer):
            names[module] = names[module].replace(f"module {rank}", f"rank {rank + 1}")
    return names


@style.drawn
def failures_picture(family: Family, support: str, results: Mapping[str, Sequence[Mapping[str, Any]]], path: Path) -> None:
    """For each method a map of its headline score by modules, on one scale, and a panel with all of them by distance.

    Args:
        family: of the first world; all have the same space.
        support: its name.
        results: of each method's runs.
        path: of the PNG.
    """
    score, space = headline(family), family.space
    runs = {method: [ScoredTasks.of_run(result, space, score) for result in found] for method, found in results.items()}
    methods = sorted_by_world(space, runs)
    figure, maps, beside = _panels(len(methods))
    _maps(figure, maps, methods, space, f"{title_of_score(score)}, held-out combinations")
    _distances(beside, methods, title_of_score(score))
    style.legend_below(figure, [beside])
    worlds = ScoredTasks.joined(list(methods.values())).worlds
    note = f"{family.label}, {style.support_title(support)} support, {_counted(worlds)}: {title_of_score(score)} on held-out"
    note += f" combinations with a module (diagonal) or with two modules; blank: no task has them; {statistics.INTERVALS}"
    style.note_above(figure, note)
    style.save(figure, path)


def _panels(maps: int) -> tuple[Any, Sequence[Any], Any]:
    """A figure, so many square panels, two in a row, and a panel beside them as high as all of them."""
    columns = min(maps, style.PANELS_IN_A_ROW - 1)
    rows = -(-maps // columns)
    figure, axes = style.subplots(rows, columns + 1, (style.PANEL * (columns + 1), style.PANEL * rows), squeeze=False)
    squares = axes[:, :columns].flat
    for axis in (*axes[:, columns], *squares[maps:]):
        axis.remove()
    return figure, squares[:maps], figure.add_subplot(axes[0, 0].get_gridspec()[:, columns])


def _maps(figure: Any, axes: Sequence[Any], methods: Mapping[str, ScoredTasks], space: ModuleSpace, label: str) -> None:
    tables = [tasks.by_modules() for tasks in methods.values()]
    lowest, highest = (float(limit(tables)) for limit in (np.nanmin, np.nanmax))
    names, between = names_in_order(space), np.arange(1, space.modules) - 0.5
    for axis, (method, tasks), table in zip(axes, methods.items(), tables, strict=True):
        image = axis.imshow(table, cmap="viridis", vmin=lowest, vmax=highest)
        axis.hlines(between, -0.5, space.modules - 0.5, color="white", linewidth=1)
        axis.vlines(between, -0.5, space.modules - 0.5, color="white", linewidth=1)
        axis.set_xticks(range(space.modules), names, rotation=90, fontsize=8)
        axis.set_yticks(range(space.modules), names, fontsize=8)
        axis.set_title(f"{title_of(method)}, {_counted(tasks.worlds)}")
        if space.layers:
            axis.set_xlabel("modules of each world, sorted by these scores")
    figure.colorbar(image, ax=list(axes), label=label)


def _distances(axis: Any, methods: Mapping[str, ScoredTasks], label: str) -> None:
    colours = style.colours_of(list(methods))
    for number, (method, tasks) in enumerate(methods.items()):
        found = tasks.by_distance()
        estimates = [estimate for estimate, _ in found.values()]
        counts = ", ".join(f"{there:,}" for _, there in found.values())
        axis.errorbar(
            np.asarray(list(found)) + style.APART * (number - (len(methods) - 1) / 2),
            [estimate.value for estimate in estimates],
            yerr=style.reach(estimates),
            marker=style.MARKERS.get(method, "o"),
            capsize=3,
            color=colours[method],
            label=f"{title_of(method)} ({counts} tasks)",
        )
    distances = sorted({int(distance) for tasks in methods.values() for distance in tasks.distance_T})
    axis.set_xticks(distances, ["trained", *map(str, distances[1:])])
    axis.set(xlabel="modules that differ from\nthe nearest trained combination", ylabel=label)
    axis.set(title="by distance (legend: tasks at each)", xlim=(-0.35, distances[-1] + 0.35))


def _counted(worlds: int) -> str:
    return "1 world" if worlds == 1 else f"{worlds} worlds"
