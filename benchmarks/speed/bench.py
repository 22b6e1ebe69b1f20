"""Speed of everything that has one: outer steps, demonstrations, environments; beside MiniGrid and a plain matrix product.

Every figure is the median of repeated calls after a warm-up, over at least a second, in one process. Outer steps at the paper's
settings include making the demonstrations of their 128 tasks. Before anything is timed, the written-out inner gradients are
compared with autograd's.
"""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from agents.adaptation import InnerLoop
from agents.base import Examples, Learner
from agents.metatraining import MetaTrainer, adapted_predictions
from benchmarks.allocation import keep_freed_memory
from benchmarks.config import RunConfig
from benchmarks.methods import make_learner
from benchmarks.problems import problem_of, support_and_query
from benchmarks.recipes import ADAPTIVE, preset
from benchmarks.results import provenance
from compworld import ENV_IDS, few_shot_tasks, make_family, make_split
from compworld.experts import expert_for

FAMILIES = ("goals", "preferences")

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
    """How long dense matrix products of as many multiplications as torch's path makes take here; outer steps only."""


FOR_SECONDS = 1.0
"""Short calls are repeated for so long: the first few of 20 ms took up to half as long again as those that follow."""


def median_seconds(call: Callable[[], Any], repeats: int) -> float:
    """Median duration of at least so many calls, after one call that does not count."""
    call()
    times: list[float] = []
    while len(times) < repeats or sum(times) < FOR_SECONDS:
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def bench(repeats: int = 5, threads: int | None = None, only: str = "") -> dict[str, Any]:
    """Measure every row whose name contains ``only``.

    Returns:
        ``{"machine": {...}, "rows": [...]}``, as ``compworld bench --json`` writes it.
    """
    if repeats < 1:
        raise ValueError(f"repeats is {repeats}; allowed: at least 1")
    if threads is not None:
        torch.set_num_threads(threads)
    keep_freed_memory()
    check_equality()
    wanted = {name: measure for name, measure in _measurements(repeats).items() if only in name}
    if not wanted:
        raise ValueError(f"no measurement has {only!r} in its name; allowed: e.g. 'goals/', 'vector', 'demonstrations'")
    gflops = matmul_gflops(max(repeats, 5))
    rows = []
    for name, measure in wanted.items():
        seconds, unit, note, operations = measure()
        limit = operations / gflops / 1e9 if operations else None
        rows.append(asdict(Row(name, seconds, unit, 1 / seconds, note, REFERENCE_SECONDS.get(name), limit)))
    machine = {"matmul_gflops": round(gflops, 1), "threads": torch.get_num_threads(), **provenance()}
    return {"machine": machine, "rows": rows}


def check_equality() -> None:
    """The meta-gradient of every method, written out and by autograd's double backward, on a small meta-batch in float64.

    Raises:
        RuntimeError: some differ by more than rounding.
    """
    for family_name in ("goals-small", "preferences-small"):
        family = make_family(family_name)
        batch = next(few_shot_tasks(family, make_split(family.space), tasks=3, support_episodes=1, query_episodes=1))
        support, query = support_and_query(batch, family.imitation, dtype=torch.float64)
        # MAML counts every wall of a maze on its own, which autograd sees only if there is one.
        problem = problem_of(family, family.imitation, torch.float64)
        assert problem.wall_rows is not None
        one_wall = torch.zeros_like(problem.wall_rows)
        one_wall[:, -1] = 1
        problem = replace(problem, wall_rows=one_wall)
        for method in ADAPTIVE:
            torch.manual_seed(0)
            learner = make_learner(method, {"width": 6, "hidden_layers": 2}, problem).double()
            inner = InnerLoop(3, 0.05)
            compiled = learner.compiled_query_loss(inner, support, query, support.weights[None])
            fast = {} if compiled is None else {"compiled": _meta_gradient(learner, compiled)}
            fast["written-out"] = _meta_gradient(learner, _query_loss(learner, inner, support, query))
            # An attribute of the object hides the method of its class: what autograd is left to do by itself.
            object.__setattr__(learner, "inner_problem", lambda encoded, support: None)
            plain = _meta_gradient(learner, _query_loss(learner, inner, support, query))
            for path, gradient in fast.items():
                error = float((gradient - plain).norm() / plain.norm())
                if not error < 1e-9:
                    raise RuntimeError(f"{family_name}/{method}: the {path} gradient differs from the plain one by {error:.1e}")


def _query_loss(learner: Learner, inner: InnerLoop, support: Examples, query: Examples) -> torch.Tensor:
    predictions = adapted_predictions(learner, inner, support, query)
    return learner.loss.value(predictions, query.targets, query.weights).sum()


