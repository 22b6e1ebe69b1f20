"""Every experiment of the theory by name."""

from collections.abc import Callable, Sequence
from typing import Any

from compworld.benchmarks.theory.adaptation import Adaptation
from compworld.benchmarks.theory.conditions import Compositionality, Connectivity
from compworld.benchmarks.theory.coverage import Coverage
from compworld.benchmarks.theory.identification import Identification
from compworld.benchmarks.theory.overparameterisation import Overparameterisation
from compworld.benchmarks.theory.reach import Reach
from compworld.benchmarks.theory.study import Study
from compworld.benchmarks.theory.tasks import Tasks

STUDIES: dict[str, Callable[..., Study[Any, Any]]] = {
    study.name: study
    for study in (Identification, Connectivity, Compositionality, Overparameterisation, Tasks, Reach, Adaptation, Coverage)
}

TAKES = {"support": ("identification",), "family": ("connectivity", "compositionality")}
"""Which experiments a choice is for."""


def study_of(name: str, supports: Sequence[str] = (), families: Sequence[str] = ()) -> Study[Any, Any]:
    """An experiment, of chosen supports or families where it takes them.

    Raises:
        ValueError: unknown experiment, or it does not take these.
    """
    if name not in STUDIES:
        raise ValueError(f"unknown experiment {name!r}; allowed: {', '.join(map(repr, STUDIES))}")
    for choice, given in (("support", supports), ("family", families)):
        if given and name not in TAKES[choice]:
            raise ValueError(f"experiment {name!r} takes no {choice}; allowed for {' and '.join(map(repr, TAKES[choice]))}")
    chosen = supports or families
    return STUDIES[name](chosen) if chosen else STUDIES[name]()
