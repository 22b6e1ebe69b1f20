"""Ray on two nodes, one of which dies in mid-run, and submitit's local executor: the same results as by hand."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from compworld.benchmarks.runs.executors import Outcome, run_all
from compworld.benchmarks.runs.on_ray import ray_tasks
from compworld.benchmarks.runs.on_slurm import slurm_array
from compworld.benchmarks.runs.workers import Event
from tests.benchmarks.conftest import left_by, tiny

pytestmark = [pytest.mark.extras, pytest.mark.filterwarnings("default")]

OWN: dict[str, Any] = {"options": {}, "outer": tiny().outer}
CONFIGS = [
    *(tiny("tests.benchmarks.broken_methods:Constant", **OWN, seed=seed) for seed in range(4)),
    tiny("anil"),
    tiny("gru", "preferences-small"),
    tiny("random", "teacher-small"),
]
RAISES = tiny("tests.benchmarks.broken_methods:Raises", **OWN)


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same runs by one worker."""
    root = tmp_path_factory.mktemp("one_by_one")
    run_all(CONFIGS, root, 1)
    return root


def assert_equal(outcomes: list[Outcome], root: Path, expected: Path) -> None:
    """Every file of every run is the same, but for times."""
    assert [outcome.problem for outcome in outcomes] == [""] * len(CONFIGS)
    for config in CONFIGS:
        assert left_by(root, config) == left_by(expected, config), config.run_id


def test_four_workers(tmp_path: Path, one_by_one: Path) -> None:
    assert_equal(run_all(CONFIGS, tmp_path, 4), tmp_path, one_by_one)


def test_submitit(tmp_path: Path, one_by_one: Path) -> None:
    engine = partial(slurm_array, logs=tmp_path / "logs", cluster="local", parameters={"timeout_min": 5})
    *outcomes, failed = run_all([*CONFIGS, RAISES], tmp_path / "runs", 2, engine=engine)
    assert_equal(outcomes, tmp_path / "runs", one_by_one)
    assert failed.problem == "RuntimeError: out of luck"


def test_slurm_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="executor 'slurm': "):
        run_all(CONFIGS, tmp_path / "runs", engine=partial(slurm_array, logs=tmp_path / "logs"))


def test_ray_on_two_nodes_of_which_one_dies(tmp_path: Path, one_by_one: Path) -> None:
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    second = cluster.add_node(num_cpus=1)
    ray.init(cluster.address, log_to_driver=False)

    def watch(event: Event) -> None:
        nonlocal second
        if second is not None:
            cluster.remove_node(second, allow_graceful=False)
            second = None

    try:
        *outcomes, failed = run_all([*CONFIGS, RAISES], tmp_path, watch=watch, engine=ray_tasks)
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert second is None
    assert_equal(outcomes, tmp_path, one_by_one)
    assert failed.problem == "RuntimeError: out of luck"
