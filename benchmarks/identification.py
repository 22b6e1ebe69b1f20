"""Identification: does a student that matches its teacher on the training tasks hold the teacher's modules?

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
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from benchmarks.executors import start_worker
from benchmarks.results import provenance, write_json, write_text
from compworld import diagnose
from compworld.families import Teacher
from compworld.fewshot import task_streams
from compworld.tasks.splits import Split

SUPPORTS = ("0,1;1,2;2,3;3,4;4,5;5,0", "0,1,2;2,3,4;4,5,0", "0;1;2;3;4;5", "0,1;1,2;2,0;3,4;4,5;5,3", "0,1,2;3,4,5")
"""Module sets that are trained; the theory calls the first two identifiable, the others not."""

MODULES, MOST_ACTIVE = 6, 3
VERSION = 1
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
        samples: inputs of each step, the same for all tasks, new in every step.
        tasks: training tasks; the sets of modules share them equally.
    """

    support: str
    seed: int = 0
    weights: str = "exponential"
    steps: int = 40_000
    width: int = 32
    learning_rate: float = 0.1
    samples: int = 256
    tasks: int = 192

    @property
    def name(self) -> str:
        """Readable, with a hash of everything that determines the numbers."""
        text = json.dumps({"version": VERSION, **asdict(self)}, sort_keys=True)
        sets = self.support.replace(",", "").replace(";", "-")
        return f"{sets}_{self.weights}_s{self.seed}_{hashlib.sha256(text.encode()).hexdigest()[:10]}"


@dataclass(frozen=True)
class Preset:
    """Budget of a call: for the named supports, seeds and kinds of weights."""

    seeds: int
    weights: tuple[str, ...]
    steps: int


PRESETS = {
    "quick": Preset(seeds=1, weights=("exponential",), steps=40_000),
    "full": Preset(seeds=10, weights=("exponential", "tenths"), steps=80_000),
}


def split_of(support: str) -> Split:
    """The listed sets of modules as trained combinations; all others of up to three modules are held out.

    Raises:
        ValueError: no list of sets, or a module that does not exist.
    """
    space = Teacher(modules=MODULES, max_active=MOST_ACTIVE).space
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


def module_alignment(codes_TM: Tensor, modules_MDH: Tensor, student_codes_TM: Tensor, student_MDH: Tensor) -> float:
    """How well the student's modules are the teacher's after the best linear map between them, at most 1.

    A linear map of modules, common to all hidden neurons, starts as the regression of student codes on teacher codes. Then
    neurons are matched one to one, and map and neurons' scales are fitted again by least squares, in turns.

    Args:
        codes_TM: the teacher's code of each task.
        modules_MDH: the teacher's modules.
        student_codes_TM: the student's codes of the same tasks; may have another number of modules.
        student_MDH: its modules; its width may be larger.

    Returns:
        Mean over the teacher's neurons of the cosine between their weights in all modules and those of their match.
    """
    modules, inputs, width = modules_MDH.shape
    wanted = modules_MDH.double().reshape(-1, width)
    student = student_MDH.double()
    mixing = torch.linalg.lstsq(codes_TM.double(), student_codes_TM.double(), driver="gelsd").solution
    best = -1.0
    for _ in range(20):
        mapped = torch.einsum("mc,cdh->mdh", mixing, student).reshape(modules * inputs, -1)
        cosine = torch.nn.functional.normalize(wanted, dim=0).T @ torch.nn.functional.normalize(mapped, dim=0)
        neurons, matches = linear_sum_assignment(-cosine.numpy())
        best = max(best, float(cosine[neurons, matches].mean()))
        chosen = mapped[:, matches]
        scale = (wanted * chosen).sum(0) / chosen.square().sum(0).clamp_min(1e-12)
        factors = (student[:, :, matches] * scale).permute(1, 2, 0).reshape(-1, len(student))
        target = modules_MDH.double().permute(1, 2, 0).reshape(-1, modules)
        mixing = torch.linalg.lstsq(factors, target, driver="gelsd").solution.T
    return best


