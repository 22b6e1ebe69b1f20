"""The small Teacher. How the settings were found: docs/decisions/0006-small-teacher.md."""

from compworld.agents import ANIL, MAML, DeepHypernetwork, InnerLoop, LinearHypernetwork
from compworld.agents.training import OuterLoop
from compworld.benchmarks.recipes.config import Evaluation
from compworld.benchmarks.recipes.methods import options_of
from compworld.benchmarks.recipes.preset import Preset, Protocol, Recipe, recipes_of

FAMILY = "teacher-small"
STEPS = 3000
PROTOCOL = Protocol(
    FAMILY,
    "action_values",
    Evaluation(validate_every=100, query_episodes=64),
    meta_batch=32,
    support_episodes=16,
    query_episodes=16,
)


def linear_hypernetwork(steps: int) -> Recipe:
    options = options_of(
        LinearHypernetwork,
        inner=InnerLoop(10, 0.03),
        width=32,
        hidden_layers=1,
        templates=8,
        normalised_start=True,
        hidden_biases=False,
    )
    return Recipe(options, _outer(steps, 3e-2))


def deep_hypernetwork(steps: int) -> Recipe:
    rate = 0.3 if steps >= STEPS else 0.1
    options = options_of(DeepHypernetwork, inner=InnerLoop(10, rate), width=32, hidden_layers=1, templates=8)
    return Recipe(options, _outer(steps, 1e-2))


def anil(steps: int) -> Recipe:
    return Recipe(options_of(ANIL, inner=InnerLoop(10, 0.01), width=128, hidden_layers=2), _outer(steps, 1e-2))


def maml(steps: int) -> Recipe:
    return Recipe(options_of(MAML, inner=InnerLoop(10, 0.003), width=64, hidden_layers=2), _outer(steps, 1e-2))


def _outer(steps: int, learning_rate: float) -> OuterLoop:
    return OuterLoop(steps, learning_rate, clip=1.0, schedule="cosine", warmup=steps // 10)


def preset() -> Preset:
    """With more steps and seeds than in the quick preset."""
    recipes = recipes_of(
        lambda family: linear_hypernetwork(STEPS),
        lambda family: deep_hypernetwork(STEPS),
        lambda family: anil(STEPS),
        lambda family: maml(STEPS),
    )
    return Preset("the small Teacher, a quarter of an hour on two cores", 5, (PROTOCOL,), recipes)
