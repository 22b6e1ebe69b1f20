"""One AdamW step of a task and its adjoint, each in one pass over the parameters.

Formulas: :mod:`compworld.agents.gradient.adamw`.

Axes of array names: K inner steps, P fast parameters.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from compworld.agents.compiled.compiler import compiled
from compworld.agents.gradient.adamw import BETA_1, BETA_2, EPSILON, EPSILON_IN_ROOT

if TYPE_CHECKING:
    from compworld.agents.gradient.loop import InnerLoop


class Rates(NamedTuple):
    """Constants of the steps, in the parameters' type: plain Python numbers would turn single into double precision."""

    squares: np.ndarray
    """[K]; weight of a squared gradient in the second moment, which is stored over ``BETA_2 ** step``."""
    unbias: np.ndarray
    """[K]; from the stored to the bias-corrected second moment."""
    moves: np.ndarray
    """[K]; learning rate over the first moment's bias correction."""
    constants: tuple[np.floating, ...]
    """Shrinkage by weight decay, beta 1, 1 - beta 1, epsilon in the root, epsilon, one half, one."""


class History(NamedTuple):
    """What the steps of a task leave for their adjoints; each [K, P]."""

    gradients: np.ndarray
    updates: np.ndarray
    """The uncorrected first moment over the denominator, which is the bias-corrected root plus epsilon."""
    inverses: np.ndarray
    """1 over that denominator: what divides is slow, and this is the only division of a step and its adjoint."""


def rates(inner: "InnerLoop", dtype: np.dtype) -> Rates:
    """The constants of an inner loop."""
    number = np.arange(1, inner.steps + 1, dtype=np.float64)
    constants = [1 - inner.learning_rate * inner.weight_decay, BETA_1, 1 - BETA_1, EPSILON_IN_ROOT, EPSILON, 0.5, 1.0]
    return Rates(
        ((1 - BETA_2) / BETA_2**number).astype(dtype),
        (BETA_2**number / (1 - BETA_2**number)).astype(dtype),
        (inner.learning_rate / (1 - BETA_1**number)).astype(dtype),
        tuple(dtype.type(constant) for constant in constants),
    )


@compiled
def history(steps, like_P):
    """Room for the steps of a task."""
    shape, dtype = (steps, len(like_P)), like_P.dtype
    return History(np.empty(shape, dtype), np.empty(shape, dtype), np.empty(shape, dtype))


@compiled
def step(rates, number, before_P, after_P, first_P, second_P, history):
    """Step ``number``, counted from 0, by the gradient in ``history``; the moments change in place."""
    shrink, beta, of_new, in_root, epsilon, _, one = rates.constants
    squares, unbias, move = rates.squares[number], rates.unbias[number], rates.moves[number]
    gradients, updates, inverses = history.gradients[number], history.updates[number], history.inverses[number]
    for i in range(len(before_P)):
        gradient = gradients[i]
        first = beta * first_P[i] + of_new * gradient
        second = second_P[i] + squares * gradient * gradient
        inverse = one / (np.sqrt(in_root + unbias * second) + epsilon)
        update = first * inverse
        first_P[i], second_P[i] = first, second
        updates[i], inverses[i] = update, inverse
        after_P[i] = shrink * before_P[i] - move * update


@compiled
def step_back(rates, number, adjoint_P, of_first_P, of_second_P, history, of_gradient_P):
    """Adjoint of the gradient of step ``number``; ``adjoint_P`` becomes that of the parameters before the step.

    What the gradient itself depends on is left to the caller, who adds its share to ``adjoint_P``.
    """
    shrink, beta, of_new, _, epsilon, half, one = rates.constants
    squares, unbias, move = rates.squares[number], rates.unbias[number], rates.moves[number]
    gradients, updates, inverses = history.gradients[number], history.updates[number], history.inverses[number]
    of_root, twice = half * move * unbias, squares + squares
    for i in range(len(adjoint_P)):
        inverse = inverses[i]
        of_numerator = adjoint_P[i] * inverse
        of_first = of_first_P[i] - move * of_numerator
        # 1 / root is inverse / (1 - share) with share = epsilon / (root + epsilon). The epsilon in the root keeps that below
        # 3e-5, so that four terms of the geometric series are exact to double precision.
        share = epsilon * inverse
        inverse_root = inverse * (one + share * (one + share * (one + share)))
        of_second = of_second_P[i] + of_root * of_numerator * updates[i] * inverse_root
        of_gradient_P[i] = twice * of_second * gradients[i] + of_new * of_first
        of_first_P[i], of_second_P[i] = beta * of_first, of_second
        adjoint_P[i] *= shrink


@compiled
def decay(rates):
    """What all steps leave of a parameter that never has a gradient."""
    left = rates.constants[-1]
    for _ in range(len(rates.moves)):
        left *= rates.constants[0]
    return left
