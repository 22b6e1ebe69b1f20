"""Few-shot tasks as Parquet: a folder with a file for each split and a data card, as the hub of Hugging Face has them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from compworld.benchmarks.data.card import card
from compworld.benchmarks.data.request import Request
from compworld.families.samples import Samples
from compworld.fewshot import FewShotBatch, few_shot_tasks
from compworld.files import new_folder, write_json, write_text

AT_ONCE = 64
"""Tasks that are made together."""


def write_few_shot(request: Request, out: Path) -> list[Path]:
    """Write the few-shot tasks of a request: those of :func:`compworld.few_shot_tasks` with the same seed, one a row.

    Args:
        request: what is asked for.
        out: folder of all data sets.

    Returns:
        The folder of the data set.

    Raises:
        ValueError: another behaviour than the expert's, or the data set is there already.
    """
    if request.behaviour != "expert":
        raise ValueError(f"behaviour is {request.behaviour!r}; allowed: 'expert', whose demonstrations few-shot tasks are")
    import pyarrow as pa
    from pyarrow import parquet

    name = f"compworld-{request.family_name}-{request.title}"
    settings = request.settings()
    schema = _schema(pa, request).with_metadata({"compworld": json.dumps(settings)})
    files = {which: f"data/{which}-00000-of-00001.parquet" for which in request.splits}
    with new_folder(out / name) as folder:
        (folder / "data").mkdir()
        for which, file in files.items():
            with parquet.ParquetWriter(folder / file, schema) as writer:
                for rows in _rows(request, which):
                    writer.write_table(pa.Table.from_pylist(rows, schema))
        write_json(folder / "compworld.json", {**settings, **request.family.legend()})
        write_text(folder / "README.md", card(name, request, files))
    return [out / name]


def _schema(pa: Any, request: Request) -> Any:
    """The columns of a row; :mod:`compworld.benchmarks.data.card` says what they mean."""
    entry = pa.float32() if request.family.wall_rows is None else pa.int32()
    step = pa.struct(
        [
            ("episode", pa.int32()),
            ("observation", pa.list_(entry)),
            ("action", pa.int32()),
            ("action_values", pa.list_(pa.float32())),
            ("reward", pa.float32()),
        ]
    )
    return pa.schema(
        [
            ("task", pa.int64()),
            ("combination", pa.int32()),
            ("mission", pa.string()),
            ("weights", pa.list_(pa.float64())),
            ("support", pa.list_(step)),
            ("query", pa.list_(step)),
        ]
    )


def _rows(request: Request, which: str) -> Iterator[list[dict[str, Any]]]:
    """The tasks of a split, some at once; the last batch has as many as are left."""
    batches = few_shot_tasks(request.family, request.split, which, tasks=AT_ONCE, seed=request.seed)
    for first, batch in zip(range(0, request.number, AT_ONCE), batches, strict=False):
        yield [_row(request, batch, task, first + task) for task in range(min(AT_ONCE, request.number - first))]


def _row(request: Request, batch: FewShotBatch, task: int, number: int) -> dict[str, Any]:
    weights = batch.weights_TM[task]
    return {
        "task": number,
        "combination": int(request.family.combination_of(weights[None])[0]),
        "mission": request.family.mission(weights),
        "weights": weights.tolist(),
        "support": _steps(batch.support, task),
        "query": _steps(batch.query, task),
    }


def _steps(samples: Samples, task: int) -> list[dict[str, Any]]:
    """The steps of a task, without padding."""
    there = np.flatnonzero(samples.valid_TN[task])
    columns = {
        "episode": samples.episode_TN,
        "observation": samples.rows_TNR,
        "action": samples.actions_TN,
        "action_values": samples.action_values_TNA,
        "reward": samples.rewards_TN,
    }
    values = {name: column[task, there].tolist() for name, column in columns.items()}
    return [dict(zip(values, step, strict=True)) for step in zip(*values.values(), strict=True)]
