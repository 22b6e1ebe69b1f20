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
from benchmarks.student import Networks
from compworld import diagnose
from compworld.families import Teacher
from compworld.fewshot import task_streams
from compworld.tasks.splits import Split

SUPPORTS = ("0,1;1,2;2,3;3,4;4,5;5,0", "0,1,2;2,3,4;4,5,0", "0;1;2;3;4;5", "0,1;1,2;2,0;3,4;4,5;5,3", "0,1,2;3,4,5")
"""Module sets that are trained; the theory calls the first two identifiable, the others not."""

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


@dataclass(frozen=True)
class Preset:
    """Budget of a call: for the named supports, seeds and kinds of weights."""

    seeds: int
    weights: tuple[str, ...]
    steps: int


PRESETS = {
    "quick": Preset(seeds=3, weights=("exponential",), steps=40_000),
    "full": Preset(seeds=10, weights=("exponential", "tenths"), steps=120_000),
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
    """R² of each task [T]: 1 minus squared error over variance (arXiv 2507.07207, appendix)."""
    inputs = _inputs(1024, tasks, generator)
    labels = tasks.outputs(inputs)
    return 1 - (student.outputs(inputs) - labels).square().mean(1) / labels.var(1, correction=0)


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


def settings_of(budget: Preset, supports: Sequence[str]) -> list[Setting]:
    """Seeds of a support beside each other."""
    return [
        Setting(support, seed, weights, budget.steps)
        for weights in budget.weights
        for support in supports
        for seed in range(budget.seeds)
    ]


def run_all(settings: Sequence[Setting], root: Path, workers: int | None = None) -> list[dict[str, Any]]:
    """:func:`run` for each setting, ``workers`` (by default one per core) at a time."""
    with ProcessPoolExecutor(workers, get_context("spawn"), start_worker) as pool:
        return list(pool.map(run, settings, [root] * len(settings)))


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
    runs = run_all(settings_of(budget, supports), root, workers)
    rows = []
    for weights in budget.weights:
        for support in supports:
            found = [result for result in runs if (result["support"], result["weights"]) == (support, weights)]
            measures = {name: [result[name] for result in found] for name in ("alignment", "training", "held_out")}
            row: dict[str, Any] = {"support": support, "weights": weights, "identifiable": identifiable(support)}
            row |= {name: float(np.mean(values)) for name, values in measures.items()}
            rows.append({**row, "seeds": len(found), "alignments": measures["alignment"]})
    short = [{name: value for name, value in result.items() if name not in ("combination", "r2")} for result in runs]
    found_all = {"preset": preset, "budget": asdict(budget), "rows": rows, "runs": short, **provenance()}
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "identification.json", found_all)
    write_text(out / "identification.md", markdown(found_all))
    from benchmarks.plots import identification_picture

    identification_picture(rows, out / "identification.png")
    return found_all


def markdown(found: dict[str, Any]) -> str:
    """The table as Markdown."""
    budget, example, machine = found["budget"], found["runs"][0], found["hardware"]
    lines = [
        "# Which supports identify the modules",
        "",
        f"Preset {found['preset']}: {budget['seeds']} seeds, each with a teacher of its own (16 inputs, 16 hidden neurons, 6 "
        f"modules); student with {example['width']} hidden neurons; {budget['steps']:,} steps of Adam on {example['tasks']} "
        f"tasks x {example['samples']} new inputs; {machine['cores']} cores of {machine['processor']}. Alignment: mean over "
        "seeds (lowest and highest). R²: mean over training tasks, and over tasks of combinations never trained, after "
        "fitting a code.",
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