class _Task:
    """Labels of a set of tasks of one teacher, in torch."""

    def __init__(self, teacher: Teacher, codes_TM: Tensor) -> None:
        tables = teacher.tables.like(codes_TM)
        self.codes = codes_TM
        self.modules_MDH = tables["modules0"].reshape(MODULES, teacher.inputs, teacher.width).float()
        self.readout = tables["output"].float()
        self.weights_TDH = torch.einsum("tm,mdh->tdh", codes_TM.float(), self.modules_MDH)

    def label(self, inputs_ND: Tensor) -> Tensor:
        return _outputs(inputs_ND, self.weights_TDH, self.readout)


def _outputs(inputs_ND: Tensor, weights_TDH: Tensor, readout: Tensor) -> Tensor:
    """Outputs [T, N, 1] of every task's network."""
    return torch.relu(inputs_ND @ weights_TDH / math.sqrt(inputs_ND.shape[1])) @ readout


def identify(setting: Setting) -> dict[str, Any]:
    """Train a student, then compare its modules with the teacher's and fit codes to held-out combinations.

    Returns:
        Setting, ``identifiable`` (the prediction), ``alignment``, and R² on ``training`` and ``held_out`` tasks: 1 minus
        squared error over variance, each over all samples of all tasks; of held-out tasks, on inputs that their codes were not
        fitted to.
    """
    split, teacher = split_of(setting.support), teacher_of(setting)
    generator = torch.Generator().manual_seed(setting.seed)
    student_codes, modules, readout, tasks = _train(setting, split, teacher, generator)
    held_out_codes = _codes(teacher, split, "held_out", 4 * len(split.pool("held_out")), setting.seed)
    return {
        **asdict(setting),
        "identifiable": identifiable(setting.support),
        "alignment": module_alignment(tasks.codes, tasks.modules_MDH, student_codes, modules),
        "training": _r2(tasks, student_codes, modules, readout, generator),
        "held_out": _fit_codes(_Task(teacher, held_out_codes), student_codes, modules, readout, generator),
    }


def _codes(teacher: Teacher, split: Split, which: str, tasks: int, seed: int) -> Tensor:
    streams = task_streams(seed, f"identification {which}", np.arange(tasks))
    return torch.from_numpy(teacher.weights_in_turn(streams, split.pool(which)))


def _inputs(samples: int, teacher_inputs: int, generator: torch.Generator) -> Tensor:
    return torch.rand(samples, teacher_inputs, generator=generator) * 2 - 1


def _train(
    setting: Setting, split: Split, teacher: Teacher, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, _Task]:
    tasks = _Task(teacher, _codes(teacher, split, "train", setting.tasks, setting.seed))
    modules = torch.randn(MODULES, teacher.inputs * setting.width, generator=generator).requires_grad_()
    readout = (torch.randn(setting.width, 1, generator=generator) / math.sqrt(setting.width)).requires_grad_()
    codes = (torch.randn(len(tasks.codes), MODULES, generator=generator) / math.sqrt(MODULES)).requires_grad_()
    optimizer = torch.optim.Adam([modules, readout, codes], lr=setting.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, setting.steps)
    for _ in range(setting.steps):
        inputs = _inputs(setting.samples, teacher.inputs, generator)
        weights = (codes @ modules).view(len(codes), teacher.inputs, setting.width)
        loss = (_outputs(inputs, weights, readout) - tasks.label(inputs)).square().mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return codes.detach(), modules.detach().view(MODULES, teacher.inputs, -1), readout.detach(), tasks


def _fit_codes(tasks: _Task, trained: Tensor, modules_MDH: Tensor, readout: Tensor, generator: torch.Generator) -> float:
    """R² on new inputs after fitting a code to each task, everything else fixed."""
    codes = trained.mean(0).repeat(len(tasks.codes), 1).requires_grad_()
    optimizer = torch.optim.Adam([codes], lr=0.03 * float(trained.abs().mean()))
    for _ in range(1000):
        inputs = _inputs(256, modules_MDH.shape[1], generator)
        weights = torch.einsum("tm,mdh->tdh", codes, modules_MDH)
        loss = (_outputs(inputs, weights, readout) - tasks.label(inputs)).square().mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return _r2(tasks, codes.detach(), modules_MDH, readout, generator)


