"""A page for each id of the registry: spaces, rewards, exact optimum and random floor, splits and their pictures, a film."""

import inspect
from pathlib import Path

import gymnasium as gym
import numpy as np
from imageio import v2 as imageio

from compworld import ENV_IDS, SUPPORTS, VERSION, diagnose, make_family, make_split
from compworld.benchmarks.reports.gallery import FILMS
from compworld.benchmarks.reports.split_plots import split_picture
from compworld.benchmarks.reports.table import Column, Table
from compworld.envs.observations import OBSERVATIONS
from compworld.families import family_names, grid_family, trial_sizes
from compworld.families.grid import GridFamily
from generate.pages import contents, markdown, overview, write_page

WORLDS = (0, 1, 2)
STARTS = 256


def write_pages(folder: Path) -> None:
    """Write an index and the page of every id.

    Args:
        folder: of the pages, below Sphinx's source.
    """
    rows = {}
    for env_id, name in ENV_IDS.items():
        family = grid_family(make_family(name))
        trials = trial_sizes(name)
        of_trials = f"{trials['episodes']} episodes of {trials['horizon']} steps" if trials else ""
        rows[env_id] = env_id, len(family.space), family.actions, family.horizon, of_trials
        write_page(folder / f"{env_id}.md", _page(env_id, family, folder))
    without = [name for name in family_names() if name not in ENV_IDS.values()]
    text = f"""# Environments

Every id can be made with `gym.make`, and with `gym.make_vec` as one batched environment. Keyword arguments are those of
{{py:class}}`compworld.envs.single.CompWorldEnv`, and the sizes of its family.

{overview(("id", "combinations", "actions", "steps", "trials"), rows)}

The families {", ".join(f"`{name}`" for name in without)} have nothing to act in: their tasks are labelled inputs, for
{{py:func}}`compworld.few_shot_tasks` and for runs.

{contents(ENV_IDS)}"""
    write_page(folder / "index.md", text)


def _page(env_id: str, family: GridFamily, folder: Path) -> str:
    _picture(env_id, folder / f"{env_id}.png")
    return f"""# {env_id}

{_description(family)}

{_films(env_id)}

The three tracks at their best, see [the gallery](../../gallery.md). `compworld play --env-id {env_id}` lets you play;
the key h asks what the expert would do.

```python
import gymnasium as gym
import compworld

env = gym.make("{env_id}", world=0, split="train")
envs = gym.make_vec("{env_id}", num_envs=64)
```

## Actions

{_actions(family)}

## Observations

{_observations(env_id)}

A trial (`episodes_per_trial=K`) and a told task (`told=True`) add further parts, see {{py:mod}}`compworld.envs.observing`.

## Rewards and horizon

An episode is cut off after {family.horizon} steps. What is best, and what random actions are worth, is
computed exactly. Means over {STARTS} starts, with the lowest and highest return:

{_returns(env_id)}

## Splits

World 0, all supports that this family has. The distance of a held-out combination is the number of modules in which it differs
from the nearest trained one.

{_splits(family, folder)}

## Sizes

Keyword arguments of `gym.make`, with their defaults here:

{_sizes(family)}

## Versions

`{env_id}` as of CompWorld {VERSION}. A changed task is a new `-vN`, never a changed old one; the splits of worlds 0 to 9 are
frozen with their SHA-256.
"""


def _description(family: GridFamily) -> str:
    """The docstring of the family up to its arguments."""
    text = inspect.getdoc(type(family)) or ""
    return markdown(text.partition("\nArgs:")[0].strip())


def _picture(env_id: str, path: Path) -> None:
    """The first scene, for the overview of tutorials."""
    path.parent.mkdir(parents=True, exist_ok=True)
    env = gym.make(env_id, split="held_out", render_mode="rgb_array")
    env.reset(seed=0)
    imageio.imwrite(path, env.render())


def _films(env_id: str) -> str:
    """The gallery's films, with their tracks."""
    return "\n\n".join(f"![{env_id}, track {track}](../../pictures/gallery/{env_id}_{track}.gif)" for track in FILMS)


def _actions(family: GridFamily) -> str:
    table = Table(["action", "name"], list(enumerate(family.action_names)))
    return table.markdown()


def _observations(env_id: str) -> str:
    table = Table(["observation", "space"])
    for name in OBSERVATIONS:
        table.rows.append((name, _space(gym.make(env_id, observation=name).observation_space)))
    return table.markdown()


def _space(space: gym.Space) -> str:
    """A space in words, without the letters that a text may have."""
    if isinstance(space, gym.spaces.Dict):
        return ", ".join(f"{name}: {_space(part)}" for name, part in space.items())
    return f"text of up to {space.max_length:,} characters" if isinstance(space, gym.spaces.Text) else str(space)


def _returns(env_id: str) -> str:
    table = Table(["world", "split", Column("optimum", ".3f"), Column("random actions", ".3f")])
    for world in WORLDS:
        for split in ("train", "held_out"):
            envs = gym.make_vec(env_id, num_envs=STARTS, world=world, split=split)
            envs.reset(seed=0)
            table.rows.append((world, split, *map(_with_range, (envs.optimal_return(), envs.random_return()))))
    return table.markdown()


def _with_range(values: np.ndarray) -> str:
    return f"{values.mean():.3f} ({values.min():.2f} to {values.max():.2f})"


def _splits(family: GridFamily, folder: Path) -> str:
    table = Table(["support", "trained", "held out", "every module trained", "connected", "distances", "SHA-256 begins"])
    pictures = []
    for support in SUPPORTS:
        try:
            split = make_split(family.space, support)
        except ValueError:
            continue  # a support that needs combinations of other sizes
        found = diagnose(split)
        distances = ", ".join(map(str, np.unique(found.distances)))
        counts = int(split.trained.sum()), int(split.held_out.sum())
        table.rows.append((support, *counts, found.compositional, found.connected, distances, split.sha256[:12]))
        path = split_picture(found, folder / f"{family.label}_{support}.png")
        pictures.append(f"### {support}\n\n![Modules that the support {support} trains together]({path.name})\n")
    return "\n".join([table.markdown(), "", *pictures])


def _sizes(family: GridFamily) -> str:
    return Table(["size", "default"], list(family.sizes.items())).markdown()
