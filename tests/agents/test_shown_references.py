"""Exact references of demonstrations as learners: they act like the expert, and are scored as all others are."""

import numpy as np
import pytest
import torch

from compworld import few_shot_tasks, make_family, make_split
from compworld.agents import MetaBatch, ShownBayes, ShownTrainedBayes
from compworld.agents.shown.references import CERTAIN
from compworld.benchmarks.worlds.problems import meta_batch, problem_of
from compworld.families import Family

FAMILIES = ("goals-small", "preferences-small")


def entered(kind: type[ShownBayes], name: str, imitation: str, which: str = "held_out") -> tuple[ShownBayes, Family, MetaBatch]:
    family = make_family(name)
    split = make_split(family.space)
    reference = kind(problem_of(family, imitation))
    reference.enter(family, split)
    batch = next(few_shot_tasks(family, split, which, tasks=16, query_episodes=2))
    return reference, family, meta_batch(batch, imitation)


@pytest.mark.parametrize("name", FAMILIES)
def test_values_and_logits_are_those_of_the_expert(name: str) -> None:
    for imitation in ("action_values", "optimal_action"):
        reference, _, batch = entered(ShownBayes, name, imitation)
        adapted = reference.adapt(batch.shown_to(reference))
        outputs, asked = adapted.predict(batch.query.inputs), batch.query.weights > 0
        assert outputs.dtype == torch.float32
        assert torch.equal(outputs.argmax(-1)[asked], batch.query.actions[asked])
        assert torch.equal(adapted.act(batch.query.inputs), outputs.argmax(-1))
        if imitation == "action_values":
            torch.testing.assert_close(outputs[asked], batch.query.targets[asked], rtol=1e-4, atol=1e-4)
        else:
            torch.testing.assert_close(outputs.exp().amax(-1), torch.ones_like(outputs[..., 0]))
            assert float(reference.meta_loss(batch.shown_to(reference), batch.query).mean()) < 10 * CERTAIN


@pytest.mark.parametrize("name", FAMILIES)
def test_readings_are_the_modules_that_are_active(name: str) -> None:
    for kind in (ShownBayes, ShownTrainedBayes):
        reference, family, batch = entered(kind, name, "optimal_action", "train")
        found = reference.adapt(batch.shown_to(reference)).readings(batch.query.inputs)["posterior of modules"]
        certain = np.isclose(found.numpy(), (batch.codes != 0).numpy(), atol=1e-6)
        assert found.shape == (16, family.space.modules)
        assert certain.mean() > 0.9


@pytest.mark.parametrize("name", FAMILIES)
def test_tasks_are_known_one_by_one(name: str) -> None:
    reference, _, batch = entered(ShownBayes, name, "action_values")
    adapted, asked = reference.adapt(batch.shown_to(reference)), batch.query.inputs
    together = adapted.predict(asked)
    for task in range(4):
        one = batch.shown_to(reference)[torch.tensor([task])]
        for alone in (adapted[task : task + 1], reference.adapt(one)):
            torch.testing.assert_close(alone.predict(asked[task : task + 1])[0], together[task])


def test_references_cover_the_families_that_have_an_exact_agent() -> None:
    covered = {name: ShownBayes.covers(make_family(name)) for name in (*FAMILIES, "goals", "preferences", "teacher-small")}
    assert covered == {
        "goals-small": True,
        "preferences-small": True,
        "goals": True,
        "preferences": True,
        "teacher-small": False,
    }
    teacher = make_family("teacher-small")
    reference = ShownBayes(problem_of(teacher, teacher.imitation))
    with pytest.raises(ValueError, match="unknown family 'teacher'; allowed: 'goals', 'preferences'"):
        reference.enter(teacher, make_split(teacher.space))
