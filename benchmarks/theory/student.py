"""A student of the theory's setting: it is trained, then its modules are compared with its teacher's.

The theory's setting (ICLR 2024, section 3): teacher and student are networks with one hidden layer whose weights are sums of
modules, weighted by a code for each task, and a scalar output. The student finds modules, readout and the code of every
training task at once: at codes that are optimal for their tasks, the gradient with respect to the modules is that of
bi-level meta-learning.

Axes of tensor names: T tasks, N samples, M modules, D inputs, H width.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from compworld import ModuleSpace, Split, diagnose
from compworld.benchmarks.runs.claims import claimed, patiently
from compworld.benchmarks.runs.failures import RunsFailed
from compworld.benchmarks.runs.records import read_student
from compworld.benchmarks.runs.workers import Ended, Tell, side_by_side
from compworld.benchmarks.scores.r_squared import r_squared
from compworld.benchmarks.theory.alignment import module_alignment
from compworld.benchmarks.theory.networks import Networks
from compworld.families import Teacher
from compworld.fewshot import task_streams
from compworld.files import sealed, write_json

MODULES, MOST_ACTIVE = 6, 3
TASKS_EACH = 4
"""Tasks of every combination that are scored."""
VERSION = 2
"""Raised whenever the same setting would give other numbers."""


@dataclass(frozen=True)
class Setting:
    """One teacher and one student.

    Attributes:
        support: sets of modules that are trained together, such as ``"0,1;1,2"``.
        seed: of teacher, tasks, inputs and initialisation.
        weights: of active modules: ``"exponential"`` (continuous), ``"tenths"`` or ``"equal"`` (discrete).
        steps: of Adam.
        width: hidden units of the student; the teacher has 16.
        learning_rate: at the start; falls to 0 along a cosine.
        samples: inputs of every task in every step, each drawn anew.
        tasks: training tasks; the sets of modules share them equally.
    """

    support: str
    seed: int = 0
    weights: str = "exponential"
    steps: int = 40_000
    width: int = 64
    learning_rate: float = 0.1
    samples: int = 16
    tasks: int = 192

    @property
    def name(self) -> str:
        """Readable, with a hash of everything that determines the numbers."""
        text = json.dumps({"version": VERSION, **asdict(self)}, sort_keys=True)
        sets = self.support.replace(",", "").replace(";", "-")
        return f"{sets}_{self.weights}_s{self.seed}_{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def split_of(support: str) -> Split:
    """The listed sets of modules as trained combinations; all others of up to three modules are held out.

    Raises:
        ValueError: no list of sets, or a module that does not exist.
    """
    space = ModuleSpace.subsets(MODULES, MOST_ACTIVE)
    trained = np.zeros(len(space), dtype=bool)
    try:
        sets = [[int(module) for module in group.split(",")] for group in support.split(";")]
    except ValueError:
        raise ValueError(f"support is {support!r}; allowed: sets of modules such as '0,1;1,2;2,0'") from None
    for modules in sets:
        trained[space.encode(modules)] = True
    return Split(space, "listed", 0, {"sets": support}, trained, ~trained)


def identifiable(support: str) -> bool:
    """The theory's prediction for continuous weights, before anything is trained: compositional and connected support."""
    found = diagnose(split_of(support))
    return found.compositional and found.connected


def teacher_of(setting: Setting) -> Teacher:
    return Teacher(
        setting.seed,
        modules=MODULES,
        max_active=MOST_ACTIVE,
        layers=1,
        inputs=16,
        width=16,
        outputs=1,
        input_layer=0,
        weights=setting.weights,
        labels="values",
    )


def identify(setting: Setting) -> dict[str, Any]:
    """Train a student, then compare its modules with the teacher's and fit codes to held-out combinations.

    Returns:
        Setting, ``identifiable`` (the prediction), ``alignment``, R² on ``training`` and ``held_out`` tasks (mean), and of each
        task of ``combination`` its ``r2``, where every combination has :data:`TASKS_EACH` tasks, the same for all supports.
        Codes of these tasks are fitted, and all R² are of new inputs.
    """
    split, teacher = split_of(setting.support), teacher_of(setting)
    generator = torch.Generator().manual_seed(setting.seed)
    training = _networks(teacher, _codes(teacher, split, "train", setting.tasks, setting.seed))
    scored = _networks(teacher, _codes(teacher, split, "all", TASKS_EACH * len(split.space), setting.seed))
    student = _train(setting, training, generator)
    r2 = _r2(scored, _fit_codes(scored, student, generator), generator)
    combination = teacher.combination_of(scored.codes.numpy())
    return {
        **asdict(setting),
        "identifiable": identifiable(setting.support),
        "alignment": module_alignment(training.codes, training.modules, student.codes, student.modules),
        "training": float(_r2(training, student, generator).mean()),
        "held_out": float(r2[torch.from_numpy(split.held_out[combination])].mean()),
        "combination": combination.tolist(),
        "r2": r2.tolist(),
    }