def _meta_gradient(learner: Learner, loss: torch.Tensor) -> torch.Tensor:
    found = torch.autograd.grad(loss, list(learner.parameters()), allow_unused=True)
    return torch.cat([gradient.flatten() for gradient in found if gradient is not None])


def matmul_gflops(repeats: int) -> float:
    """Rate of a float32 matrix product of 2,048 x 2,048 matrices, in 10^9 floating-point operations per second."""
    matrix = torch.rand(2048, 2048)
    return 2 * 2048**3 / median_seconds(lambda: matrix @ matrix, repeats) / 1e9


Measured = tuple[float, str, str, float]
"""Seconds per unit, the unit, a note, and floating-point operations of its matrix products (0: not counted)."""


def _measurements(repeats: int) -> dict[str, Callable[[], Measured]]:
    """Every measurement by name."""
    found: dict[str, Callable[[], Measured]] = {}
    for family in FAMILIES:
        for method in ADAPTIVE:
            config = preset("iclr2024").config(family, method, 0)
            found[f"{family}/{method}"] = lambda config=config: _outer_step(config, repeats)  # type: ignore[misc]
    for family in FAMILIES:
        found[f"{family}/demonstrations"] = lambda family=family: _demonstrations(family, repeats)  # type: ignore[misc]
    for env_id in ENV_IDS:
        found[f"single/{env_id}"] = lambda env_id=env_id: _single(env_id, repeats)  # type: ignore[misc]
        found[f"vector/{env_id}"] = lambda env_id=env_id: _vector(env_id, repeats)  # type: ignore[misc]
    found["single/MiniGrid-Empty-8x8-v0"] = lambda: _single("MiniGrid-Empty-8x8-v0", repeats)
    found["vector/MiniGrid-Empty-8x8-v0"] = lambda: _vector("MiniGrid-Empty-8x8-v0", max(1, repeats // 2), 64)
    return found


def _outer_step(config: RunConfig, repeats: int) -> Measured:
    family = make_family(config.family)
    torch.manual_seed(0)
    learner = make_learner(config.method, config.method_options, problem_of(family, config.imitation))
    trainer = MetaTrainer(learner, config.inner, config.outer)
    batches = few_shot_tasks(
        family,
        make_split(family.space),
        tasks=config.meta_batch,
        support_episodes=config.support_episodes,
        query_episodes=config.query_episodes,
        prefetch=True,
    )
    seconds = median_seconds(lambda: trainer.step(*support_and_query(next(batches), config.imitation)), repeats)
    trainer.compiled = False  # the counter sees torch's operations only
    in_place = dict.fromkeys((torch.ops.aten.addmm_, torch.ops.aten.baddbmm_), _product_flops)  # else not counted
    with FlopCounterMode(display=False, custom_mapping=in_place) as counter:
        trainer.step(*support_and_query(next(batches), config.imitation))
    return seconds, "outer step", f"{config.meta_batch} tasks and their demonstrations", float(counter.get_total_flops())


def _product_flops(total: Any, left: Sequence[int], right: Sequence[int], **_: Any) -> int:
    return 2 * math.prod(left) * right[-1]


def _demonstrations(family_name: str, repeats: int) -> Measured:
    family = make_family(family_name)
    tasks, episodes = 128, 16 if family_name == "preferences" else 1
    batches = few_shot_tasks(family, make_split(family.space), tasks=tasks)
    expert_for(family)
    seconds = median_seconds(lambda: next(batches), repeats) / (2 * tasks * episodes)
    return seconds, "episode", f"{2 * tasks * episodes} at a time, planned and packed", 0.0


def _single(env_id: str, repeats: int, steps: int = 2000) -> Measured:
    if env_id.startswith("MiniGrid"):
        import minigrid  # noqa: F401 (registers the id)
    environment = gym.make(env_id, disable_env_checker=True)
    environment.reset(seed=0)
    environment.action_space.seed(0)
    actions = [environment.action_space.sample() for _ in range(steps)]

    def play() -> None:
        for action in actions:
            _, _, terminated, truncated, _ = environment.step(action)
            if terminated or truncated:
                environment.reset()

    return median_seconds(play, repeats) / steps, "step", "with resets", 0.0


def _vector(env_id: str, repeats: int, environments: int = 1024, steps: int = 100) -> Measured:
    envs = gym.make_vec(env_id, num_envs=environments)
    envs.reset(seed=0)
    actions = np.random.default_rng(0).integers(envs.single_action_space.n, size=(steps, environments))  # type: ignore[attr-defined]

    def play() -> None:
        for row in actions:
            envs.step(row)

    seconds = median_seconds(play, repeats) / (steps * environments)
    return seconds, "step", f"{environments} environments, with resets", 0.0
