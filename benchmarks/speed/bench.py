"""Speed of everything that has one: outer steps, demonstrations, environments; beside MiniGrid and a plain matrix product.

Every figure is the median of repeated calls after a warm-up, over at least a second, in one process. Outer steps at the paper's
settings include making the demonstrations of their 128 tasks. Before anything is timed, compiled gradients are compared with
those of the plain definition.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch

from compworld import few_shot_tasks, make_family, make_split
from compworld.agents import Learner, accelerate
from compworld.benchmarks.recipes.methods import ADAPTIVE, make_learner
from compworld.benchmarks.reports.table import Column, Table
from compworld.benchmarks.runs.allocation import keep_freed_memory
from compworld.benchmarks.runs.provenance import provenance
from compworld.benchmarks.speed.measurements import measurements, median_seconds
from compworld.benchmarks.worlds.problems import meta_batch, problem_of

REFERENCE_SECONDS = {
    "goals/linear_hypernetwork": 1.02,
    "goals/deep_hypernetwork": 1.30,
    "goals/anil": 27.7,
    "goals/maml": 17.3,
    "preferences/linear_hypernetwork": 2.42,
    "preferences/deep_hypernetwork": 2.60,
    "preferences/anil": 42.8,
    "preferences/maml": 21.7,
}
"""Demonstrations + outer step of the paper's JAX code at the same settings, measured on a 2-core CPU machine (median)."""


@dataclass(frozen=True)
class Row:
    """One figure: seconds for one unit of what is named, with the units per second."""

    name: str
    seconds: float
    unit: str
    per_second: float
    note: str
    reference_seconds: float | None = None
    """Of the paper's code; outer steps only."""
    arithmetic_seconds: float | None = None
    """How long dense matrix products of as many multiplications as the plain definition makes take here; outer steps only."""


def bench(repeats: int = 5, threads: int | None = None, only: str = "") -> dict[str, Any]:
    """Measure every row whose name contains ``only``.

    Returns:
        ``{"machine": {...}, "rows": [...]}``, as ``compworld bench --json`` writes it.

    Raises:
        ValueError: nothing has that name, or fewer than one repeat.
    """
    if repeats < 1:
        raise ValueError(f"repeats is {repeats}; allowed: at least 1")
    if threads is not None:
        torch.set_num_threads(threads)
    keep_freed_memory()
    check_equality()
    wanted = {name: measure for name, measure in measurements(repeats).items() if only in name}
    if not wanted:
        raise ValueError(f"no measurement has {only!r} in its name; allowed: e.g. 'goals/', 'vector', 'demonstrations'")
    gflops = matmul_gflops(max(repeats, 5))
    rows = []
    for name, measure in wanted.items():
        found = measure()
        limit = found.operations / gflops / 1e9 if found.operations else None
        timed = Row(name, found.seconds, found.unit, 1 / found.seconds, found.note, REFERENCE_SECONDS.get(name), limit)
        rows.append(asdict(timed))
    machine = {"matmul_gflops": round(gflops, 1), "threads": torch.get_num_threads(), **provenance()}
    return {"machine": machine, "rows": rows}


def check_equality() -> None:
    """The meta-gradient of every method, compiled and by the plain definition, on a small meta-batch in float64.

    Raises:
        RuntimeError: some differ by more than rounding.
    """
    for name in ("goals-small", "preferences-small", "teacher-small"):
        family = make_family(name)
        batch = next(few_shot_tasks(family, make_split(family.space), tasks=3, support_episodes=2, query_episodes=2))
        examples = meta_batch(batch, family.imitation, dtype=torch.float64)
        for method in ADAPTIVE:
            options = {"inner": {"steps": 3, "learning_rate": 0.05}, "width": 6, "hidden_layers": 2}
            torch.manual_seed(0)
            learner = make_learner(method, options, problem_of(family, family.imitation, torch.float64)).double()
            shown = examples.shown_to(learner)
            compiled = accelerate.query_loss(learner, shown, examples.query)
            if compiled is None:
                continue
            found, plain = (_gradient(learner, loss) for loss in (compiled, learner.meta_loss(shown, examples.query).sum()))
            error = float((found - plain).norm() / plain.norm())
            if not error < 1e-9:
                raise RuntimeError(f"{name}/{method}: the compiled gradient differs from the plain one by {error:.1e}")


def _gradient(learner: Learner, loss: torch.Tensor) -> torch.Tensor:
    found = torch.autograd.grad(loss, list(learner.parameters()), allow_unused=True)
    return torch.cat([gradient.flatten() for gradient in found if gradient is not None])


def matmul_gflops(repeats: int) -> float:
    """Rate of a float32 matrix product of 2,048 x 2,048 matrices, in 10^9 floating-point operations per second."""
    matrix = torch.rand(2048, 2048)
    return 2 * 2048**3 / median_seconds(lambda: matrix @ matrix, repeats) / 1e9


def table_of(found: dict[str, Any]) -> Table:
    """The figures as a table."""
    columns = ["", "seconds", "per second", "paper", "faster", "dense", "slower"]
    forms = ["", ".3g", ",.3g", "", ".1f", ".3g", ".1f"]
    table = Table([Column(*pair) for pair in zip(columns, forms, strict=True)])
    for row in found["rows"]:
        seconds, reference, limit = row["seconds"], row["reference_seconds"], row["arithmetic_seconds"]
        times = [None if reference is None else reference / seconds, None if limit is None else seconds / limit]
        name = f"{row['name']}\n  {row['unit']}: {row['note']}"
        table.rows.append((name, seconds, row["per_second"], reference, times[0], limit, times[1]))
    return table


def notes_of(found: dict[str, Any]) -> str:
    """What must be known to read the table."""
    machine = found["machine"]
    return (
        "Seconds for one, and how many of them in a second. Paper: seconds of the paper's code for the same on a 2-core CPU, "
        "and how many times faster this is. Dense: how long the matrix products of the plain definition would take at this "
        "machine's dense rate, and how many times slower this is.\n"
        f"{machine['hardware']['processor']}, {machine['hardware']['cores']} cores, {machine['threads']} threads; "
        f"matrix product {machine['matmul_gflops']} GFLOP/s"
    )
