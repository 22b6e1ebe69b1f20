"""The one door to compiled code: which learner has a kernel, and whether it applies.

Everything else runs the plain definition.
"""

from dataclasses import dataclass
from typing import Any

import numba
import torch
from torch import Tensor

from compworld.agents.compiled.bridges import anil, hypernetworks, maml
from compworld.agents.evidence import Evidence
from compworld.agents.examples import Examples
from compworld.agents.gradient.anil import ANIL
from compworld.agents.gradient.deep_hypernetwork import DeepHypernetwork
from compworld.agents.gradient.learner import AdaptedNetwork, GradientLearner
from compworld.agents.gradient.linear_hypernetwork import LinearHypernetwork
from compworld.agents.gradient.maml import MAML
from compworld.agents.learner import Adapted, Learner

KERNELS: dict[type[Learner], Any] = {
    LinearHypernetwork: hypernetworks,
    DeepHypernetwork: hypernetworks,
    ANIL: anil,
    MAML: maml,
}
"""The bridge (see :mod:`compworld.agents.compiled.bridges`) of each learner that has one."""


@dataclass(frozen=True)
class _Accelerated:
    bridge: Any
    learner: GradientLearner


@torch.no_grad()
def adapt(learner: Learner, evidence: Evidence, generator: torch.Generator | None = None) -> Adapted:
    """``learner.adapt(evidence, generator)`` without gradients, by compiled code where some applies."""
    drawn = learner.draw(evidence, generator)
    found = _accelerated(learner, drawn)
    if found is None:
        return learner.adapt(drawn)
    return AdaptedNetwork(found.learner, found.bridge.adapt(found.learner, drawn.examples))


def query_loss(learner: Learner, evidence: Evidence, query: Examples) -> Tensor | None:
    """Sum of ``learner.meta_loss(evidence, query)`` by compiled code, differentiable once; None where none applies."""
    found = _accelerated(learner, evidence)
    if found is None or not found.learner.inner.second_order:
        return None
    return found.bridge.query_loss(found.learner, evidence.examples, query)  # type: ignore[attr-defined]


def _accelerated(learner: Learner, evidence: Evidence) -> _Accelerated | None:
    """The learner with its bridge, if compiled code does what its definition says."""
    # A subclass may define anything anew.
    bridge = KERNELS.get(type(learner))
    if bridge is None or numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        return None
    assert isinstance(learner, GradientLearner)
    inner, tensors = learner.inner, evidence.examples.targets  # type: ignore[attr-defined]
    applies = inner.optimizer == "adamw" and inner.steps > 0 and tensors.device.type == "cpu"
    parameter = next(learner.parameters())
    return _Accelerated(bridge, learner) if applies and parameter.dtype == tensors.dtype else None