def _codes(teacher: Teacher, split: Split, which: str, tasks: int, seed: int) -> Tensor:
    streams = task_streams(seed, f"identification {which}", np.arange(tasks))
    return torch.from_numpy(teacher.weights_in_turn(streams, split.pool(which)))


def _networks(teacher: Teacher, codes_TM: Tensor) -> Networks:
    """The teacher's networks."""
    tables = teacher.tables.like(codes_TM)
    modules = tables["modules0"].reshape(MODULES, teacher.inputs, teacher.width)
    return Networks(codes_TM.float(), modules.float(), tables["output"].flatten().float())


def _inputs(samples: int, tasks: Networks, generator: torch.Generator) -> Tensor:
    return torch.rand(len(tasks.codes), samples, tasks.modules.shape[1], generator=generator).mul_(2).sub_(1)


def _train(setting: Setting, tasks: Networks, generator: torch.Generator) -> Networks:
    modules = torch.randn(MODULES, tasks.modules.shape[1], setting.width, generator=generator)
    readout = torch.randn(setting.width, generator=generator) / math.sqrt(setting.width)
    codes = torch.randn(len(tasks.codes), MODULES, generator=generator) / math.sqrt(MODULES)
    student = Networks(codes, modules, readout)
    optimizer = torch.optim.Adam([codes, modules, readout], fused=True)
    for step in range(setting.steps):
        inputs = _inputs(setting.samples, tasks, generator)
        gradients = student.gradients(inputs, tasks.outputs(inputs))
        codes.grad, modules.grad, readout.grad = gradients.codes, gradients.modules, gradients.readout
        optimizer.param_groups[0]["lr"] = setting.learning_rate * (1 + math.cos(math.pi * step / setting.steps)) / 2
        optimizer.step()
    return student


def _fit_codes(tasks: Networks, student: Networks, generator: torch.Generator) -> Networks:
    """A code for each task, everything else as trained."""
    codes = student.codes.mean(0).repeat(len(tasks.codes), 1)
    fitted = Networks(codes, student.modules, student.readout)
    optimizer = torch.optim.Adam([codes], lr=0.03 * float(student.codes.abs().mean()), fused=True)
    for _ in range(1000):
        inputs = _inputs(64, tasks, generator)
        codes.grad = fitted.gradients(inputs, tasks.outputs(inputs)).codes
        optimizer.step()
    return fitted


def _r2(tasks: Networks, student: Networks, generator: torch.Generator) -> Tensor:
    """R² of each task [T] on new inputs, against the task's mean label (arXiv 2507.07207, appendix)."""
    inputs = _inputs(1024, tasks, generator)
    labels = tasks.outputs(inputs)
    found: Tensor = r_squared(student.outputs(inputs), labels, labels.mean(1, keepdim=True), 1)
    return found


def run(root: Path, setting: Setting) -> dict[str, Any]:
    """:func:`identify`, or its result if it is there already; waits while another process works on it."""
    return patiently(lambda: attempt(root, setting))


def attempt(root: Path, setting: Setting, tell: Tell = lambda step, loss: None) -> dict[str, Any]:
    """:func:`run`, without waiting.

    Raises:
        Busy: another process works on it.
    """
    path = root / "identification" / f"{setting.name}.json"
    if not path.exists():
        with claimed(path.with_suffix(".claim")) as claim:
            if not path.exists():  # another process may have written it before the claim
                found = identify(setting)
                claim.check()
                write_json(path, sealed(found))
    return read_student(path, asdict(setting))


def run_students(settings: Sequence[Setting], root: Path, workers: int | None = None) -> list[dict[str, Any]]:
    """:func:`run` for each setting, ``workers`` (by default one per core) at a time.

    Raises:
        RunsFailed: some have no result; the others are kept.
    """
    events = side_by_side(partial(attempt, root), [(setting.name, setting) for setting in settings], workers)
    problems = [f"{event.name}: {event.problem}" for event in events if isinstance(event, Ended) and event.problem]
    if problems:
        raise RunsFailed(f"{len(problems)} of {len(settings)} students are missing ({'; '.join(problems)})")
    return [run(root, setting) for setting in settings]
