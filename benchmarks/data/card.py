"""The data card of a folder of few-shot tasks: Markdown with a YAML header, as the hub of Hugging Face reads it."""

import json
from collections.abc import Mapping

from compworld.benchmarks.data.request import Request

SPARSE = """\
`observation` has the indices of the active entries of an array [rows, columns, channels] of zeros and ones, flattened to D
entries: first the objects, in ascending order, then the agent. An index of D + m stands for all walls of maze m together,
D + mazes for nothing (an object that was collected). `compworld.json` names the channels and draws the mazes;
`compworld.fewshot.dense(family, rows)` makes the array."""

DENSE = "`observation` is the network's input."

CARD = """\
---
{header}
---

# {name}

Few-shot imitation tasks of the family {title} of CompWorld: can a learner that trained on *some* combinations of modules act
on combinations that it has *never* seen? After Schug et al., "Discovering modular solutions that generalize
compositionally" (ICLR 2024, [arXiv 2312.15001](https://arxiv.org/abs/2312.15001)).

A row is a task: what there is to adapt to (`support`), and what adapted predictions are compared with (`query`). The splits
are those of combinations: `train` are trained, `held_out` are never, `all` are both. Weights and missions are what a learner
is *not* shown.

| column | |
|---|---|
| `task` | number of the task in its stream |
| `combination` | index of its combination of modules |
| `mission` | the task in words |
| `weights` | weight of each module, in the order of `modules` in `compworld.json`; 0 where it is not active |
| `support`, `query` | steps of {shots} each, one episode after the other |

A step has its `episode` (from 0), the `observation` before it, the demonstrated `action`, the `action_values` of which it is
the largest, and the `reward` that it gave.

{observation}

## Where it is from

The same settings give the same tasks: `compworld export --format parquet`, or `compworld.few_shot_tasks`.

| setting | |
|---|---|
{settings}
"""


def card(name: str, request: Request, files: Mapping[str, str]) -> str:
    """The card.

    Args:
        name: of the data set.
        request: that it was made for.
        files: path of each split's file within the folder.
    """
    family = request.family
    header = {
        "pretty_name": f"CompWorld {request.family_name}, few-shot tasks",
        "license": "mit",
        "tags": ["compositional-generalization", "meta-learning", "imitation-learning"],
        "configs": [
            {"config_name": "default", "data_files": [{"split": which, "path": path} for which, path in files.items()]}
        ],
    }
    return CARD.format(
        header="\n".join(f"{key}: {json.dumps(value)}" for key, value in header.items()),  # JSON is YAML
        name=name,
        title=family.title,
        shots="1 demonstration" if family.shots == 1 else f"{family.shots} demonstrations",
        observation=DENSE if family.wall_rows is None else SPARSE,
        settings="\n".join(f"| `{key}` | `{json.dumps(value)}` |" for key, value in request.settings().items()),
    )
