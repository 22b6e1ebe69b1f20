"""A learner is handed the evidence that it declares, and nothing else: who peeks fails."""

from typing import Any, ClassVar

import pytest
import torch

from compworld.agents import LEARNERS, Code, Demonstrations, Evidence, Experience, Learner, Nothing
from compworld.agents.floors import SameForAll
from compworld.agents.training import MetaTrainer, OuterLoop
from tests.agents.conftest import IN_CONTEXT, METHODS, Case, small

KINDS: list[type[Evidence]] = [Nothing, Demonstrations, Experience, Code]


class Curious(Learner):
    """Notes what it is handed, and reads an attribute of it."""

    def __init__(self, problem: Any, wanted: str) -> None:
        super().__init__(problem)
        self.wanted = wanted
        self.weight = torch.nn.Parameter(torch.zeros(problem.outputs, dtype=torch.float64))
        self.seen: list[Any] = []

    def adapt(self, evidence: Any, generator: torch.Generator | None = None) -> SameForAll:
        self.seen.append(evidence)
        getattr(evidence, self.wanted)
        return SameForAll(self)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.weight.expand(*inputs.shape[:2], -1)


def curious(kind: type[Evidence], case: Case, wanted: str) -> Curious:
    class OfKind(Curious):
        evidence: ClassVar[type[Evidence]] = kind

    return OfKind(case.problem, wanted)


HOLDS = {
    Nothing: {"tasks"},
    Demonstrations: {"examples"},
    Experience: {"inputs", "actions", "rewards", "episodes", "weights"},
    Code: {"weights_TM"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_learner_receives_what_it_declares(kind: type[Evidence], case: Case) -> None:
    for wanted in HOLDS[kind]:
        learner = curious(kind, case, wanted)
        MetaTrainer(learner, OuterLoop(1, 0.1)).step(case.batch)
        assert type(learner.seen[0]) is kind
        assert len(learner.seen[0]) == len(case.batch)
        assert set(vars(learner.seen[0])) == HOLDS[kind]


@pytest.mark.parametrize("wanted", ["weights_TM", "codes", "code"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not Code])
def test_reading_the_tasks_code_without_declaring_it_fails(kind: type[Evidence], wanted: str, case: Case) -> None:
    with pytest.raises(AttributeError, match=wanted):
        MetaTrainer(curious(kind, case, wanted), OuterLoop(1, 0.1)).step(case.batch)


@pytest.mark.parametrize("kind", [Nothing, Experience, Code])
def test_labels_are_for_demonstrations_only(kind: type[Evidence], case: Case) -> None:
    for wanted in ("examples", "targets"):
        with pytest.raises(AttributeError, match=wanted):
            MetaTrainer(curious(kind, case, wanted), OuterLoop(1, 0.1)).step(case.batch)


def test_no_tensor_that_a_learner_is_handed_is_the_code(case: Case) -> None:
    """Neither in its evidence nor in the query set."""
    codes = case.batch.codes
    for kind in (Nothing, Demonstrations, Experience):
        handed = [kind.of(case.batch), case.batch.query]
        while handed:
            item = handed.pop()
            if isinstance(item, torch.Tensor):
                assert item.shape != codes.shape or not torch.equal(item.to(codes.dtype), codes)
            elif hasattr(item, "__dict__"):
                handed += vars(item).values()


def test_experience_is_what_was_done_and_what_it_gave(case: Case) -> None:
    experience, support = Experience.of(case.batch), case.batch.support
    assert torch.equal(experience.rewards, support.rewards)
    part = experience[torch.tensor([2, 0])]
    assert len(part) == 2
    assert part.weights.shape[1] == int(support.lengths[[2, 0]].max())
    assert torch.equal(part.actions[1], support.actions[0, : part.actions.shape[1]])
    if case.family.env_id is not None:
        assert float((experience.rewards != 0).sum()) > 0


@pytest.mark.parametrize("method", METHODS)
def test_policies_of_single_tasks_are_those_of_all(method: str, case: Case) -> None:
    learner = small(method, case.problem)
    adapted, asked = learner.adapt(case.batch.shown_to(learner)), case.batch.query.inputs
    together = adapted.act(asked)
    assert together.dtype == torch.int64
    for task in range(len(case.batch)):
        assert torch.equal(adapted[task : task + 1].act(asked[task : task + 1])[0], together[task])


def test_every_method_declares_its_evidence() -> None:
    declared = {name: learner.evidence for name, learner in LEARNERS.items()}
    assert {declared[name] for name in ("linear_hypernetwork", "deep_hypernetwork", "anil", "maml")} == {Demonstrations}
    assert {declared[name] for name in IN_CONTEXT} == {Demonstrations}
    assert {kind for name, kind in declared.items() if name.startswith("told_")} == {Code}
    assert declared["no_adaptation"] is declared["random"] is Nothing
