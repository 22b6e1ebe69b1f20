"""Teacher: a network whose layers are sums of modules labels random inputs (ICLR 2024, section 4; arXiv 2507.07207).

Axes of array names: B batch, T tasks, N samples, M modules of all layers, D inputs, H width, A outputs.
"""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import ClassVar

import numpy as np

from compworld import randomness
from compworld.arguments import integer
from compworld.backends import Array, Tables, namespace
from compworld.families.family import TASK_DRAWS, Family
from compworld.families.samples import Samples
from compworld.families.weights import TABLES, WEIGHTS
from compworld.modules.spaces import ModuleSpace

LABELS = {
    "classes": ("probabilities", 256, ("action_accuracy",)),
    "values": ("action_values", 16, ("r2", "action_accuracy")),
}
"""Imitation target, number of labelled inputs and scores of the two papers."""

REGRESSION = {
    **{"layers": 1, "inputs": 16, "width": 16, "outputs": 16, "input_layer": 0, "biases": 1},
    **{"weights": "tenths", "labels": "values"},
}
"""Sizes of the Teacher of arXiv 2507.07207, but for the number of its modules."""

LARGEST_LAYER = 1024
"""Most inputs, units or outputs of a layer; every module of it is a matrix of them."""

TEMPERATURE = 0.1