def _r2(tasks: _Task, codes: Tensor, modules_MDH: Tensor, readout: Tensor, generator: torch.Generator) -> float:
    inputs = _inputs(1024, modules_MDH.shape[1], generator)
    label = tasks.label(inputs)
    error = _outputs(inputs, torch.einsum("tm,mdh->tdh", codes, modules_MDH), readout) - label
    return 1 - float(error.square().mean() / (label - label.mean(1, keepdim=True)).square().mean())


def run(setting: Setting, root: Path) -> dict[str, Any]:
    """:func:`identify`, or its result if it is there already."""
    path = root / "identification" / f"{setting.name}.json"
    if path.exists():
        try:
            return json.loads(path.read_text())
        except ValueError as error:
            raise ValueError(f"{path} is damaged ({error}); delete it to run this setting again") from None
    result = identify(setting)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, result)
    return result


def identification(preset: str, supports: Sequence[str], root: Path, out: Path, workers: int | None = None) -> dict[str, Any]:
    """All settings of a preset, several at a time; writes table, data and figure into ``out``.

    Returns:
        ``rows``, one for each support and kind of weights, with the mean over seeds; ``runs``; provenance.

    Raises:
        ValueError: unknown preset, or a support that is none.
    """
    if preset not in PRESETS:
        raise ValueError(f"unknown preset {preset!r}; allowed: {', '.join(map(repr, PRESETS))}")
    for support in supports:
        split_of(support)
    budget = PRESETS[preset]
    settings = [
        Setting(support, seed, weights, budget.steps)
        for weights in budget.weights
        for support in supports
        for seed in range(budget.seeds)
    ]
    with ProcessPoolExecutor(workers, get_context("spawn"), start_worker) as pool:
        runs = list(pool.map(run, settings, [root] * len(settings)))
    rows = []
    for weights in budget.weights:
        for support in supports:
            found = [result for result in runs if (result["support"], result["weights"]) == (support, weights)]
            measures = {name: [result[name] for result in found] for name in ("alignment", "training", "held_out")}
            row: dict[str, Any] = {"support": support, "weights": weights, "identifiable": identifiable(support)}
            row |= {name: float(np.mean(values)) for name, values in measures.items()}
            rows.append({**row, "seeds": len(found), "alignments": measures["alignment"]})
    found_all = {"preset": preset, "budget": asdict(budget), "rows": rows, "runs": runs, **provenance()}
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "identification.json", found_all)
    write_text(out / "identification.md", markdown(found_all))
    from benchmarks.plots import identification_picture

    identification_picture(rows, out / "identification.png")
    return found_all


def markdown(found: dict[str, Any]) -> str:
    """The table as Markdown."""
    budget = found["budget"]
    lines = [
        "# Which supports identify the modules",
        "",
        f"Preset {found['preset']}: {budget['seeds']} seeds, {budget['steps']:,} steps of Adam; teacher with 16 inputs, "
        "16 hidden neurons, 6 modules; alignment: mean over seeds (lowest and highest). R²: of training tasks, and of "
        "combinations never trained after fitting a code.",
        "",
        "| trained together | weights | theory | alignment | R² training | R² held out |",
        "|---|---|---|---|---|---|",
    ]
    for row in found["rows"]:
        low, high = min(row["alignments"]), max(row["alignments"])
        theory = "identifiable" if row["identifiable"] else "not identifiable"
        lines.append(
            f"| {row['support']} | {row['weights']} | {theory} | {row['alignment']:.3f} ({low:.3f} to {high:.3f}) "
            f"| {row['training']:.5f} | {row['held_out']:.3f} |"
        )
    return "\n".join(lines) + "\n"