class Teacher(Family):
    """Inputs are uniform on [-1, 1); a task is the network that labels them.

    The network has a fixed input layer (if any), ``layers`` generated hidden layers and a fixed output layer, ReLU
    between them, and divides every product by the square root of its fan-in. A task has an independent combination of
    modules for each generated layer; which of these tuples of combinations are trained is the split. The weights of every
    generated layer are a weighted sum over the modules of *all* layers, matrices of N(0, 1) cut off at two standard deviations:
    a module is a matrix for each layer.

    Args:
        world: seed of the network's fixed weights and of the modules.
        modules: M, per layer.
        max_active: K, the most modules active in a layer.
        layers: number of generated layers.
        inputs: D.
        width: H.
        outputs: A.
        input_layer: 1 for a fixed layer before the generated ones, 0 for none.
        biases: 1 for fixed biases from U[0, 0.5) in the generated layers, 0 for none.
        weights: of active modules: ``"equal"``, ``"exponential"`` or ``"tenths"``.
        labels: ``"classes"``: softmax of logits, each standardised over 1,000 inputs of its task, over a temperature of 0.1;
            ``"values"``: the outputs themselves.
    """

    name = "teacher"
    title = "Teacher"
    variants = {"small": REGRESSION, "scaling2025": {**REGRESSION, "modules": 16, "max_active": 3}}  # noqa: RUF012
    versions = {"": 1}  # noqa: RUF012
    horizon = 1
    combination_draw = TASK_DRAWS - 1  # modules' weights take draws 1 and following
    probes: ClassVar[int] = 1000
    """Inputs, the same for every task, over which logits are standardised."""
    standardised_together: ClassVar[tuple[int, ...]] = (1,)
    """Axes of logits [T, probes, A] that are standardised as one: each output for itself."""

    def __init__(
        self,
        world: int = 0,
        modules: int = 4,
        max_active: int = 2,
        layers: int = 2,
        inputs: int = 16,
        width: int = 32,
        outputs: int = 8,
        input_layer: int = 1,
        biases: int = 0,
        weights: str = "equal",
        labels: str = "classes",
    ) -> None:
        for size, value in {"layers": layers, "inputs": inputs, "width": width, "outputs": outputs}.items():
            integer(f"size {size!r}", value, 1, LARGEST_LAYER)
        for size, value in {"input_layer": input_layer, "biases": biases}.items():
            if value > 1:
                raise ValueError(f"size {size!r} is {value}; allowed: 0, 1")
        if weights not in WEIGHTS:
            raise ValueError(f"size 'weights' is {weights!r}; allowed: {', '.join(map(repr, WEIGHTS))}")
        if labels not in LABELS:
            raise ValueError(f"size 'labels' is {labels!r}; allowed: {', '.join(map(repr, LABELS))}")
        if layers * modules > TASK_DRAWS - 1 - layers:
            raise ValueError(f"{layers} layers of {modules} modules; allowed: layers * (modules + 1) up to {TASK_DRAWS - 1}")
        self.world = world
        self.sizes = {name: value for name, value in locals().items() if name in self.size_defaults()}
        self.space = self.space_of(modules, max_active, layers)
        self.layers, self.inputs, self.width, self.outputs, self.labels = layers, inputs, width, outputs, labels
        self.imitation, self.shots, self.scores = LABELS[labels]
        self._weigh = WEIGHTS[weights]
        rng = randomness.generator("teacher", world)
        widths = [width if input_layer else inputs, *[width] * layers]
        self.fan_in = widths[:-1]
        tables: dict[str, np.ndarray] = {
            f"modules{layer}": _cut_normal(rng, self.space.modules, fan_in * width) for layer, fan_in in enumerate(self.fan_in)
        }
        tables["biases"] = rng.uniform(0, 0.5, (layers, width)) * biases
        tables["output"] = _cut_normal(rng, width, outputs) / math.sqrt(width)
        if input_layer:
            tables["input"] = _cut_normal(rng, inputs, width) / math.sqrt(inputs)
        self.has_input_layer = bool(input_layer)
        tables["probes"] = rng.uniform(-1, 1, (self.probes, inputs))
        self.tables = Tables(combinations=self.space.combinations.astype(np.int64), **TABLES, **tables)

    @property
    def input_size(self) -> int:
        return self.inputs

    @property
    def actions(self) -> int:
        return self.outputs

    @classmethod
    def space_of(cls, modules: int, max_active: int, layers: int) -> ModuleSpace:
        """What is trained or held out: a combination for each layer."""
        return ModuleSpace.subsets(modules, max_active, layers)

    def weigh(self, stream_B: Array, active_BM: Array) -> Array:
        return self._weigh(stream_B, active_BM, self.tables)

    def mixture(self, weights_TM: Array, layer: int) -> Array:
        """With which weights a generated layer sums up its matrices: those of all modules, [T, M]."""
        return weights_TM

    # Samples ----------------------------------------------------------------------------------------------------------

    def samples(self, streams_TE: Array, weights_TM: Array, groups: Sequence[int]) -> list[Samples]:
        """One input per stream, with what each task's teacher says about it; an episode is one of them."""
        xp = namespace(streams_TE)
        inputs = self.draw_inputs(streams_TE)
        labels = self.labels_of(weights_TM, inputs)
        actions, inputs, labels = xp.argmax(labels, axis=2), xp.astype(inputs, xp.float32), xp.astype(labels, xp.float32)
        number = xp.zeros_like(streams_TE) + xp.arange(streams_TE.shape[1], device=streams_TE.device)
        reward, valid = xp.zeros_like(streams_TE, dtype=xp.float32), xp.ones_like(streams_TE, dtype=xp.bool)
        return [
            Samples(*(column[:, first:last] for column in (inputs, actions, labels, reward, number - first, valid)))
            for first, last in zip(accumulate(groups, initial=0), accumulate(groups), strict=False)
        ]

    def draw_inputs(self, stream_TN: Array) -> Array:
        """One input per stream, float64 [T, N, D]: multiples of 2**-23 in [-1, 1)."""
        xp = namespace(stream_TN)
        bits = randomness.draws(xp.reshape(stream_TN, (-1,)), TASK_DRAWS, self.inputs)
        uniform = xp.astype(randomness.integers(bits, 1 << 24), xp.float64) / (1 << 23) - 1
        return xp.reshape(uniform, (*stream_TN.shape, self.inputs))

    def outputs_of(self, weights_TM: Array, inputs_TND: Array) -> Array:
        """Outputs of each task's network, [T, N, A]; inputs [N, D] are the same for all tasks."""
        xp = namespace(weights_TM)
        tables = self.tables.like(weights_TM)
        value = inputs_TND
        if self.has_input_layer:
            value = _relu(value @ tables["input"])
        for layer, fan_in in enumerate(self.fan_in):
            matrix_TZ = self.mixture(weights_TM, layer) @ tables[f"modules{layer}"]
            generated = xp.reshape(matrix_TZ, (len(matrix_TZ), fan_in, self.width))
            value = _relu(value @ generated / math.sqrt(fan_in) + tables["biases"][layer])
        return value @ tables["output"]

    def labels_of(self, weights_TM: Array, inputs_TND: Array) -> Array:
        """What each task's teacher says about the inputs: probabilities of the classes, or values, [T, N, A]."""
        xp = namespace(weights_TM)
        outputs = self.outputs_of(weights_TM, inputs_TND)
        if self.labels == "values":
            return outputs
        # Over inputs that are the same for every task, so that a task is a function of its input alone.
        probed, axes = self.outputs_of(weights_TM, self.tables.like(weights_TM)["probes"]), self.standardised_together
        mean = xp.mean(probed, axis=axes, keepdims=True)
        deviation = xp.std(probed, axis=axes, keepdims=True)
        logits = (outputs - mean) / (deviation + 1e-12) / TEMPERATURE
        exponential = xp.exp(logits - xp.max(logits, axis=2, keepdims=True))
        return exponential / xp.sum(exponential, axis=2, keepdims=True)

    def mission(self, weights_M: np.ndarray) -> str:
        layers = np.asarray(weights_M).reshape(self.layers, -1)
        return "; ".join(
            f"layer {layer}: " + ", ".join(f"module {m} x {mix[m]:.2g}" for m in np.flatnonzero(mix))
            for layer, mix in enumerate(layers)
        )


def _relu(value: Array) -> Array:
    return value * (value > 0)


def _cut_normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """N(0, 1), drawn again outside two standard deviations."""
    value = rng.standard_normal(shape)
    while (outside := np.abs(value) > 2).any():
        value[outside] = rng.standard_normal(int(outside.sum()))
    return value
